//! From entities back to HTML, for the page and for tests.

use super::text::{ByteOffsets, Entity, Text};

/// Safe HTML of a text: everything escaped, entities as `b`, `i`, `u`, `s`, `code`, `pre`, `a`, `blockquote` and `span.spoiler`.
pub(super) fn html(text: &Text) -> String {
    let mut html = String::with_capacity(text.text.len() + 16);
    if text.entities.is_empty() {
        escape_into(&mut html, &text.text);
        return html;
    }
    let bytes = ByteOffsets::new(&text.text);
    let mut cuts: Vec<usize> =
        text.entities.iter().flat_map(|entity| [entity.offset, entity.end()]).collect();
    cuts.push(text.len());
    cuts.sort_unstable();
    cuts.dedup();
    let mut open: Vec<&Entity> = Vec::new();
    let mut next = text.entities.iter().peekable();
    let mut written = 0;
    for cut in cuts {
        escape_into(&mut html, &text.text[bytes.at(written)..bytes.at(cut)]);
        written = cut;
        // Entities that cross each other are closed and opened again, so that tags nest.
        let keep = open.iter().position(|entity| entity.end() <= cut).unwrap_or(open.len());
        let reopened = open.split_off(keep);
        reopened.iter().rev().for_each(|entity| html.push_str(&tags(entity).1));
        for entity in reopened.into_iter().filter(|entity| entity.end() > cut) {
            html.push_str(&tags(entity).0);
            open.push(entity);
        }
        while let Some(entity) = next.next_if(|entity| entity.offset <= cut) {
            html.push_str(&tags(entity).0);
            open.push(entity);
        }
    }
    open.iter().rev().for_each(|entity| html.push_str(&tags(entity).1));
    html
}

/// The start and the end tag of an entity, both empty where the page shows none.
fn tags(entity: &Entity) -> (String, String) {
    let tag = match entity.kind.as_str() {
        "bold" => "b",
        "italic" => "i",
        "underline" => "u",
        "strikethrough" => "s",
        "code" => "code",
        "pre" => "pre",
        "blockquote" | "expandable_blockquote" => "blockquote",
        "spoiler" => return ("<span class=\"spoiler\">".to_owned(), "</span>".to_owned()),
        "text_link" => {
            let url = entity.extra.as_ref().map_or("", |(_, url)| url.as_str());
            // A script's address must not become a link of our page.
            let url = if url.starts_with("http://") || url.starts_with("https://") || url.starts_with("tg://")
            {
                url.to_owned()
            } else {
                format!("http://{url}")
            };
            let mut start = String::from("<a href=\"");
            escape_into(&mut start, &url);
            return (start + "\" rel=\"noreferrer\" target=\"_blank\">", "</a>".to_owned());
        }
        _ => return (String::new(), String::new()),
    };
    (format!("<{tag}>"), format!("</{tag}>"))
}

fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendering_is_safe_and_nests() {
        let render = |markup: &str| html(&Text::from_bot(markup, Some("HTML"), None).unwrap());
        assert_eq!(render("a &lt;script&gt; \"b\" &amp;"), "a &lt;script&gt; &quot;b&quot; &amp;");
        assert_eq!(render("<b>a<i>👍b</i></b>c"), "<b>a<i>👍b</i></b>c");
        assert_eq!(render("<tg-spoiler>x</tg-spoiler>/fib"), "<span class=\"spoiler\">x</span>/fib");
        let link = render("<a href=\"javascript.x:&quot;alert\">x</a>");
        assert!(link.starts_with("<a href=\"http://javascript.x:&quot;alert\""), "{link}");
        let crossing = Text {
            text: "abc".to_owned(),
            entities: vec![Entity::new("bold", 0, 2), Entity::new("italic", 1, 2)],
        };
        assert_eq!(html(&crossing), "<b>a<i>b</i></b><i>c</i>");
    }
}
