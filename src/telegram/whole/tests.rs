use std::{sync::Arc, time::SystemTime};

use flate2::read::GzDecoder;

use super::*;
use crate::{
    job::{JobId, Origin, Person, Spec, State},
    work::{Control, fib::fib},
};

fn job(ns: &[u64]) -> Job {
    let number = |n: &u64| Number { n: *n, digits: fib(*n, &Control::default()).unwrap() };
    let outcome = Outcome::Succeeded(Output::Numbers(ns.iter().map(number).collect()));
    let now = SystemTime::UNIX_EPOCH;
    Job {
        id: JobId(7),
        spec: if let [n] = ns { Spec::Fib(*n) } else { Spec::FibMulti(ns.to_vec()) },
        person: Person { id: 1, name: "Ann".to_owned() },
        origin: Origin::nowhere(),
        submitted: now,
        attempt: 1,
        state: State::Finished { started: Some(now), finished: now, outcome: Arc::new(outcome) },
    }
}

fn make(job: &Job, form: Form, limit: u64) -> Result<Document, NoDocument> {
    document(job, form, &Store::none(), limit, &CancellationToken::new())
}

fn content(document: &Document) -> Vec<u8> {
    let mut content = Vec::new();
    document.open(&Store::none()).unwrap().read_to_end(&mut content).unwrap();
    assert_eq!(content.len() as u64, document.length, "what Telegram is told");
    content
}

#[test]
fn the_form_follows_from_the_size() {
    // 20,899 digits.
    let job = job(&[100_000]);
    for (limit, wanted) in [
        (20_899, Form::Text),
        (20_898, Form::Packed),
        (9_947, Form::Packed),
        (9_946, Form::Summary),
        (0, Form::Summary),
    ] {
        assert_eq!(form(&job, limit), Some(wanted), "{limit}");
    }
    assert_eq!(form(&self::job(&[100]), 1), None, "the message shows it all");
}

#[test]
fn what_is_packed_is_as_large_as_was_said_and_can_be_read_twice() {
    let job = job(&[1_000_000]);
    let document = make(&job, Form::Packed, 1_000_000).unwrap();
    assert_eq!(document.name, "fib-1000000.txt.gz");
    let foreseen = packed(208_988);
    assert!((foreseen * 98 / 100..=foreseen).contains(&document.length), "{} {foreseen}", document.length);
    let Some(Output::Numbers(numbers)) = succeeded(&job) else { panic!() };
    for _ in 0..2 {
        let unpacked = io::read_to_string(GzDecoder::new(&content(&document)[..])).unwrap();
        assert_eq!(Some(unpacked.as_str()), numbers[0].digits.here());
    }
}

#[test]
fn what_grows_over_the_limit_while_it_is_packed_becomes_a_summary() {
    let document = make(&job(&[100_000]), Form::Packed, 5_000).unwrap();
    assert_eq!(document.name, "fib-100000-summary.txt");
    assert!(String::from_utf8(content(&document)).unwrap().contains("SHA-256"));
}

#[test]
fn what_nobody_wants_any_more_is_not_made() {
    let stop = CancellationToken::new();
    stop.cancel();
    for form in [Form::Packed, Form::Summary] {
        let made = document(&job(&[100_000]), form, &Store::none(), 20_000, &stop);
        assert_eq!(made.err(), Some(NoDocument::Stopped));
    }
}

#[test]
fn a_summary_of_several_has_each_of_them_and_short_ones_whole() {
    let document = make(&job(&[100_000, 10]), Form::Summary, 20_000).unwrap();
    assert_eq!(document.name, "fib-multi-100000-10-summary.txt");
    let text = String::from_utf8(content(&document)).unwrap();
    assert!(
        text.contains("The 100000th fibonacci number has 20,899 digits.\n\nThe first 1,000:\n"),
        "{text}"
    );
    assert!(text.contains("The 10th fibonacci number has 2 digits.\n\nAll of them:\n34\n"), "{text}");
    // echo -n 34 | sha256sum
    assert!(text.contains("86e50149658661312a9e0b35558d84f6c6d3da797f552a9657fe0558ca40cdef"), "{text}");
}
