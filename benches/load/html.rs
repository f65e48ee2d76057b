//! Telegram's HTML, as far as a bot has to get it right.

const TAGS: [&str; 14] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "del",
    "a",
    "code",
    "pre",
    "blockquote",
    "span",
    "tg-spoiler",
];
const ENTITIES: [&str; 4] = ["lt", "gt", "amp", "quot"];

/// UTF-16 units of the text without its tags, or what is wrong with it.
pub(crate) fn length(text: &str) -> Result<usize, String> {
    let (mut open, mut length, mut rest) = (Vec::new(), 0, text);
    while let Some(at) = rest.find(['<', '&', '>']) {
        length += units(&rest[..at]);
        let end = if rest[at..].starts_with('&') { ';' } else { '>' };
        let Some((inside, after)) = rest[at + 1..].split_once(end) else {
            return Err(format!("{end:?} is missing"));
        };
        match rest.as_bytes()[at] {
            b'&' if ENTITIES.contains(&inside) => length += 1,
            b'<' => tag(inside, &mut open)?,
            _ => return Err(format!("{inside:?} is not escaped")),
        }
        rest = after;
    }
    if open.is_empty() { Ok(length + units(rest)) } else { Err(format!("{open:?} are not closed")) }
}

fn tag<'a>(inside: &'a str, open: &mut Vec<&'a str>) -> Result<(), String> {
    if let Some(name) = inside.strip_prefix('/') {
        return if open.pop() == Some(name) { Ok(()) } else { Err(format!("</{name}> closes nothing")) };
    }
    let name = inside.split(' ').next().unwrap_or_default();
    if TAGS.contains(&name) {
        open.push(name);
        Ok(())
    } else {
        Err(format!("<{name}> is no tag"))
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
