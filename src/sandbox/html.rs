//! `parse_mode: HTML`: from markup to entities.
//!
//! The rules and the words of the errors follow `TDLib`'s `parse_html` (tdlib/td, `td/telegram/MessageEntity.cpp`).

use super::text::{Entity, Text};

/// Text with markup as its text and entities.
///
/// # Errors
/// What is wrong and at which byte, without the `can't parse entities: ` in front of it.
pub(super) fn parse(markup: &str) -> Result<Text, String> {
    let mut parser = Parser {
        markup,
        at: 0,
        text: String::with_capacity(markup.len()),
        units: 0,
        open: vec![],
        done: vec![],
    };
    while let Some(c) = parser.peek() {
        match c {
            '&' => parser.reference(),
            '<' if parser.rest().starts_with("</") => parser.end_tag()?,
            '<' => parser.start_tag()?,
            c => {
                parser.at += c.len_utf8();
                parser.push(c);
            }
        }
    }
    if let Some(tag) = parser.open.last() {
        return Err(format!("Can't find end tag corresponding to start tag \"{}\"", tag.name));
    }
    // Only a `pre` around it gives a `code` its language.
    for entity in parser.done.iter_mut().filter(|entity| entity.kind == "code") {
        entity.extra = None;
    }
    Ok(Text { text: parser.text, entities: parser.done })
}

/// Where the parser is.
struct Parser<'a> {
    markup: &'a str,
    /// The next byte of the markup.
    at: usize,
    text: String,
    /// The text's length in UTF-16 units.
    units: usize,
    open: Vec<Tag>,
    done: Vec<Entity>,
}

/// A tag that is not closed yet.
struct Tag {
    name: String,
    /// The attribute that matters: a link's address, a language, a class.
    argument: String,
    unit: usize,
    byte: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.markup[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    /// Moves over everything that `wanted` takes and gives it.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn reference(&mut self) {
        // What is no reference is an ampersand.
        let (c, length) = decode_reference(self.rest()).unwrap_or(('&', 1));
        self.at += length;
        self.push(c);
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        let name = self.take(|c| !c.is_ascii_whitespace() && c != '>').to_ascii_lowercase();
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        if entity_kind(&name).is_none() {
            return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
        }
        let mut argument = String::new();
        loop {
            self.take(|c| c.is_ascii_whitespace());
            if self.peek() == Some('>') {
                self.at += 1;
                break;
            }
            let (attribute, value) = self.attribute(&name, begin)?;
            match (name.as_str(), attribute) {
                ("a", "href") | ("span", "class") => argument = value,
                ("code", "class") => {
                    if let Some(language) = value.strip_prefix("language-") {
                        language.clone_into(&mut argument);
                    }
                }
                ("blockquote", "expandable") => "expandable".clone_into(&mut argument),
                _ => {}
            }
        }
        if name == "span" && argument != "tg-spoiler" {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.open.push(Tag { name, argument, unit: self.units, byte: self.text.len() });
        Ok(())
    }

    /// One `name="value"`; `expandable` of a blockquote stands alone.
    fn attribute(&mut self, tag: &str, begin: usize) -> Result<(&'a str, String), String> {
        let name = self.take(|c| !c.is_ascii_whitespace() && c != '=' && c != '>');
        if name.is_empty() {
            return Err(format!("Empty attribute name in the tag \"{tag}\" at byte offset {begin}"));
        }
        self.take(|c| c.is_ascii_whitespace());
        if self.peek() != Some('=') {
            if tag == "blockquote" && name == "expandable" {
                return Ok((name, String::new()));
            }
            return Err(format!(
                "Expected equal sign in declaration of an attribute of the tag \"{tag}\" at byte offset {begin}"
            ));
        }
        self.at += 1;
        self.take(|c| c.is_ascii_whitespace());
        let token_begin = self.at;
        let value = match self.peek() {
            None => return Err(format!("Unclosed start tag \"{tag}\" at byte offset {begin}")),
            Some(quote @ ('"' | '\'')) => {
                self.at += 1;
                let raw = self.take(|c| c != quote);
                self.at = (self.at + 1).min(self.markup.len());
                decode_references(raw)
            }
            Some(_) => {
                let token = self.take(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
                if !self.peek().is_none_or(|c| c.is_ascii_whitespace() || c == '>') {
                    return Err(format!("Unexpected end of name token at byte offset {token_begin}"));
                }
                token.to_ascii_lowercase()
            }
        };
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        Ok((name, value))
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(tag) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.at += 2;
        let name = self.take(|c| !c.is_ascii_whitespace() && c != '>').to_ascii_lowercase();
        self.take(|c| c.is_ascii_whitespace());
        if self.peek() != Some('>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !name.is_empty() && name != tag.name {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{name}>\"",
                tag.name
            ));
        }
        if self.units > tag.unit {
            self.close(tag);
        }
        Ok(())
    }

    fn close(&mut self, tag: Tag) {
        let length = self.units - tag.unit;
        let Some(kind) = entity_kind(&tag.name) else { return };
        let mut entity = Entity::new(kind, tag.unit, length);
        let inner = self.done.last_mut().filter(|inner| inner.offset == tag.unit && inner.length == length);
        match (tag.name.as_str(), inner) {
            ("a", _) => {
                let url =
                    if tag.argument.is_empty() { self.text[tag.byte..].to_owned() } else { tag.argument };
                if !is_link(&url) {
                    return;
                }
                entity.extra = Some(("url", url));
            }
            ("pre", Some(inner)) if inner.kind == "code" && inner.extra.is_some() => {
                "pre".clone_into(&mut inner.kind);
                return;
            }
            ("code", Some(inner)) if inner.kind == "pre" && !tag.argument.is_empty() => {
                inner.extra = Some(("language", tag.argument));
                return;
            }
            ("code", _) if !tag.argument.is_empty() => entity.extra = Some(("language", tag.argument)),
            ("blockquote", _) if !tag.argument.is_empty() => {
                "expandable_blockquote".clone_into(&mut entity.kind);
            }
            _ => {}
        }
        self.done.push(entity);
    }
}

/// The entity that a tag makes; `None`: there is no such tag. Custom emoji are for bots that bought them.
fn entity_kind(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" | "span" => "spoiler",
        "a" => "text_link",
        "code" => "code",
        "pre" => "pre",
        "blockquote" => "blockquote",
        _ => return None,
    })
}

/// A link without a host does not become an entity.
fn is_link(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    !rest.is_empty()
        && !rest.contains(char::is_whitespace)
        && (rest.contains('.') || url.starts_with("tg://") || rest.starts_with("localhost"))
}

/// The character of `&lt;`, `&#65;` … at the start of `text`, and how many bytes it takes there. Only four names are known.
fn decode_reference(text: &str) -> Option<(char, usize)> {
    let body = &text[1..];
    let (code, length) = if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, start) = match number.strip_prefix('x') {
            Some(digits) => (digits, 16, 3),
            None => (number, 10, 2),
        };
        let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let code = u32::from_str_radix(&digits[..end], radix).ok().filter(|code| *code > 0)?;
        (char::from_u32(code)?, start + end)
    } else {
        let end = body.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(body.len());
        let c = match &body[..end] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => return None,
        };
        (c, 1 + end)
    };
    // The `;` may be missing.
    Some((code, length + usize::from(text[length..].starts_with(';'))))
}

pub(super) fn decode_references(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        let (c, length) = decode_reference(&rest[at..]).unwrap_or(('&', 1));
        decoded.push(c);
        rest = &rest[at + length..];
    }
    decoded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    type Entities<'a> = &'a [(&'a str, usize, usize)];

    #[test]
    fn malformed_markup_is_refused_in_the_real_words() {
        let cases = [
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("x<b", "Unclosed start tag at byte offset 1"),
            ("1 < 2 and <b>x</b>", "Unsupported start tag \"\" at byte offset 2"),
            ("é<div>x</div>", "Unsupported start tag \"div\" at byte offset 2"),
            ("<br/>", "Unsupported start tag \"br/\" at byte offset 0"),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b><i>x</b></i>", "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<a =x>y</a>", "Empty attribute name in the tag \"a\" at byte offset 0"),
            (
                "<a href>y</a>",
                "Expected equal sign in declaration of an attribute of the tag \"a\" at byte offset 0",
            ),
            ("<a href=", "Unclosed start tag \"a\" at byte offset 0"),
            ("<a href=\"x", "Unclosed start tag at byte offset 0"),
            ("<a href=x_y>z</a>", "Unexpected end of name token at byte offset 8"),
            ("<span class=\"x\">y</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ];
        for (markup, error) in cases {
            assert_eq!(parse(markup).unwrap_err(), error, "{markup}");
        }
    }

    #[test]
    fn tags_become_entities() {
        let cases: [(&str, &str, Entities<'_>); 9] = [
            ("<b>x</b><STRONG>y</strong>", "xy", &[("bold", 0, 1), ("bold", 1, 1)]),
            ("<b>a<i>b</i></b>", "ab", &[("italic", 1, 1), ("bold", 0, 2)]),
            ("👍<u>é</u>", "👍é", &[("underline", 2, 1)]),
            ("<s>x</><del>y</del >", "xy", &[("strikethrough", 0, 1), ("strikethrough", 1, 1)]),
            (
                "<tg-spoiler>x</tg-spoiler><span class=\"tg-spoiler\">y</span>",
                "xy",
                &[("spoiler", 0, 1), ("spoiler", 1, 1)],
            ),
            ("<b></b>x", "x", &[]),
            ("<pre>a  b</pre>", "a  b", &[("pre", 0, 4)]),
            (
                "<blockquote>x</blockquote><blockquote expandable>y</blockquote>",
                "xy",
                &[("blockquote", 0, 1), ("expandable_blockquote", 1, 1)],
            ),
            ("&lt;&gt;&amp;&quot;&#65;&#x1F44D;&apos;&nbsp;&&#0;&lt", "<>&\"A👍&apos;&nbsp;&&#0;<", &[]),
        ];
        for (markup, text, entities) in cases {
            let parsed = parse(markup).unwrap();
            assert_eq!(parsed.text, text, "{markup}");
            let found: Vec<_> =
                parsed.entities.iter().map(|e| (e.kind.as_str(), e.offset, e.length)).collect();
            assert_eq!(found, entities, "{markup}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_parser(markup in "[<>/a-bi&;#x=\"' pre0-9é👍\n]{0,40}") {
            if let Ok(text) = Text::from_bot(&markup, Some("HTML"), None) {
                assert!(text.entities.iter().all(|entity| entity.length > 0 && entity.end() <= text.len()));
                let escaped = crate::sandbox::render::html(&Text { entities: vec![], ..text.clone() });
                assert_eq!(parse(&escaped).unwrap().text, text.text);
            }
        }
    }

    #[test]
    fn links_and_languages_keep_what_they_carry() {
        let extra = |markup: &str| {
            parse(markup).unwrap().entities.into_iter().map(|e| (e.kind, e.extra)).collect::<Vec<_>>()
        };
        let url = |url: &str| vec![("text_link".to_owned(), Some(("url", url.to_owned())))];
        assert_eq!(extra("<a href=\"https://a.b/?x=1&amp;y=2\">x</a>"), url("https://a.b/?x=1&y=2"));
        assert_eq!(extra("<a>https://a.b</a>"), url("https://a.b"));
        assert_eq!(extra("<a href='nonsense'>x</a>"), []);
        let rust = vec![("pre".to_owned(), Some(("language", "rust".to_owned())))];
        assert_eq!(extra("<pre><code class=\"language-rust\">x</code></pre>"), rust);
        assert_eq!(extra("<code class=\"language-rust\">x</code>"), [("code".to_owned(), None)]);
    }
}
