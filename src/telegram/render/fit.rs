//! What one message holds: the last bound of all texts. What makes a long one bounds it itself, where it knows what may be left out.

use std::borrow::Cow;

use crate::telegram::sentences::units;

/// UTF-16 units that Telegram takes in a message, after its entities.
const MAX_TEXT: usize = 4_096;
/// Units of what tells that there was more, `…`, with the end of a line before it.
const CUT: usize = 2;

/// Telegram's HTML, cut with `…` where a message would not hold it: at the end of a line where one is near, and with the tags closed
/// that are open there. Telegram would refuse all of it.
pub(in crate::telegram) fn fitted(html: &str) -> Cow<'_, str> {
    // Tags and entities only make it longer.
    if units(html) <= MAX_TEXT {
        return Cow::Borrowed(html);
    }
    let (mut at, mut shown) = (0, 0);
    let (mut most, mut line) = (0, None);
    while let Some((length, width)) = part(&html[at..]) {
        if shown <= MAX_TEXT - CUT {
            most = at;
            if html[at..].starts_with('\n') && shown > MAX_TEXT / 2 {
                line = Some(at);
            }
        }
        at += length;
        shown += width;
    }
    if shown <= MAX_TEXT {
        return Cow::Borrowed(html);
    }
    let kept = &html[..line.unwrap_or(most)];
    let end = if line.is_some() { "\n…" } else { "…" };
    let cut = format!("{kept}{end}");
    Cow::Owned(open_tags(kept).iter().rev().fold(cut, |html, tag| html + "</" + tag + ">"))
}

/// The bytes of a tag, an entity or a character that it begins with, and the units in which it is shown; `None` at the end.
fn part(html: &str) -> Option<(usize, usize)> {
    let first = html.chars().next()?;
    let whole = |end: char| html.find(end).map(|at| at + 1);
    Some(match first {
        '<' => (whole('>').unwrap_or(html.len()), 0),
        '&' => (whole(';').unwrap_or(1), 1),
        other => (other.len_utf8(), other.len_utf16()),
    })
}

/// The names of the tags that nothing has closed.
fn open_tags(html: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split_once('>')) {
        match tag.0.strip_prefix('/') {
            Some(_) => drop(open.pop()),
            None => open.extend(tag.0.split_whitespace().next()),
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use teloxide::utils::html::escape;

    use super::*;
    use crate::sandbox::read_html;

    #[test]
    fn what_fits_is_left_as_it_is() {
        for html in [String::new(), "&lt;".repeat(MAX_TEXT), format!("<b>{}</b>", "👍".repeat(MAX_TEXT / 2))]
        {
            assert_eq!(fitted(&html), html);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_at_the_end_of_a_line() {
        let line = format!("{}\n", "x".repeat(99));
        assert_eq!(fitted(&line.repeat(50)), format!("{}\n…", line.repeat(40).trim_end()));
        let inside = format!("<i>a</i><pre>{}</pre>", line.repeat(50));
        let cut = fitted(&inside);
        assert!(cut.ends_with("x\n…</pre>") && cut.starts_with("<i>a</i><pre>x"), "{cut}");
        // No line ends where it would help.
        assert_eq!(fitted(&format!("a\n{}", "👍".repeat(3_000))), format!("a\n{}…", "👍".repeat(2_046)));
        let link = format!("<a href=\"https://a.b/\"><b>{}</b></a>", "&amp;".repeat(5_000));
        assert_eq!(fitted(&link), format!("<a href=\"https://a.b/\"><b>{}…</b></a>", "&amp;".repeat(4_094)));
    }

    proptest! {
        #[test]
        fn whatever_is_said_a_message_holds_it(pieces in prop::collection::vec(("[a-z&<>\"👍\n]{0,300}", 0..4_usize), 0..60)) {
            let tagged = |(text, tag): &(String, usize)| match tag {
                0 => escape(text),
                1 => format!("<pre>{}</pre>", escape(text)),
                2 => format!("<b><i>{}</i>\n</b>", escape(text)),
                _ => format!("<a href=\"https://example.org/?a=1&amp;b=2\">{}</a>", escape(text)),
            };
            let html: String = pieces.iter().map(tagged).collect();
            let cut = fitted(&html);
            let (whole, shown) = (read_html(&html).unwrap(), read_html(&cut));
            prop_assert!(shown.is_ok(), "{shown:?} of {cut}");
            let shown = shown.unwrap_or_default();
            prop_assert!(units(&shown) <= MAX_TEXT);
            let fits = units(&whole) <= MAX_TEXT;
            let is_right = if fits { cut == html } else { whole.starts_with(shown.trim_end_matches('…').trim_end()) };
            prop_assert!(is_right, "{cut} of {html}");
        }
    }
}
