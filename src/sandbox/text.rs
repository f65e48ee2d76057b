//! Texts with their entities: cleaned, trimmed and checked as the real server does.
//!
//! Of what the server finds by itself in a text (commands, mentions, links, hashtags …) only commands are found here:
//! nothing else matters to a bot that reads text.
//!
//! Offsets and lengths count UTF-16 code units, as everywhere in the Bot API.

use serde_json::{Value, json};

use super::{
    errors::{ApiError, bad_request},
    html,
};

/// The longest text of a message, in UTF-16 units after its entities are parsed (Bot API, sendMessage).
pub(super) const MAX_TEXT: usize = 4096;
/// The longest caption, counted likewise (Bot API, sendPhoto).
pub(super) const MAX_CAPTION: usize = 1024;
/// The longest name of a command (Bot API, `BotCommand`).
pub(super) const MAX_COMMAND: usize = 32;

/// One stretch of a text that means or looks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entity {
    /// `bold`, `pre`, `bot_command` … as in the Bot API.
    pub(super) kind: String,
    pub(super) offset: usize,
    pub(super) length: usize,
    /// What else it carries: `url`, `language`.
    pub(super) extra: Option<(&'static str, String)>,
}

impl Entity {
    pub(super) fn new(kind: &str, offset: usize, length: usize) -> Self {
        Self { kind: kind.to_owned(), offset, length, extra: None }
    }

    /// The first unit after it.
    pub(super) fn end(&self) -> usize {
        self.offset + self.length
    }

    fn json(&self) -> Value {
        let mut value = json!({"type": self.kind, "offset": self.offset, "length": self.length});
        if let Some((name, text)) = &self.extra {
            value[*name] = Value::from(text.as_str());
        }
        value
    }
}

/// A text and its entities, by offset, the longer first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) entities: Vec<Entity>,
}

impl Text {
    /// What a bot sends: `parse_mode` (HTML only) or explicit `entities`.
    ///
    /// # Errors
    /// In the real server's words where the text or its entities are malformed; the length is not checked here.
    pub(super) fn from_bot(
        text: &str,
        parse_mode: Option<&str>,
        entities: Option<&Value>,
    ) -> Result<Self, ApiError> {
        let mut parsed = match parse_mode.map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => Self { text: text.to_owned(), entities: explicit(text, entities)? },
            Some("html") => {
                html::parse(text).map_err(|what| bad_request(format_args!("can't parse entities: {what}")))?
            }
            Some("markdown" | "markdownv2") => {
                return Err(bad_request("the sandbox does not implement Markdown"));
            }
            Some(_) => return Err(bad_request("unsupported parse_mode")),
        };
        parsed.clean();
        parsed.find_commands();
        Ok(parsed)
    }

    /// What a person typed.
    pub(super) fn from_person(text: &str) -> Self {
        let mut typed = Self { text: text.to_owned(), entities: Vec::new() };
        typed.clean();
        typed.find_commands();
        typed
    }

    /// The length in UTF-16 units.
    pub(super) fn len(&self) -> usize {
        utf16_len(&self.text)
    }

    /// The entities as the Bot API gives them.
    pub(super) fn entities_json(&self) -> Value {
        self.entities.iter().map(Entity::json).collect()
    }

    /// The text of an entity.
    pub(super) fn slice(&self, entity: &Entity) -> &str {
        let bytes = ByteOffsets::new(&self.text);
        &self.text[bytes.at(entity.offset)..bytes.at(entity.end())]
    }

    /// Control characters become blanks (carriage returns go), blanks at both ends go: at the start only up to the
    /// first entity, as `TDLib`'s `fix_formatted_text` does it.
    fn clean(&mut self) {
        if self.text.contains(|c: char| c.is_ascii_control() && c != '\n') {
            self.clean_controls();
        }
        let blank = |c: char| c == ' ' || c == '\n';
        let end = self.text.trim_end_matches(blank).len();
        self.text.truncate(end);
        let units = self.len();
        for entity in &mut self.entities {
            entity.length = entity.end().min(units).saturating_sub(entity.offset);
        }
        self.entities.retain(|entity| entity.length > 0);
        self.entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
        let blanks = self.text.len() - self.text.trim_start_matches(blank).len();
        let cut = self.entities.first().map_or(blanks, |entity| blanks.min(entity.offset));
        if cut > 0 {
            self.text.drain(..cut);
            self.entities.iter_mut().for_each(|entity| entity.offset -= cut);
        }
    }

    fn clean_controls(&mut self) {
        let mut unit = 0;
        let mut removed = Vec::new();
        let mut text = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match c {
                '\r' => removed.push(unit),
                c if c.is_ascii_control() && c != '\n' => text.push(' '),
                c => text.push(c),
            }
            unit += c.len_utf16();
        }
        let before = |at: usize| removed.partition_point(|unit| *unit < at);
        for entity in &mut self.entities {
            let (start, end) = (entity.offset, entity.end());
            entity.offset = start - before(start);
            entity.length = end - before(end) - entity.offset;
        }
        self.text = text;
    }

    /// Marks `/name` and `/name@bot` where Telegram does: letters, digits and `_` only, so `/fib-multi` marks `/fib`; not in code.
    fn find_commands(&mut self) {
        if !self.text.contains('/') {
            return;
        }
        let found = commands(&self.text);
        let hides = |entity: &Entity| matches!(entity.kind.as_str(), "code" | "pre" | "text_link");
        let free = |command: &Entity| {
            !self.entities.iter().any(|e| hides(e) && command.offset < e.end() && e.offset < command.end())
        };
        let found: Vec<Entity> = found.into_iter().filter(free).collect();
        if !found.is_empty() {
            self.entities.extend(found);
            self.entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
        }
    }
}

/// The length of a string in UTF-16 units.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// From UTF-16 offsets to byte offsets, for texts that are cut at several places.
pub(super) struct ByteOffsets(Vec<usize>);

impl ByteOffsets {
    pub(super) fn new(text: &str) -> Self {
        let mut offsets = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            offsets.extend(std::iter::repeat_n(at, c.len_utf16()));
        }
        offsets.push(text.len());
        Self(offsets)
    }

    /// The byte offset of a unit; the end for units after it, the character's start inside a surrogate pair.
    pub(super) fn at(&self, unit: usize) -> usize {
        self.0.get(unit).or(self.0.last()).copied().unwrap_or_default()
    }

    fn is_inside_character(&self, unit: usize) -> bool {
        unit > 0 && unit < self.0.len() && self.0[unit] == self.0[unit - 1]
    }
}

/// The explicit `entities` of a call; the schema has checked their shape.
fn explicit(text: &str, entities: Option<&Value>) -> Result<Vec<Entity>, ApiError> {
    let Some(Value::Array(values)) = entities else { return Ok(Vec::new()) };
    let offsets = ByteOffsets::new(text);
    let end_of_text = utf16_len(text);
    let mut entities = Vec::with_capacity(values.len());
    for value in values {
        let unit = |name: &str| value[name].as_i64().and_then(|number| usize::try_from(number).ok());
        let kind = value["type"].as_str().unwrap_or_default();
        let (Some(offset), Some(length)) = (unit("offset"), unit("length")) else {
            return Err(bad_request("can't parse entities: entity has a negative offset or length"));
        };
        if offset > end_of_text {
            return Err(bad_request("entity begins after the end of the text"));
        }
        if offset + length > end_of_text {
            return Err(bad_request(format_args!(
                "entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {}",
                offset + length
            )));
        }
        if offsets.is_inside_character(offset) {
            return Err(bad_request("entity begins in a middle of a UTF-16 symbol"));
        }
        if offsets.is_inside_character(offset + length) {
            return Err(bad_request(format_args!(
                "entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol"
            )));
        }
        // What the server finds by itself (mentions, links, commands) is not taken from the bot.
        let known = [
            "bold",
            "italic",
            "underline",
            "strikethrough",
            "spoiler",
            "blockquote",
            "expandable_blockquote",
            "code",
            "pre",
        ];
        let extra = |name: &'static str| value[name].as_str().map(|text| (name, text.to_owned()));
        match kind {
            "pre" => entities.push(Entity { extra: extra("language"), ..Entity::new(kind, offset, length) }),
            "text_link" => match extra("url") {
                Some(url) => entities.push(Entity { extra: Some(url), ..Entity::new(kind, offset, length) }),
                None => return Err(bad_request("can't parse entities: text_link without url")),
            },
            kind if known.contains(&kind) => entities.push(Entity::new(kind, offset, length)),
            "mention" | "hashtag" | "cashtag" | "bot_command" | "url" | "email" | "phone_number" => {}
            kind => {
                return Err(bad_request(format_args!(
                    "the sandbox does not implement entities of type {kind}"
                )));
            }
        }
    }
    Ok(entities)
}

/// Every command of a text. A `/` counts only at the start or after something that cannot be part of a path or a word.
fn commands(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut unit = 0;
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '/' && !(before.is_alphanumeric() || matches!(before, '_' | '/' | '<' | '>')) {
            let after = rest.as_str();
            let name = word(after);
            let next = after[name..].chars().next();
            if (1..=64).contains(&name) && next != Some('/') {
                let bot = after[name..].strip_prefix('@').map_or(0, word);
                let length = 1 + name + if (3..=32).contains(&bot) { 1 + bot } else { 0 };
                found.push(Entity::new("bot_command", unit, length));
            }
        }
        before = c;
        unit += c.len_utf16();
    }
    found
}

/// The length of the word (ASCII letters, digits, `_`) that a text starts with.
fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_marked_as_telegram_does() {
        let marked = |text: &str| {
            let text = Text::from_person(text);
            text.entities.iter().map(|entity| text.slice(entity).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marked("/fib 10"), ["/fib"]);
        assert_eq!(marked("/fib-multi 1 2"), ["/fib"]);
        assert_eq!(marked("/fib_multi@some_bot 1"), ["/fib_multi@some_bot"]);
        assert_eq!(marked("  👍 say /help, then /job"), ["/help", "/job"]);
        assert_eq!(marked("a/b /usr/bin http://x"), Vec::<String>::new());
        assert_eq!(marked("/ fib"), Vec::<String>::new());
        assert_eq!(Text::from_person("👍 /fib").entities[0].offset, 3);
    }

    #[test]
    fn texts_are_cleaned_and_trimmed_but_not_into_entities() {
        let clean = |text: &str| Text::from_bot(text, Some("HTML"), None).unwrap();
        assert_eq!(clean("  a\tb\r\n ").text, "a b");
        let bold = clean("  <b>  a  </b>\n");
        assert_eq!((bold.text.as_str(), &bold.entities[..]), ("  a", &[Entity::new("bold", 0, 3)][..]));
        let moved = clean("\n\r<i>x</i>\r<b>y</b>");
        assert_eq!(moved.text, "xy");
        assert_eq!(moved.entities, [Entity::new("italic", 0, 1), Entity::new("bold", 1, 1)]);
        assert_eq!(clean(" \n ").text, "");
    }

    #[test]
    fn explicit_entities_are_checked() {
        let parse = |text: &str, entities: Value| Text::from_bot(text, None, Some(&entities));
        let one = |offset: i64, length: i64| json!([{"type": "bold", "offset": offset, "length": length}]);
        assert_eq!(parse("abc", one(1, 2)).unwrap().entities, [Entity::new("bold", 1, 2)]);
        assert_eq!(parse("👍", one(0, 2)).unwrap().entities, [Entity::new("bold", 0, 2)]);
        for (text, entities) in [
            ("abc", one(1, 3)),
            ("abc", one(4, 1)),
            ("👍", one(1, 1)),
            ("👍", one(0, 1)),
            ("abc", one(-1, 1)),
        ] {
            assert_eq!(parse(text, entities).unwrap_err().code, 400);
        }
        let link = parse("abc", json!([{"type": "text_link", "offset": 0, "length": 3, "url": "https://a"}]))
            .unwrap();
        assert_eq!(
            link.entities_json(),
            json!([{"type": "text_link", "offset": 0, "length": 3, "url": "https://a"}])
        );
    }

    #[test]
    fn parse_modes() {
        assert_eq!(Text::from_bot("a", Some("html"), None).unwrap().text, "a");
        assert_eq!(Text::from_bot("<b>", None, None).unwrap().text, "<b>");
        let refused = |mode| Text::from_bot("a", Some(mode), None).unwrap_err().description;
        assert_eq!(refused("XML"), "Bad Request: unsupported parse_mode");
        assert!(refused("MarkdownV2").contains("does not implement"));
    }
}
