//! What a program prints, as a terminal would show it: without colours, each line as it was last.
//!
//! Whatever is printed, it takes little time: a program may print sequences of a few bytes that keep a terminal busy.

use std::{
    num::NonZeroU16,
    time::{Duration, Instant},
};

use vt100::Parser;

use super::progress::{Lines, Said};
use crate::{hidden::without_hidden, job::Printed};

/// Columns: longer lines go on in the next row, and are put together again.
const COLUMNS: NonZeroU16 = NonZeroU16::new(100).unwrap();
/// Rows of the live screen.
const ROWS: NonZeroU16 = NonZeroU16::new(12).unwrap();
/// Rows of the last lines that stay.
const LAST_ROWS: NonZeroU16 = NonZeroU16::new(40).unwrap();
/// Bytes that are looked at, at a time; what was printed before them in that time is not.
const MOST: usize = 32 * 1024;
/// How long that may take at most; the rest is not looked at then.
const BUDGET: Duration = Duration::from_millis(100);
/// Bytes between two looks at the time.
const STEP: usize = 64;
/// Digits of a number in a sequence: nothing here has more columns or rows, and a terminal that is told to do something ten
/// thousand times does it.
const DIGITS: u8 = 2;
/// Ends a sequence at once.
const CANCEL: u8 = 0x18;

/// A running program's screen.
pub(super) struct Screen {
    terminal: Terminal,
    lines: Lines,
    /// What was printed since the last look.
    news: Vec<u8>,
    /// Something was printed that is not in `news` any more.
    skipped: bool,
}

impl Screen {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self { terminal: Terminal::new(ROWS), lines: Lines::default(), news: Vec::new(), skipped: false }
    }

    /// Something was printed. It costs nothing until the next [look](Self::look).
    pub(super) fn print(&mut self, printed: &[u8]) {
        let skipped = printed.len().saturating_sub(MOST);
        if skipped > 0 {
            self.skipped = true;
            self.news.clear();
        }
        self.news.extend_from_slice(&printed[skipped..]);
        if self.news.len() > 2 * MOST {
            self.skipped = true;
            self.news.drain(..self.news.len() - MOST);
        }
    }

    /// Whether nothing was printed since the last look.
    pub(super) fn is_still(&self) -> bool {
        self.news.is_empty()
    }

    /// What it shows now. Takes some milliseconds at most.
    pub(super) fn look(&mut self) -> String {
        let mut news = std::mem::take(&mut self.news);
        if std::mem::take(&mut self.skipped) {
            // Whatever was there is out of sight by now.
            self.terminal = Terminal::new(ROWS);
            self.lines.begin_anew();
            news.drain(..after_break(&news));
        }
        let shown = self.lines.take(&news);
        self.terminal.feed(&shown, BUDGET);
        news.clear();
        self.news = news;
        self.terminal.text()
    }

    /// What it said last of how far it is.
    pub(super) fn said(&self) -> &Said {
        self.lines.said()
    }
}

/// The last lines of what was printed, at most so many bytes of them; `is_all` if nothing was printed before. Of a line that is longer
/// than all of that, its end as far as a card shows it.
pub(super) fn last_lines(printed: &[u8], is_all: bool, most: usize) -> String {
    let start = if is_all { 0 } else { after_break(printed) };
    let (mut text, mut is_begun) = (on_screen(&printed[start..]), is_all || start > 0);
    if text.is_empty() && start > 0 {
        // Nothing is seen behind the line that began earlier.
        (text, is_begun) = (on_screen(printed), false);
    }
    let cut = text.ceil_char_boundary(text.len().saturating_sub(most));
    match text[cut..].find('\n') {
        _ if is_begun && cut == 0 => text,
        Some(end) if cut > 0 => text[cut + end + 1..].to_owned(),
        _ if text.is_empty() => text,
        _ => end_of(&text, most),
    }
}

/// What a terminal shows in the end.
fn on_screen(printed: &[u8]) -> String {
    let mut terminal = Terminal::new(LAST_ROWS);
    // Its end counts, so there is time for all of it.
    terminal.feed(&Lines::default().take_all(printed), 10 * BUDGET);
    terminal.text()
}

/// The end of a line without its beginning, in at most so many bytes.
fn end_of(line: &str, most: usize) -> String {
    let (mut units, mut bytes) = ('…'.len_utf16(), '…'.len_utf8());
    let fits = |c: &char| {
        units += c.len_utf16();
        bytes += c.len_utf8();
        units <= Printed::LINE && bytes <= most
    };
    let kept: usize = line.chars().rev().take_while(fits).map(char::len_utf8).sum();
    format!("…{}", &line[line.len() - kept..])
}

/// Where something is whole again: after the first end of a line, where anything comes after it.
fn after_break(printed: &[u8]) -> usize {
    let end = printed.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.map(|end| end + 1).filter(|start| *start < printed.len()).unwrap_or_default()
}

/// A terminal that returns at the end of a line by itself, as programs that print expect it.
struct Terminal {
    parser: Parser,
    sequence: Sequence,
}

/// Where in a sequence a terminal is.
#[derive(Clone, Copy)]
enum Sequence {
    None,
    Begun,
    /// In its numbers, after so many digits of one.
    Numbers(u8),
    /// In a title, a link or other words that are not for the screen.
    Words,
}

impl Terminal {
    fn new(rows: NonZeroU16) -> Self {
        Self { parser: Parser::new(rows, COLUMNS, 0), sequence: Sequence::None }
    }

    fn feed(&mut self, printed: &[u8], budget: Duration) {
        let until = Instant::now() + budget;
        let mut step = Vec::with_capacity(2 * STEP);
        for bytes in printed.chunks(STEP) {
            step.clear();
            for byte in bytes {
                self.tame(*byte, &mut step);
            }
            self.parser.process(&step);
            if Instant::now() > until {
                return;
            }
        }
    }

    fn tame(&mut self, byte: u8, tamed: &mut Vec<u8>) {
        self.sequence = match (self.sequence, byte) {
            (_, 0x1b) => Sequence::Begun,
            (Sequence::Numbers(DIGITS), b'0'..=b'9') => return,
            (Sequence::Numbers(digits), b'0'..=b'9') => Sequence::Numbers(digits + 1),
            (Sequence::Begun, b'[') | (Sequence::Numbers(_), b' '..=b'?') => Sequence::Numbers(0),
            // A terminal would wait for their end, and whatever comes until then, be it why a program failed, would not be seen. Words
            // that are meant so are one line. What ends them is not looked for: to end them once more does nothing.
            (Sequence::Words, b'\n') => {
                tamed.push(CANCEL);
                Sequence::None
            }
            (Sequence::Begun, b']' | b'P' | b'X' | b'^' | b'_') | (Sequence::Words, _) => Sequence::Words,
            _ => Sequence::None,
        };
        if byte == b'\n' {
            tamed.push(b'\r');
        }
        tamed.push(byte);
    }

    /// Its rows, without empty ones at both ends; what cannot be seen is left out.
    fn text(&self) -> String {
        let contents = self.parser.screen().contents();
        let lines: Vec<_> = contents.lines().map(|line| without_hidden(line.trim_end())).collect();
        lines.join("\n").trim_start_matches('\n').trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, shown: &str) {
        let mut screen = Screen::new();
        screen.print(printed.as_bytes());
        assert_eq!(screen.look(), shown);
        assert_eq!(last_lines(printed.as_bytes(), true, 2_000), shown);
    }

    #[test]
    fn a_terminal_shows_it_so() {
        check("", "");
        check("one\ntwo\n", "one\ntwo");
        check("10%\r20%\r30%", "30%");
        check("a long line\rshort", "shortg line");
        check("a long line\r\x1b[Kshort\n", "short");
        check("\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue\x1b[0m", "red and blue");
        check("one\ntwo\n\x1b[2A\x1b[2Kthree\n", "three\ntwo");
        check("abc\x08\x08X", "aXc");
        check("\x1b]0;title\x07text", "text");
        check("\x1b[2J\x1b[Hnew", "new");
        check("ünïcödé 日本", "ünïcödé 日本");
        check("a\tb", "a       b");
        check("::progress 0.4 half\nline\n", "line");
        let long = "x".repeat(250);
        check(&format!("{long}\nend"), &format!("{long}\nend"));
    }

    #[test]
    fn binary_is_shown_as_far_as_it_is_text() {
        let printed: Vec<u8> = (0..=255).chain(b"\x1b[m\nend".iter().copied()).collect();
        let shown = last_lines(&printed, true, 2_000);
        assert!(shown.ends_with("end"), "{shown:?}");
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }

    #[test]
    fn the_last_lines_are_whole_ones_within_the_bound() {
        let printed: Vec<_> = (0..1_000).map(|n| format!("line {n}\n")).collect();
        let printed = printed.concat();
        let shown = last_lines(printed.as_bytes(), true, 100);
        assert!(shown.starts_with("line 9") && shown.ends_with("line 999"), "{shown}");
        assert!(shown.len() <= 100);
        // A line that is longer than all that is shown.
        let shown = last_lines("ä".repeat(3_000).as_bytes(), true, 100);
        assert!(!shown.is_empty() && shown.len() <= 100, "{shown}");
    }

    #[test]
    fn of_a_line_that_is_longer_than_all_that_is_kept_its_end_is_shown() {
        let json = format!("{{\"json\":\"{}the end\"}}", "x".repeat(20_000));
        let last = &json.as_bytes()[json.len() - 8_192..];
        let expected = format!("…{}the end\"}}", "x".repeat(Printed::LINE - 10));
        for end in ["", "\n", "\r\n\n", "\n\x1b[0m"] {
            let printed = [last, end.as_bytes()].concat();
            assert_eq!(last_lines(&printed, false, 2_000), expected, "{end:?}");
        }
        assert_eq!(last_lines(json.as_bytes(), true, 2_000), expected);
        assert_eq!(last_lines(&[last, b"\nwhole"].concat(), false, 2_000), "whole");
        let mut screen = Screen::new();
        screen.print(format!("{}\n", "x".repeat(100_000)).as_bytes());
        assert!(screen.look().ends_with("xxx"));
    }

    #[test]
    fn what_nothing_ends_swallows_no_more_than_its_line() {
        for begun in ["\x1b]0;title", "\x1b]8;;https://example.org/", "\x1bPq", "\x1b_G", "\x1b^x", "\x1bXx"]
        {
            check(&format!("before\n{begun}\nit went wrong\n"), "before\n\nit went wrong");
        }
        check("\x1b]0;title\x1b\\text", "text");
        check("\x1b]8;;https://example.org/\x07link\x1b]8;;\x07\nnext", "link\nnext");
    }

    #[test]
    fn what_is_hidden_or_turns_text_round_is_left_out() {
        check("a\u{202e}b\u{2066}c\u{2069}\u{200b}d\u{feff}e\u{200f}", "abcde");
        check("👩\u{200d}🚀", "👩\u{200d}🚀");
    }

    #[test]
    fn what_keeps_a_terminal_busy_takes_little_time() {
        let bombs = [
            "x\x1b[65535b",
            "\x1b[65535L",
            "\x1b[65535@",
            "\x1b[65535S",
            "\x1b[65535P\x1b[65535X",
            "\x1b[9999;9999Hx\n",
        ];
        for bomb in bombs {
            let mut screen = Screen::new();
            screen.print(bomb.repeat(MOST).as_bytes());
            let begun = Instant::now();
            screen.look();
            assert!(begun.elapsed() < Duration::from_secs(1), "{bomb:?} took {:?}", begun.elapsed());
        }
    }

    #[test]
    fn of_much_the_end_is_shown() {
        let mut screen = Screen::new();
        for n in 0..100_000 {
            screen.print(format!("line {n}\n").as_bytes());
        }
        let shown = screen.look();
        assert!(shown.ends_with("line 99999"), "{shown}");
        assert!(shown.lines().all(|line| line.starts_with("line ")), "{shown}");
        assert!(screen.news.capacity() <= 4 * MOST);
    }
}
