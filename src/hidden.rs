//! Characters that are not seen, or turn round what follows: the one list of them, whoever writes the text.

/// Whether a character is one of them. What joins letters and emoji is none.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// A line, or a file's name, without them: what a program writes must not look like something else.
pub(crate) fn without_hidden(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_left() {
        assert_eq!(without_hidden("fdp.\u{202e}gpj.exe\u{200b}\u{2066}x\u{2069}\u{feff}"), "fdp.gpj.exex");
        assert_eq!(without_hidden("a\tb\u{1b}[m\u{85}"), "ab[m");
        let seen = "ünï 日本 👩\u{200d}🚀 می\u{200c}خواهم ❤\u{fe0f}";
        assert_eq!(without_hidden(seen), seen);
    }
}
