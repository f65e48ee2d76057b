//! What programs show of themselves: their last lines, and how far they are.

use teloxide::utils::html::escape;

use super::Told;
use crate::{
    board::Snapshot,
    job::{Printed, ProgramFailure, State},
    telegram::sentences::{cut, programs as words, units},
};

/// Lines and UTF-16 units of a tail on a card or a result.
pub(super) const MANY: (usize, usize) = (Printed::LINES, Printed::TAIL);
/// The same while a program runs, and where its end is announced.
pub(super) const FEW: (usize, usize) = (8, 600);
/// Units of what a program says of its progress.
const WORDS: usize = 100;

pub(super) fn succeeded(printed: &Printed) -> Told {
    Told { text: words::succeeded(printed), complete: printed.file.is_none(), ..told(printed) }
}

pub(super) fn failed(failure: &ProgramFailure) -> Told {
    Told { text: words::ended(failure), complete: failure.printed.file.is_none(), ..told(&failure.printed) }
}

fn told(printed: &Printed) -> Told {
    Told { tail: printed.tail.clone(), ..Told::default() }
}

/// The last lines of a program that runs; empty where there are none.
pub(super) fn live(snapshot: &Snapshot) -> String {
    shown(snapshot).map(|shown| tail(&shown.tail, FEW)).unwrap_or_default()
}

/// What a running program says of how far it is, escaped.
pub(super) fn words(snapshot: &Snapshot) -> Option<String> {
    let said = shown(snapshot)?.words.as_deref()?;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (!said.is_empty()).then(|| escape(&cut(&said, WORDS)))
}

fn shown(snapshot: &Snapshot) -> Option<&crate::work::Shown> {
    let is_running = matches!(snapshot.job.state, State::Running { .. } | State::Cancelling { .. });
    snapshot.shown.as_deref().filter(|_| is_running)
}

/// The last of these lines in so many lines and units, below a blank line; empty where there are none.
pub(super) fn tail(text: &str, bounds: (usize, usize)) -> String {
    let (kept, _) = last(text, bounds);
    if kept.is_empty() {
        return String::new();
    }
    format!("\n\n<pre>{}</pre>", escape(&kept.join("\n")))
}

/// Whether that is all of them.
pub(super) fn is_whole(text: &str, bounds: (usize, usize)) -> bool {
    last(text, bounds).1
}

fn last(text: &str, (lines, most): (usize, usize)) -> (Vec<String>, bool) {
    let mut kept: Vec<String> = Vec::new();
    let (mut left, mut is_whole) = (most, true);
    for (at, line) in text.trim_end().lines().rev().enumerate() {
        let shown = cut(line, Printed::LINE);
        let less = left.checked_sub(units(&shown) + 1).filter(|_| at < lines);
        let Some(less) = less else {
            is_whole = false;
            break;
        };
        is_whole &= shown == line;
        left = less;
        kept.push(shown);
    }
    kept.reverse();
    (kept, is_whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::{sync::Arc, time::SystemTime};

    use super::*;
    use crate::{
        job::{Call, Failure, Job, JobId, Kept, Made, Origin, Outcome, Output, Person, ProgramEnd, Spec},
        telegram::render::{announcement, card, result},
        work::Shown,
    };

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn backup(state: State) -> Snapshot {
        let call = Call { name: "backup".to_owned(), arguments: Vec::new(), weight: 0 };
        let (person, origin) = (Person { id: 1, name: "Ann".to_owned() }, Origin::nowhere());
        let spec = Spec::Declared(call);
        Job { id: JobId(3), spec, person, origin, submitted: NOW, attempt: 1, state }.into()
    }

    fn ended(outcome: Outcome) -> Snapshot {
        backup(State::Finished { started: Some(NOW), finished: NOW, outcome: Arc::new(outcome) })
    }

    fn printed(tail: &str, kept: bool) -> Printed {
        let file = kept.then(|| Kept { file: "1-3.out".to_owned(), offset: 0, bytes: 9 });
        Printed { tail: tail.to_owned(), bytes: tail.len() as u64, file, ..Printed::default() }
    }

    #[test]
    fn a_running_program_shows_its_last_lines_and_what_it_says_of_itself() {
        let shown = |snapshot| {
            let words = Some("copying <orders>\nnow".to_owned());
            let shown = Shown { tail: "a & b".to_owned(), share: Some(0.5), words };
            Snapshot { progress: Some(0.5), shown: Some(Arc::new(shown)), ..snapshot }
        };
        let running = shown(backup(State::Running { started: NOW }));
        for content in [card(&running, NOW), result(&running, NOW)] {
            assert!(content.html.contains("50 %"), "{}", content.html);
            assert!(content.html.contains("\ncopying &lt;orders&gt; now"), "{}", content.html);
            assert!(content.html.contains("<pre>a &amp; b</pre>"), "{}", content.html);
        }
        let queued = card(&shown(backup(State::Queued)), NOW).html;
        assert!(
            !queued.contains("<pre>") && !queued.contains("copying"),
            "what ran before is over: {queued}"
        );
    }

    #[test]
    fn the_end_of_a_program_says_how_and_shows_its_last_lines() {
        let done = ended(Outcome::Succeeded(Output::Printed(printed("1 GB saved", false))));
        let content = card(&done, NOW);
        assert!(
            content.html.ends_with("in 0 µs\n\n<pre>1 GB saved</pre>") && content.keyboard.is_none(),
            "{content:?}"
        );
        let silent = ended(Outcome::Succeeded(Output::Printed(Printed::default())));
        assert!(result(&silent, NOW).html.starts_with("It printed nothing."));
        let failed = Failure::program(ProgramEnd::Exited(3), printed("no <space>", true));
        let failed = ended(Outcome::Failed(failed));
        for content in [card(&failed, NOW), result(&failed, NOW)] {
            assert!(content.html.contains("It ended with status 3."), "{}", content.html);
            assert!(content.html.contains("<pre>no &lt;space&gt;</pre>"), "{}", content.html);
            let keyboard = format!("{:?}", content.keyboard);
            assert!(keyboard.contains("Whole output") && keyboard.contains("Retry"), "{keyboard}");
        }
        assert!(announcement(&failed.job, NOW).html.contains("<pre>no &lt;space&gt;</pre>"));
        let killed = ended(Outcome::Failed(Failure::program(ProgramEnd::Signalled(9), Printed::default())));
        assert!(card(&killed, NOW).html.contains("It was ended by SIGKILL (9)."));
    }

    #[test]
    fn files_are_announced() {
        let kept = Kept { file: "1-3.out".to_owned(), offset: 9, bytes: 9 };
        let made = vec![Made { name: "a.png".to_owned(), kept }; 2];
        let rendered = Printed { made, left_out: 1, ..printed("", false) };
        let html = card(&ended(Outcome::Succeeded(Output::Printed(rendered))), NOW).html;
        assert!(html.contains("The 2 files it made follow."), "{html}");
        assert!(html.contains("One more file is too large"), "{html}");
    }

    #[test]
    fn the_last_lines_are_shown_and_are_no_markup() {
        assert_eq!(tail("", MANY), "");
        assert_eq!(tail("\n\n", MANY), "");
        assert_eq!(tail("a\n<b>&\n\n", MANY), "\n\n<pre>a\n&lt;b&gt;&amp;</pre>");
        assert_eq!(tail("1\n2\n3", (2, 100)), "\n\n<pre>2\n3</pre>");
        assert_eq!(tail("one\ntwo", (9, 5)), "\n\n<pre>two</pre>");
    }

    #[test]
    fn what_an_announcement_leaves_out_is_behind_its_button() {
        let announced = |tail: &str| {
            let done = ended(Outcome::Succeeded(Output::Printed(printed(tail, false))));
            announcement(&done.job, NOW)
        };
        assert!(announced("1\n2\n3").keyboard.is_none());
        assert!(announced(&"1\n".repeat(9)).keyboard.is_some());
        assert!(announced(&"x".repeat(201)).keyboard.is_some());
    }

    proptest! {
        #[test]
        fn a_card_shows_what_is_not_kept_as_a_file(
            lines in prop::collection::vec(prop_oneof!["x{0,30}", "[x👍]{90,210}"], 0..25),
        ) {
            let text = lines.join("\n");
            let text = text.trim_end();
            prop_assert_eq!(Printed::is_shown_whole(text), is_whole(text, MANY), "{}", text);
            prop_assert!(!is_whole(text, MANY) || tail(text, MANY).contains(text), "{}", text);
        }

        #[test]
        fn no_tail_is_longer_than_it_may_be(text in any::<String>(), lines in 0..30_usize, most in 0..500_usize) {
            let html = tail(&text, (lines, most));
            let inner = html.strip_prefix("\n\n<pre>").and_then(|html| html.strip_suffix("</pre>")).unwrap_or("");
            // What is escaped counts as the one letter that it is.
            let plain = inner.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
            prop_assert!(units(&plain) <= most);
            prop_assert!(plain.lines().count() <= lines);
        }
    }
}
