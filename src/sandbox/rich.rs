//! Rich messages (Bot API 10.1): from their HTML to blocks, and from blocks to the page's HTML.
//!
//! Headings, paragraphs, tables, details, lists, quotations, preformatted text, footers and dividers; of the styles those
//! that plain messages have, too. What else there is (media, maps, formulas, Markdown) is refused in words.

mod draw;

use std::fmt::Write;

use serde_json::{Value, json};

pub(super) use self::draw::html;
use super::{
    errors::{ApiError, bad_request},
    html::decode_references,
};

/// Characters of a rich message, its blocks, columns of a table (Bot features, Rich messages).
const MAX_CHARS: usize = 32_768;
const MAX_BLOCKS: usize = 500;
const MAX_COLUMNS: usize = 20;
/// Elements inside elements.
const MAX_DEPTH: usize = 16;

const STYLES: [(&str, &str); 10] = [
    ("b", "bold"),
    ("strong", "bold"),
    ("i", "italic"),
    ("em", "italic"),
    ("u", "underline"),
    ("ins", "underline"),
    ("s", "strikethrough"),
    ("del", "strikethrough"),
    ("tg-spoiler", "spoiler"),
    ("code", "code"),
];
const BLOCKS: [&str; 16] = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "footer",
    "hr",
    "table",
    "details",
    "blockquote",
    "ul",
    "ol",
    "div",
];

/// The blocks of an `InputRichMessage`.
pub(super) fn blocks(message: &Value) -> Result<Value, ApiError> {
    if message["markdown"].is_string() {
        return Err(bad_request("the sandbox does not implement Markdown"));
    }
    let Some(html) = message["html"].as_str() else { return Err(bad_request("rich message is empty")) };
    let wrong = |what: String| bad_request(format_args!("can't parse rich message: {what}"));
    let mut parser = Parser { rest: html, depth: 0 };
    let nodes = parser.nodes("").map_err(wrong)?;
    let blocks = Value::Array(to_blocks(&nodes).map_err(wrong)?);
    let text = text(&blocks);
    if text.trim().is_empty() {
        return Err(bad_request("rich message is empty"));
    }
    if text.chars().count() > MAX_CHARS || count(&blocks) > MAX_BLOCKS {
        return Err(bad_request("RICH_MESSAGE_TOO_LONG"));
    }
    Ok(blocks)
}

#[derive(Debug)]
enum Node {
    Text(String),
    Element { tag: String, attributes: Vec<(String, String)>, children: Vec<Node> },
}

impl Node {
    fn tag(&self) -> &str {
        match self {
            Self::Text(_) => "",
            Self::Element { tag, .. } => tag,
        }
    }

    fn children(&self) -> &[Self] {
        match self {
            Self::Text(_) => &[],
            Self::Element { children, .. } => children,
        }
    }

    fn attribute(&self, wanted: &str) -> Option<&str> {
        let Self::Element { attributes, .. } = self else { return None };
        attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// What is inside the element `parent`, its end tag included.
    fn nodes(&mut self, parent: &str) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            let at = self.rest.find('<').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(at);
            if !text.is_empty() {
                nodes.push(Node::Text(decode_references(text)));
            }
            self.rest = rest;
            if rest.is_empty() {
                return if parent.is_empty() { Ok(nodes) } else { Err(format!("<{parent}> has no end tag")) };
            }
            let end = rest.find('>').ok_or("unclosed tag")?;
            let tag = &rest[1..end];
            self.rest = &rest[end + 1..];
            if let Some(closed) = tag.strip_prefix('/') {
                let fits = closed.trim().eq_ignore_ascii_case(parent) && !parent.is_empty();
                return if fits { Ok(nodes) } else { Err(format!("unexpected end tag </{closed}>")) };
            }
            nodes.push(self.element(tag)?);
        }
    }

    fn element(&mut self, inside: &'a str) -> Result<Node, String> {
        let inside = inside.trim().trim_end_matches('/');
        let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let tag = name.to_ascii_lowercase();
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix('=') {
                None => ("", after),
                Some(after) => match after.strip_prefix('"') {
                    Some(quoted) => quoted.split_once('"').ok_or("unclosed attribute")?,
                    None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
                },
            };
            attributes.push((name.to_ascii_lowercase(), decode_references(value)));
            rest = after;
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many nested tags".to_owned());
        }
        let is_void = matches!(tag.as_str(), "br" | "hr");
        let children = if is_void { Vec::new() } else { self.nodes(&tag)? };
        self.depth -= 1;
        Ok(Node::Element { tag, attributes, children })
    }
}

fn to_blocks(nodes: &[Node]) -> Result<Vec<Value>, String> {
    let mut blocks = Vec::new();
    let mut loose: Vec<&Node> = Vec::new();
    for node in nodes {
        if !BLOCKS.contains(&node.tag()) {
            loose.push(node);
            continue;
        }
        add_paragraph(&mut blocks, &std::mem::take(&mut loose))?;
        match node.tag() {
            "div" => blocks.extend(to_blocks(node.children())?),
            _ => blocks.push(to_block(node)?),
        }
    }
    add_paragraph(&mut blocks, &loose)?;
    Ok(blocks)
}

fn add_paragraph(blocks: &mut Vec<Value>, nodes: &[&Node]) -> Result<(), String> {
    let text = rich_text(nodes.iter().copied(), false)?;
    if !plain(&text).trim().is_empty() {
        blocks.push(json!({"type": "paragraph", "text": text}));
    }
    Ok(())
}

fn to_block(node: &Node) -> Result<Value, String> {
    let inner = || rich_text(node.children().iter(), false);
    Ok(match node.tag() {
        "p" => json!({"type": "paragraph", "text": inner()?}),
        "footer" => json!({"type": "footer", "text": inner()?}),
        "hr" => json!({"type": "divider"}),
        "pre" => json!({"type": "pre", "text": rich_text(node.children().iter(), true)?}),
        "blockquote" => json!({"type": "blockquote", "blocks": to_blocks(node.children())?}),
        "table" => table(node)?,
        "details" => details(node)?,
        tag @ ("ul" | "ol") => list(node, tag == "ol")?,
        tag => {
            let size = tag.strip_prefix('h').and_then(|size| size.parse::<i64>().ok()).unwrap_or(1);
            json!({"type": "heading", "text": inner()?, "size": size})
        }
    })
}

fn details(node: &Node) -> Result<Value, String> {
    let summary = node.children().iter().find(|child| child.tag() == "summary");
    let summary = summary.ok_or("<details> without <summary>")?;
    let rest = node.children().iter().filter(|child| child.tag() != "summary");
    let mut blocks = Vec::new();
    for child in rest {
        blocks.extend(to_blocks(std::slice::from_ref(child))?);
    }
    let mut block = json!({
        "type": "details", "summary": rich_text(summary.children().iter(), false)?, "blocks": blocks,
    });
    if node.attribute("open").is_some() {
        block["is_open"] = Value::Bool(true);
    }
    Ok(block)
}

fn list(node: &Node, is_ordered: bool) -> Result<Value, String> {
    let items = node.children().iter().filter(|child| child.tag() == "li").enumerate();
    let items: Result<Vec<Value>, String> = items
        .map(|(at, item)| {
            let label = if is_ordered { format!("{}.", at + 1) } else { "•".to_owned() };
            Ok(json!({"label": label, "blocks": to_blocks(item.children())?}))
        })
        .collect();
    Ok(json!({"type": "list", "items": items?}))
}

fn table(node: &Node) -> Result<Value, String> {
    let mut rows = Vec::new();
    let mut caption = None;
    for child in node.children() {
        match child.tag() {
            "tr" => rows.push(row(child)?),
            "thead" | "tbody" => {
                for inner in child.children().iter().filter(|inner| inner.tag() == "tr") {
                    rows.push(row(inner)?);
                }
            }
            "caption" => caption = Some(rich_text(child.children().iter(), false)?),
            "" if plain_of(child).trim().is_empty() => {}
            tag => return Err(format!("<{tag}> in a <table>")),
        }
    }
    let mut block = json!({"type": "table", "cells": rows});
    for (attribute, field) in [("bordered", "is_bordered"), ("striped", "is_striped")] {
        if node.attribute(attribute).is_some() {
            block[field] = Value::Bool(true);
        }
    }
    if let Some(caption) = caption {
        block["caption"] = caption;
    }
    Ok(block)
}

fn row(node: &Node) -> Result<Value, String> {
    let mut cells = Vec::new();
    for cell in node.children() {
        let is_header = match cell.tag() {
            "th" => true,
            "td" => false,
            "" if plain_of(cell).trim().is_empty() => continue,
            tag => return Err(format!("<{tag}> in a <tr>")),
        };
        let mut value = json!({
            "text": rich_text(cell.children().iter(), false)?,
            "align": cell.attribute("align").unwrap_or("left"),
            "valign": cell.attribute("valign").unwrap_or("top"),
        });
        if is_header {
            value["is_header"] = Value::Bool(true);
        }
        for span in ["colspan", "rowspan"] {
            if let Some(number) = cell.attribute(span).and_then(|span| span.parse::<i64>().ok()) {
                value[span] = Value::from(number);
            }
        }
        cells.push(value);
    }
    if cells.len() > MAX_COLUMNS { Err("too many columns".to_owned()) } else { Ok(Value::Array(cells)) }
}

/// A `RichText`; blanks are one blank each, unless they are kept.
fn rich_text<'a>(nodes: impl Iterator<Item = &'a Node>, keep_blanks: bool) -> Result<Value, String> {
    let mut parts = Vec::new();
    for node in nodes {
        let inner = || rich_text(node.children().iter(), keep_blanks);
        parts.push(match node {
            Node::Text(text) if keep_blanks => Value::from(text.as_str()),
            Node::Text(text) => Value::from(one_blank_each(text)),
            Node::Element { tag, .. } => match tag.as_str() {
                "br" => Value::from("\n"),
                "a" => json!({"type": "url", "text": inner()?, "url": node.attribute("href").unwrap_or("")}),
                tag => match STYLES.iter().find(|(name, _)| *name == tag) {
                    Some((_, kind)) => json!({"type": kind, "text": inner()?}),
                    None => return Err(format!("unsupported tag <{tag}>")),
                },
            },
        });
    }
    Ok(match parts.len() {
        0 => Value::from(""),
        1 => parts.swap_remove(0),
        _ => Value::Array(parts),
    })
}

fn one_blank_each(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if !c.is_ascii_whitespace() => out.push(c),
            _ if out.ends_with(' ') => {}
            _ => out.push(' '),
        }
    }
    out
}

fn plain_of(node: &Node) -> String {
    match node {
        Node::Text(text) => text.clone(),
        Node::Element { children, .. } => children.iter().map(plain_of).collect(),
    }
}

/// A `RichText` without its styles.
fn plain(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(plain).collect(),
        Value::Object(object) => object.get("text").map(plain).unwrap_or_default(),
        _ => String::new(),
    }
}

fn count(blocks: &Value) -> usize {
    let inner = |block: &Value| 1 + count(&block["blocks"]);
    blocks.as_array().into_iter().flatten().map(inner).sum()
}

/// All that can be read in the blocks: a line each, cells with blanks between them.
pub(super) fn text(blocks: &Value) -> String {
    let mut out = String::new();
    for block in blocks.as_array().into_iter().flatten() {
        for field in ["summary", "caption", "text"] {
            if let Some(part) = block.get(field) {
                let _ = writeln!(out, "{}", plain(part));
            }
        }
        for row in block["cells"].as_array().into_iter().flatten().filter_map(Value::as_array) {
            let cells: Vec<String> = row.iter().map(|cell| plain(&cell["text"])).collect();
            let _ = writeln!(out, "{}", cells.join(" "));
        }
        out.push_str(&text(&block["blocks"]));
        for item in block["items"].as_array().into_iter().flatten() {
            let _ = write!(out, "{} {}", item["label"].as_str().unwrap_or_default(), text(&item["blocks"]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(html: &str) -> Result<Value, String> {
        blocks(&json!({"html": html})).map_err(|error| error.description.into_owned())
    }

    #[test]
    fn html_becomes_blocks_and_safe_html_again() {
        let found = parsed(
            "<h3>Board</h3> Some <b>bold &amp; <i>both</i></b>\n<table bordered><tr><th align=\"right\">id</th></tr>\
             <tr><td>&lt;1&gt;</td></tr></table><details open><summary>More</summary><pre>a\n b</pre></details>",
        );
        let found = found.unwrap();
        assert_eq!(
            found,
            json!([
                {"type": "heading", "text": "Board", "size": 3},
                {"type": "paragraph", "text":
                    [" Some ", {"type": "bold", "text": ["bold & ", {"type": "italic", "text": "both"}]}, " "]},
                {"type": "table", "is_bordered": true, "cells": [
                    [{"text": "id", "align": "right", "valign": "top", "is_header": true}],
                    [{"text": "<1>", "align": "left", "valign": "top"}],
                ]},
                {"type": "details", "summary": "More", "is_open": true, "blocks": [{"type": "pre", "text": "a\n b"}]},
            ])
        );
        let shown = html(&found);
        assert!(shown.contains("<td class=\"left\">&lt;1&gt;</td>"), "{shown}");
        assert!(shown.contains("<details open><summary>More</summary><pre>a\n b</pre></details>"), "{shown}");
        assert!(text(&found).contains("Board\n Some bold & both"), "{}", text(&found));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (html, what) in [
            ("", "rich message is empty"),
            ("<p> </p>", "rich message is empty"),
            ("<p>x", "<p> has no end tag"),
            ("x</p>", "unexpected end tag"),
            ("<script>x</script>", "unsupported tag <script>"),
            ("<details>x</details>", "without <summary>"),
            ("<table><p>x</p></table>", "<p> in a <table>"),
        ] {
            let refused = parsed(html).unwrap_err();
            assert!(refused.contains(what), "{html}: {refused}");
        }
        assert_eq!(parsed(&"x".repeat(MAX_CHARS + 1)).unwrap_err(), "Bad Request: RICH_MESSAGE_TOO_LONG");
    }
}
