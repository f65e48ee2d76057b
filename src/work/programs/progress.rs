//! How far a program is, as it says in what it prints: `40%`, `3/10`, or a line of its own, `::progress 0.4 words`, that nobody is
//! shown.
//!
//! The last one counts, whatever was said before: who has several stages may begin anew.

use crate::hidden::without_hidden;

/// Begins a line that tells.
const MARK: &[u8] = b"::progress";
/// Bytes of a line that are looked at.
const MOST: usize = 4_096;
/// Characters of what is said of it.
const WORDS: usize = 200;

/// What a program said of how far it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    /// 0 to 1.
    pub(super) share: Option<f64>,
    /// In its words.
    pub(super) words: Option<String>,
}

/// Lines as they come, in pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line so far; of a long one its beginning.
    line: Vec<u8>,
    /// Bytes of it that are shown already.
    shown: usize,
    said: Said,
}

impl Lines {
    /// Takes what was printed; gives back what is to be shown of it.
    pub(super) fn take(&mut self, printed: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(printed.len());
        for piece in printed.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.piece(piece, &mut shown);
        }
        // A line that is not at its end yet; a mark is.
        if !self.line.starts_with(MARK) {
            self.said_by_line();
        }
        shown
    }

    /// The same, of all that there is.
    pub(super) fn take_all(mut self, printed: &[u8]) -> Vec<u8> {
        let mut shown = self.take(printed);
        if !self.line.starts_with(MARK) {
            shown.extend_from_slice(&self.line[self.shown..]);
        }
        shown
    }

    /// What comes next is not what was to come.
    pub(super) fn begin_anew(&mut self) {
        self.line.clear();
        self.shown = 0;
    }

    /// What was said last.
    pub(super) fn said(&self) -> &Said {
        &self.said
    }

    fn piece(&mut self, piece: &[u8], shown: &mut Vec<u8>) {
        let before = self.line.len();
        let room = MOST.saturating_sub(before).min(piece.len());
        self.line.extend_from_slice(&piece[..room]);
        let is_mark = self.line.starts_with(MARK) || MARK.starts_with(&self.line);
        // A mark may be what it becomes: until that is known, it is held back.
        if !is_mark {
            shown.extend_from_slice(&self.line[self.shown.min(before)..before]);
            shown.extend_from_slice(piece);
            self.shown = self.line.len();
        }
        if !piece.ends_with(b"\n") && !piece.ends_with(b"\r") {
            return;
        }
        if !self.said_by_line() && is_mark {
            shown.extend_from_slice(&self.line[self.shown..]);
        }
        self.line.clear();
        self.shown = 0;
    }

    /// Whether the line says something.
    fn said_by_line(&mut self) -> bool {
        let Some(said) = read(&self.line) else { return false };
        // Words stay until others come.
        self.said = Said { words: said.words.or(self.said.words.take()), ..said };
        true
    }
}

/// What a line says.
fn read(line: &[u8]) -> Option<Said> {
    let line = String::from_utf8_lossy(line);
    let line = without_colours(&line);
    if let Some(said) = line.strip_prefix("::progress") {
        return marked(said);
    }
    share(&line).map(|share| Said { share: Some(share), words: None })
}

fn marked(said: &str) -> Option<Said> {
    let said = said.strip_prefix([' ', '\t', ':', '='])?.trim();
    let (number, words) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    let share = match number.strip_suffix('%') {
        Some(number) => number.parse::<f64>().ok()? / 100.0,
        None => number.parse().ok()?,
    };
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    let words: String = without_hidden(words.trim()).chars().take(WORDS).collect();
    Some(Said { share: Some(share), words: Some(words).filter(|words| !words.is_empty()) })
}

/// The last share that stands in a line.
fn share(line: &str) -> Option<f64> {
    let mut marks = line.char_indices().rev().filter(|(_, c)| matches!(c, '%' | '/'));
    marks.find_map(|(at, mark)| if mark == '%' { percent(&line[..at]) } else { part(line, at) })
}

/// The number at the end of `before`.
fn percent(before: &str) -> Option<f64> {
    let before = before.trim_end_matches(' ');
    let start =
        before.rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |at| at + last_len(before, at));
    let number = &before[start..];
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    let is_alone = !before[..start].ends_with(['-', '/', ',']);
    let share = number.parse::<f64>().ok().filter(|_| is_number && is_alone)? / 100.0;
    (share <= 1.0).then_some(share)
}

/// `3/10`, which is no part of a path or a date.
fn part(line: &str, at: usize) -> Option<f64> {
    let (before, after) = (&line[..at], &line[at + 1..]);
    let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + last_len(before, at));
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let is_alone = (before[..start].is_empty()
        || before[..start].ends_with([' ', '\t', '[', '(', ':', '#', '=']))
        && !after[end..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_'))
        && !(after[end..].starts_with('.') && after[end + 1..].starts_with(|c: char| c.is_alphanumeric()));
    let (done, all) = (before[start..].parse::<u32>().ok()?, after[..end].parse::<u32>().ok()?);
    (is_alone && all > 0 && done <= all).then(|| f64::from(done) / f64::from(all))
}

fn last_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Without what a terminal does not show: `ESC [ … letter`.
fn without_colours(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\x1b') {
        shown.push_str(before);
        rest = match after.strip_prefix('[') {
            Some(sequence) => {
                sequence.find(|c: char| ('@'..='~').contains(&c)).map_or("", |end| &sequence[end + 1..])
            }
            None => after,
        };
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(line: &str, share: impl Into<Option<f64>>) {
        let said = read(line.as_bytes()).and_then(|said| said.share);
        assert_eq!(said, share.into(), "{line}");
    }

    #[test]
    fn shares_as_programs_write_them() {
        check("40%", 0.4);
        check("40.5 % done", 0.405);
        check("[=====>    ]  50%  12 MB/s", 0.5);
        check("\x1b[32m 7%\x1b[0m", 0.07);
        check("from 10% to 20%", 0.2);
        check("0%", 0.0);
        check("100%", 1.0);
        check("3/10", 0.3);
        check("[3/10] Compiling", 0.3);
        check("(3/10)", 0.3);
        check("Fra:10/250 Mem:1M", 0.04);
        check("step 3/4, 10%", 0.1);
        check("10%, step 3/4", 0.75);
        check("downloaded 3/4.", 0.75);
    }

    #[test]
    fn what_is_no_share() {
        for line in [
            "",
            "%",
            "no % here",
            "150%",
            "-5%",
            "5/0",
            "11/10",
            "2026/11/29",
            "/srv/3/10",
            "3/10/4",
            "1/2b",
            "a3/10",
            "http://1/2x",
            "1.%",
            "..%",
            "99999999999999999999/3",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn a_line_of_its_own() {
        let said = |share, words: &str| {
            Some(Said { share: Some(share), words: Some(words.to_owned()).filter(|words| !words.is_empty()) })
        };
        assert_eq!(read(b"::progress 0.4 copying files"), said(0.4, "copying files"));
        assert_eq!(read(b"::progress 40% copying"), said(0.4, "copying"));
        assert_eq!(read("::progress 1 fertig äöü\r\n".as_bytes()), said(1.0, "fertig äöü"));
        assert_eq!(read("::progress 0.5 a\u{202e}b\u{200b}c".as_bytes()), said(0.5, "abc"));
        assert_eq!(read(b"::progress 0.5"), said(0.5, ""));
        for line in [
            "::progress",
            "::progress x",
            "::progress 2 x",
            "::progress -1",
            "::progress NaN",
            "::progress inf",
            "::progressive 1",
        ] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn words_stay_until_others_come() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"::progress 0.1 copying\n20%\n"), b"20%\n");
        assert_eq!(*lines.said(), Said { share: Some(0.2), words: Some("copying".to_owned()) });
        lines.take(b"::progress 0.3 checking\n");
        assert_eq!(lines.said().words.as_deref(), Some("checking"));
    }

    #[test]
    fn a_line_that_begins_like_one_is_shown() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"::pro"), b"");
        assert_eq!(lines.take(b"blem\n"), b"::problem\n");
        assert_eq!(lines.take(b"::progress wrong\n"), b"::progress wrong\n");
        assert_eq!(lines.take(b"prompt: "), b"prompt: ");
        assert_eq!(lines.take(b"answer\n"), b"answer\n");
    }

    proptest! {
        #[test]
        fn whatever_is_printed_a_share_is_one(line in any::<Vec<u8>>()) {
            if let Some(share) = read(&line).and_then(|said| said.share) {
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }

        #[test]
        fn numbers_are_read_wherever_they_stand(done in 0_u32..=1000, before in "[a-z ]{0,20} ", after in "( [a-z ]{0,20})?") {
            let share = |line: String| read(line.as_bytes()).and_then(|said| said.share);
            prop_assert_eq!(share(format!("{before}{done}/1000{after}")), Some(f64::from(done) / 1000.0));
            let percent = f64::from(done) / 10.0;
            prop_assert_eq!(share(format!("{before}{percent}%{after}")), Some(percent / 100.0));
        }

        #[test]
        fn pieces_show_what_the_whole_shows(
            lines in prop::collection::vec("(::progress 0\\.[0-9] [a-z]{0,9}|::prog[a-z]{0,9}|[a-z%0-9/: ]{0,30})[\n\r]", 0..8),
            cuts in prop::collection::vec(0_usize..300, 0..8),
        ) {
            let printed = lines.concat().into_bytes();
            let whole = Lines::default().take_all(&printed);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(printed.len())).collect();
            cuts.extend([0, printed.len()]);
            cuts.sort_unstable();
            let mut pieces = Lines::default();
            let shown: Vec<u8> = cuts.windows(2).flat_map(|cut| pieces.take(&printed[cut[0]..cut[1]])).collect();
            prop_assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(&whole));
            let marks = String::from_utf8_lossy(&shown).split(['\n', '\r']).filter(|line| read(line.as_bytes()).is_some() && line.starts_with("::progress")).count();
            prop_assert_eq!(marks, 0);
        }
    }
}
