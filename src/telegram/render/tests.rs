use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    board::{Hold, Page, Verdict},
    job::{
        CancelReason, Digits, Failure, JobId, Kept, Made, MessageId, Number, Origin, Person, Place, Pokemon,
        PokemonKey, Printed, ProgramEnd, Spec,
    },
    telegram::dash::View,
};

/// Telegram's bounds, after entities: <https://core.telegram.org/bots/api#sendmessage>.
const MAX_TEXT: usize = 4096;

fn snapshot(id: u64, spec: Spec, state: State) -> Snapshot {
    let person = Person { id: 1, name: "Ann".to_owned() };
    let origin = Origin { message: MessageId(1), thread: None, callback: None };
    let job = Job { id: JobId(id), spec, person, origin, submitted: NOW, attempt: 1, state };
    Snapshot { progress: Some(0.5), ..job.into() }
}

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn finished(outcome: Outcome) -> State {
    State::Finished { started: Some(NOW), finished: NOW, outcome: Arc::new(outcome) }
}

/// As Telegram shows it: without tags, entities decoded.
fn shown(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z<>&\"]{0,40}", "(🦀|&|<b>|x){0,2000}", "\\PC{0,300}"]
}

fn any_printed() -> impl Strategy<Value = Printed> {
    let kept = |bytes| Kept { file: "1-1.out".to_owned(), offset: 0, bytes };
    (any_text(), any::<u64>(), proptest::option::of(any::<u64>()), 0..12_usize).prop_map(
        move |(text, bytes, file, made)| Printed {
            tail: text.replace('b', "\n"),
            bytes,
            file: file.map(kept),
            made: vec![Made { name: "image.png".to_owned(), kept: kept(7) }; made],
            left_out: made / 2,
            lost: made as u64,
        },
    )
}

fn any_failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        any_text().prop_map(Failure::PokeApiNonsense),
        Just(Failure::Panicked),
        any_printed().prop_map(|printed| Failure::program(ProgramEnd::Exited(3), printed)),
        any_text().prop_map(|why| Failure::program(ProgramEnd::NotStarted(why), Printed::default())),
        Just(Failure::AllMembers(vec![("x".parse().unwrap(), Failure::PokeApiTimedOut); 100])),
    ]
}

fn any_pokemon() -> impl Strategy<Value = Pokemon> {
    (any_text(), any_text()).prop_map(|(name, other)| Pokemon {
        id: u64::MAX,
        name,
        types: vec![other.clone(); 3],
        height: 1,
        weight: u64::MAX,
        abilities: vec![(other, true)],
        stats: Vec::new(),
        sprite: Some(Arc::from([1])),
    })
}

fn any_output() -> impl Strategy<Value = Output> {
    let number = (1..=u64::MAX, 1..5000usize)
        .prop_map(|(n, length)| Number { n, digits: Digits::from_canonical("7".repeat(length)) });
    let key: PokemonKey = "mew".parse().unwrap();
    let result =
        prop_oneof![any_pokemon().prop_map(|pokemon| Ok(Arc::new(pokemon))), any_failure().prop_map(Err)];
    let member = result.prop_map(move |result| MemberResult { key: key.clone(), result });
    prop_oneof![
        prop::collection::vec(number, 1..=100).prop_map(Output::Numbers),
        prop::collection::vec(member, 1..=20).prop_map(Output::Pokemon),
        any_printed().prop_map(Output::Printed),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any_output().prop_map(Outcome::Succeeded),
        any_failure().prop_map(Outcome::Failed),
        any_text().prop_map(|by| Outcome::Cancelled(CancelReason::Killed { by })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_ends_fits_a_message_and_a_caption(outcome in any_outcome()) {
        let spec = Spec::FibMulti(vec![u64::MAX; 100]);
        let snapshot = snapshot(u64::MAX, spec, finished(outcome));
        let times = [MemberTimes {
            queued: NOW,
            began: Some((NOW, Place::Worker(u32::MAX - 1))),
            ended: Some((NOW + Duration::from_secs(86_399), Ended::Cancelled)),
        }; 100];
        let snapshot = Snapshot { times: Arc::new(times), ..snapshot };
        for content in [card(&snapshot, NOW), result(&snapshot, NOW), announcement(&snapshot.job, NOW)] {
            let units = units(&shown(&content.html));
            prop_assert!(units <= if content.photo.is_some() { MAX_CAPTION } else { MAX_TEXT }, "{units}");
        }
    }

    #[test]
    fn whatever_shares_a_message_fits_it(outcome in any_outcome(), count in 1..=100u64, far in any::<bool>()) {
        let first = if far { u64::MAX - 200 } else { 1 };
        let state = finished(outcome);
        let spec = Spec::FibMulti(vec![u64::MAX; 100]);
        let snapshots: Vec<_> =
            (0..count).map(|n| snapshot(first + 2 * n, spec.clone(), state.clone())).collect();
        prop_assert!(units(&shown(&merged(&snapshots).html)) <= MAX_TEXT);
    }

    #[test]
    fn every_kill_report_fits_a_message(command in any_text(), count in 1..=100usize) {
        let reply_to = Origin { message: MessageId(1), thread: None, callback: None };
        let verdicts = vec![(JobId(u64::MAX), Verdict::AlreadyCancelled(command)); count];
        let content = kill_report(&KillReport { reply_to, verdicts });
        prop_assert!(units(&shown(&content.html)) <= MAX_TEXT);
    }
}

#[test]
fn several_cards_have_a_line_each() {
    let number = Number { n: 10, digits: Digits::from_canonical("1234567890123".to_owned()) };
    let done = finished(Outcome::Succeeded(Output::Numbers(vec![number])));
    let spec = || Spec::Fib(100);
    let snapshots = [
        snapshot(9, spec(), done),
        snapshot(10, spec(), State::Queued),
        snapshot(11, Spec::FibMulti(vec![1_000_000; 5]), State::Running { started: NOW }),
        snapshot(14, spec(), finished(Outcome::Failed(Failure::Panicked))),
    ];
    assert_eq!(
        shown(&merged(&snapshots).html),
        "Tasks 9–11 and 14 are submitted\n2 of 4 are done\n \
         9 fib 100          = 12345678…\n10 fib 100          queued\n11 fib-multi 100000 running\n\
         14 fib 100          failed\njob NUM tells the whole of one."
    );
}

#[test]
fn the_board_keeps_its_columns_whatever_the_ids() {
    let command = Spec::FibMulti(vec![1_000_000; 5]);
    for (id, columns) in [(1, 31), (100, 31), (1000, 32)] {
        let states = [State::Queued, State::Running { started: NOW }, State::Cancelling { started: NOW }];
        let done = finished(Outcome::Failed(Failure::PokeApiNonsense("🦀".repeat(500))));
        let jobs =
            states.into_iter().chain([done]).map(|state| snapshot(id, command.clone(), state)).collect();
        let page = Page { jobs, number: 0, pages: 1, total: 4, running: 2, queued: 1, held: None };
        let frame = Frame { view: View::first(1), live: true, private: false };
        let text = shown(&dash(&page, frame, NOW).html);
        for line in text.lines().skip(1) {
            assert!(line.chars().count() <= columns, "{line:?}");
        }
        assert!(text.contains(&command.to_string()[..16]), "{text}");
    }
}

#[test]
fn a_result_of_several_tells_each_members_way() {
    let at = |ms| NOW + Duration::from_millis(ms);
    let times = |place, end: u64, how| MemberTimes {
        queued: NOW,
        began: Some((at(1), place)),
        ended: Some((at(1 + end), how)),
    };
    let all = [
        times(Place::AtOnce, 0, Ended::Succeeded),
        times(Place::Worker(1), 12, Ended::Succeeded),
        times(Place::Worker(0), 30, Ended::Failed),
        MemberTimes { queued: NOW, began: None, ended: Some((at(31), Ended::Cancelled)) },
    ];
    let spec = Spec::FibMulti(vec![10, 5_000, 6_000, 7_000]);
    let state = finished(Outcome::Failed(Failure::Panicked));
    let failed = Snapshot { times: Arc::new(all), ..snapshot(3, spec.clone(), state) };
    let text = shown(&result(&failed, NOW).html);
    let expected = [
        "✗ fib 6000 · failed after 30 ms · worker 1",
        "✗ fib 7000 · cancelled before it began",
        "fib 10 · 0 µs · at once",
        "fib 5000 · 12 ms · worker 2",
    ];
    assert_eq!(
        text.lines().rev().take(4).collect::<Vec<_>>(),
        expected.into_iter().rev().collect::<Vec<_>>()
    );

    let waiting = MemberTimes { queued: NOW, began: None, ended: None };
    let running = Snapshot {
        times: Arc::new([MemberTimes { ended: None, ..all[1] }, waiting]),
        ..snapshot(3, spec.clone(), State::Running { started: NOW })
    };
    let text = shown(&result(&running, at(4_001)).html);
    assert!(text.starts_with("Still waiting"), "{text}");
    assert!(text.ends_with("\n▸ fib 10 · runs for 4.0 s · worker 2\nfib 5000 · waits"), "{text}");

    // One that is alone says all of it in its first line.
    let alone = Snapshot { times: Arc::new([all[1]]), ..snapshot(3, Spec::Fib(5_000), State::Queued) };
    assert!(!result(&alone, NOW).html.contains("worker"));

    // A hundred with long results: as many as there is room for.
    let number = |n| Number { n, digits: Digits::from_canonical("7".repeat(2_000)) };
    let spec = Spec::FibMulti((10_001..=10_100).collect());
    let state = finished(Outcome::Succeeded(Output::Numbers((10_001..=10_100).map(number).collect())));
    let hundred = Snapshot { times: Arc::new([all[1]; 100]), ..snapshot(3, spec, state) };
    let text = shown(&result(&hundred, NOW).html);
    assert!(text.lines().filter(|line| line.ends_with("worker 2")).count() >= 60, "{text}");
    assert!(text.contains("more; timeline draws them all"), "{text}");
}

#[test]
fn a_sentence_in_front_leaves_a_caption_that_fits() {
    let card = |length: usize| Content { photo: Some(vec![0].into()), ..Content::text(&"x".repeat(length)) };
    for (length, has_photo) in [(10, true), (1_000, false)] {
        let mut content = card(length);
        content.tell_first(&sentences::topic_gone());
        assert_eq!(content.photo.is_some(), has_photo);
    }
}

#[test]
fn what_the_owner_holds_says_so_and_tells_no_place() {
    let mut held = snapshot(1, Spec::Fib(10), State::Queued);
    held.held = Some(Hold::Owner);
    held.waits_for_memory = true;
    let card = shown(&card(&held, NOW).html);
    assert_eq!(
        card,
        "Task 1 is submitted\nfib 10 · queued\n\nAn owner has paused the bot: this task begins when tasks start again."
    );
    let page = Page {
        jobs: vec![held.clone()],
        pages: 1,
        total: 1,
        queued: 1,
        held: Some(Hold::Owner),
        ..Page::default()
    };
    let frame = Frame { view: View::first(1), live: false, private: true };
    let dash = shown(&dash(&page, frame, NOW).html);
    assert!(
        dash.contains("An owner has paused the bot: what is queued waits.") && !dash.contains("memory"),
        "{dash}"
    );
    let all = shown(&merged(&[held.clone(), held]).html);
    assert!(all.contains("An owner has paused"), "{all}");
}
