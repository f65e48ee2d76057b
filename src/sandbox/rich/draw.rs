//! Rich messages on the page.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::STYLES;

/// The blocks as safe HTML.
pub(in crate::sandbox) fn html(blocks: &Value) -> String {
    let mut out = String::new();
    for block in blocks.as_array().into_iter().flatten() {
        block_html(&mut out, block);
    }
    out
}

fn block_html(out: &mut String, block: &Value) {
    let text = inline_html(&block["text"]);
    let _ = match block["type"].as_str().unwrap_or_default() {
        "heading" => {
            let size = block["size"].as_i64().unwrap_or(1).clamp(1, 6);
            write!(out, "<h{size}>{text}</h{size}>")
        }
        "pre" => write!(out, "<pre>{text}</pre>"),
        "footer" => write!(out, "<footer>{text}</footer>"),
        "divider" => write!(out, "<hr>"),
        "blockquote" => write!(out, "<blockquote>{}</blockquote>", html(&block["blocks"])),
        "details" => {
            let open = if block["is_open"] == true { " open" } else { "" };
            let summary = inline_html(&block["summary"]);
            write!(out, "<details{open}><summary>{summary}</summary>{}</details>", html(&block["blocks"]))
        }
        "list" => {
            let items = block["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let item = |item: &Value| {
                let label = inline_html(&item["label"]);
                format!("<li><span>{label}</span><div>{}</div></li>", html(&item["blocks"]))
            };
            write!(out, "<ul>{}</ul>", items.iter().map(item).collect::<String>())
        }
        "table" => {
            table_html(out, block);
            Ok(())
        }
        _ => write!(out, "<p>{text}</p>"),
    };
}

fn table_html(out: &mut String, block: &Value) {
    let flag = |field: &str, class: &'static str| if block[field] == true { class } else { "" };
    let classes = [flag("is_bordered", "bordered"), flag("is_striped", "striped")].join(" ");
    let _ = write!(out, "<div class=\"wide\"><table class=\"{classes}\">");
    if let Some(caption) = block.get("caption") {
        let _ = write!(out, "<caption>{}</caption>", inline_html(caption));
    }
    for row in block["cells"].as_array().into_iter().flatten().filter_map(Value::as_array) {
        out.push_str("<tr>");
        for cell in row {
            let tag = if cell["is_header"] == true { "th" } else { "td" };
            let align = match cell["align"].as_str() {
                Some("right") => "right",
                Some("center") => "center",
                _ => "left",
            };
            let span = |name: &str| {
                cell[name].as_i64().map(|number| format!(" {name}=\"{number}\"")).unwrap_or_default()
            };
            let (columns, rows, text) = (span("colspan"), span("rowspan"), inline_html(&cell["text"]));
            let _ = write!(out, "<{tag} class=\"{align}\"{columns}{rows}>{text}</{tag}>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
}

fn inline_html(text: &Value) -> String {
    match text {
        Value::String(text) => escape(text),
        Value::Array(parts) => parts.iter().map(inline_html).collect(),
        Value::Object(object) => styled_html(object),
        _ => String::new(),
    }
}

fn styled_html(object: &Map<String, Value>) -> String {
    let inner = object.get("text").map(inline_html).unwrap_or_default();
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    let url = object.get("url").and_then(Value::as_str).unwrap_or_default();
    match STYLES.iter().find(|(_, style)| *style == kind) {
        Some((_, "spoiler")) => format!("<span class=\"spoiler\">{inner}</span>"),
        Some((tag, _)) => format!("<{tag}>{inner}</{tag}>"),
        None if url.starts_with("http://") || url.starts_with("https://") => {
            format!("<a href=\"{}\">{inner}</a>", escape(url))
        }
        None => inner,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
