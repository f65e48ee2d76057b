use proptest::prelude::*;

use super::*;
use crate::{
    job::PokemonKey,
    schedule::{Day, Days, Interval},
};

const PRIVATE: Context<'static> = Context {
    private: true,
    owner: false,
    bot: "board_bot",
    reply_to_bot: false,
    card: None,
    catalog: Catalog::nothing(),
    viewer: Viewer::NOBODY,
};
const GROUP: Context<'static> = Context { private: false, ..PRIVATE };
const OWNER: Context<'static> = Context { owner: true, ..PRIVATE };

fn key(word: &str) -> PokemonKey {
    word.parse().unwrap()
}

#[track_caller]
fn check(text: &str, context: Context<'_>, expected: &str) {
    let shown = match parse(text, context) {
        Parsed::Command(command) => command.to_string(),
        Parsed::Error(error) => format!("error {error:?}").split(' ').take(2).collect::<Vec<_>>().join(" "),
        Parsed::NotForUs => "silence".to_owned(),
    };
    assert_eq!(shown, expected, "{text:?}");
}

#[test]
fn every_command_in_every_form() {
    for text in [
        "fib 10",
        "/fib 10",
        "/fib@board_bot 10",
        "FIB 10",
        "/Fib@Board_Bot 10",
        " fib  10 ",
        "@board_bot fib 10",
    ] {
        check(text, PRIVATE, "fib 10");
    }
    for text in
        ["fib-multi 1 2", "/fib-multi 1,2", "/fib_multi 1, 2", "fib_multi 1 , 2", "/FIB_multi@board_bot 1\n2"]
    {
        check(text, PRIVATE, "fib-multi 1 2");
    }
    check("fib 1_000_000", PRIVATE, "fib 1000000");
    check("dex 25", PRIVATE, "dex 25");
    check("dex Mr-Mime", PRIVATE, "dex mr-mime");
    check("/dex_multi 1 pikachu", PRIVATE, "dex-multi 1 pikachu");
    check("job", PRIVATE, "job");
    check("job #3", PRIVATE, "job 3");
    check("kill 1, 2 3", PRIVATE, "kill 1 2 3");
    check("kill ALL", PRIVATE, "kill all");
    check("retry 7", PRIVATE, "retry 7");
    check("settings", PRIVATE, "settings");
    check("/settings@board_bot RICH On", GROUP, "settings rich on");
    check("settings rich", PRIVATE, "error NotAValue");
    check("settings rihc on", PRIVATE, "error NoSuchSetting");
    check("settings rich on off", PRIVATE, "error TooMany");
    check("dash", PRIVATE, "dash");
    check("timeline", PRIVATE, "timeline light");
    check("/timeline@board_bot DARK", GROUP, "timeline dark");
    check("timeline blue", PRIVATE, "error NotATheme");
    check("timeline dark light", PRIVATE, "error TooMany");
    check("help", PRIVATE, "help");
    check("help fib_multi", PRIVATE, "help fib-multi");
    check("/start deep_link", PRIVATE, "start");
    check("quit", PRIVATE, "quit");
}

#[test]
fn what_is_scheduled_is_read_as_if_it_were_said() {
    for (text, expected) in [
        ("every 6h fib 100", "every 6h fib 100"),
        ("/every@board_bot 30MIN /fib_multi@board_bot 1,2", "every 30m fib-multi 1 2"),
        ("every 2 hours dex Mr-Mime", "every 2h dex mr-mime"),
        ("every 90m fib 1_000", "every 1h30m fib 1000"),
        ("every hour fib 1", "every 1h fib 1"),
        ("every day 03:00 dex pikachu", "every day 03:00 dex pikachu"),
        ("every day at 3:05, fib 10", "every day 03:05 fib 10"),
        ("Every Monday 09:00 fib 10", "every monday 09:00 fib 10"),
        ("every fri, mon and 09:00 fib 10", "error Schedule(NotATime"),
        ("every fri,mon 09:00 fib 10", "every monday friday 09:00 fib 10"),
        ("every weekday 23:59 fib 10", "every weekday 23:59 fib 10"),
        ("every sat sun 00:00 fib 10", "every weekend 00:00 fib 10"),
        ("at 18:30 dex-multi 1 2", "at 18:30 dex-multi 1 2"),
        ("at tomorrow 9:00 fib 10", "at tomorrow 09:00 fib 10"),
        ("at 2026-12-24 18:30 fib 10", "at 2026-12-24 18:30 fib 10"),
        ("schedules", "schedules"),
        ("unschedule 1, #2 3", "unschedule 1 2 3"),
    ] {
        check(text, PRIVATE, expected);
    }
    check("every 6h fib 100", GROUP, "silence");
    check("/every 6h fib 100", GROUP, "every 6h fib 100");
    check("every 6h stats", OWNER, "error Schedule(NotATask");
}

#[test]
fn what_is_wrong_with_a_schedule_is_named() {
    let error = |text: &str| match parse(text, PRIVATE) {
        Parsed::Error(ParseError::Schedule(error)) => format!("{error:?}"),
        Parsed::Error(error) => format!("{error:?}"),
        other => panic!("{text:?} gave {other:?}"),
    };
    for (text, expected) in [
        ("every", r#"Missing { command: "every", what: When }"#),
        ("every 6h", r#"Missing { command: "every", what: Scheduled }"#),
        ("every 6h /", r#"Missing { command: "every", what: Scheduled }"#),
        ("every 6h fbi 100", r#"UnknownCommand { word: "fbi", suggestion: Some("fib") }"#),
        ("every 6h fib", r#"Missing { command: "fib", what: Number }"#),
        ("every 6h fib x", r#"NotANumber { command: "fib", word: "x" }"#),
        ("every 6h fib 1 2", r#"TooMany { command: "fib", word: "2", words: "1 2" }"#),
        ("every 6h kill 3", r#"NotATask { command: "every", name: "kill" }"#),
        ("every 6h kill", r#"NotATask { command: "every", name: "kill" }"#),
        ("every 6h stats", r#"NotATask { command: "every", name: "stats" }"#),
        ("every 6h every 6h fib 1", r#"NotATask { command: "every", name: "every" }"#),
        ("at 18:30 at 18:30 fib 1", r#"NotATask { command: "at", name: "at" }"#),
        ("every 10s fib 1", r#"TooOften { word: "10s" }"#),
        ("every 10 seconds fib 1", r#"TooOften { word: "10seconds" }"#),
        ("every 400d fib 1", r#"TooSeldom { word: "400d" }"#),
        ("every month fib 1", r#"NoLength { word: "month" }"#),
        ("every 6 months fib 1", r#"NoLength { word: "6months" }"#),
        ("every 1M fib 1", r#"NoLength { word: "1M" }"#),
        ("every 5 M fib 1", r#"NoLength { word: "5M" }"#),
        ("every Y fib 1", r#"NoLength { word: "Y" }"#),
        ("every 6 fib 1", r#"NotAnInterval { word: "6" }"#),
        ("every -6h fib 1", r#"NotAnInterval { word: "-6h" }"#),
        ("every fib 1", r#"NotAnInterval { word: "fib" }"#),
        ("every day", r#"NotATime { command: "every", word: "" }"#),
        ("every day fib 1", r#"NotATime { command: "every", word: "fib" }"#),
        ("every day 24:00 fib 1", r#"NotATime { command: "every", word: "24:00" }"#),
        ("every day 3 fib 1", r#"NotATime { command: "every", word: "3" }"#),
        ("every day 03:00", r#"Missing { command: "every", what: Scheduled }"#),
        ("at", r#"Missing { command: "at", what: When }"#),
        ("at home", r#"NotATime { command: "at", word: "home" }"#),
        ("at 2026-02-30 18:30 fib 1", r#"NotADate { word: "2026-02-30" }"#),
        ("at 2026-12-24 fib 1", r#"NotATime { command: "at", word: "fib" }"#),
        ("at -1 18:30 fib 1", r#"NotADate { word: "-1" }"#),
        ("unschedule", r#"Missing { command: "unschedule", what: Schedules }"#),
        ("unschedule x", r#"NotASchedule { word: "x" }"#),
        ("schedules 3", r#"TooMany { command: "schedules", word: "3", words: "3" }"#),
        ("settings timezone", r#"NotAZone { word: "", suggestion: None }"#),
        ("settings timezone berlin", r#"NotAZone { word: "berlin", suggestion: Some("Europe/Berlin") }"#),
        ("settings missed often", r#"NotAValue { key: "missed", word: "often", values: ["run", "skip"] }"#),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    check("settings timezone europe/berlin", PRIVATE, "settings timezone Europe/Berlin");
    check("settings missed SKIP", PRIVATE, "settings missed skip");
}

#[test]
fn a_reply_to_a_card_means_its_task() {
    let reply = Context { reply_to_bot: true, card: Some(JobId(4)), ..GROUP };
    check("kill", reply, "kill 4");
    check("job", reply, "job 4");
    check("/retry", reply, "retry 4");
    check("kill 5", reply, "kill 5");
    check("fib 10", reply, "fib 10");
    check("thanks!", reply, "silence");
    check("kill", PRIVATE, "error Missing");
}

#[test]
fn in_a_group_only_what_is_addressed_to_us() {
    check("/fib 10", GROUP, "fib 10");
    check("/fib_multi@board_bot 10 20", GROUP, "fib-multi 10 20");
    check("@board_bot dash", GROUP, "dash");
    check("fib 10", GROUP, "silence");
    check("job well done", GROUP, "silence");
    check("/fib@other_bot 10", GROUP, "silence");
    check("/fbi 10", GROUP, "silence");
    check("/fbi@board_bot 10", GROUP, "error UnknownCommand");
    check("/fib@other_bot 10", PRIVATE, "silence");
    check("", PRIVATE, "silence");
}

#[test]
fn errors_name_the_word() {
    let error = |text: &str| match parse(text, PRIVATE) {
        Parsed::Error(error) => error,
        other => panic!("{text:?} gave {other:?}"),
    };
    let word = |word: &str| word.to_owned();
    assert_eq!(error("fib 0"), ParseError::Zero { command: "fib" });
    assert_eq!(error("fib -1"), ParseError::NotANumber { command: "fib", word: word("-1") });
    assert_eq!(error("fib 1e400"), ParseError::NotANumber { command: "fib", word: word("1e400") });
    assert_eq!(error("fib ١٠"), ParseError::NotANumber { command: "fib", word: word("١٠") });
    assert_eq!(
        error("fib 99999999999999999999"),
        ParseError::TooLarge { command: "fib", word: word("99999999999999999999") }
    );
    assert_eq!(
        error("fib 1,000"),
        ParseError::TooMany { command: "fib", word: word("000"), words: word("1 000") }
    );
    assert_eq!(error("fib-multi 1 x"), ParseError::NotANumber { command: "fib-multi", word: word("x") });
    assert_eq!(error("kill x"), ParseError::NotATask { command: "kill", word: word("x") });
    assert_eq!(error("dex ../../x"), ParseError::NotAPokemon { command: "dex", word: word("../../x") });
    assert_eq!(error("dex <b>"), ParseError::NotAPokemon { command: "dex", word: word("<b>") });
    let many = format!("kill {}", "1 ".repeat(MAX_NAMED + 1));
    let too_many = ParseError::TooManyNamed { command: "kill", most: MAX_NAMED, count: MAX_NAMED + 1 };
    assert_eq!(error(&many), too_many);
}

#[test]
fn owners_commands_are_for_owners_in_private() {
    for command in ["allow", "allow -1001234567890", "deny 12", "stats", "pause", "resume"] {
        check(command, OWNER, command);
        check(command, PRIVATE, "error OwnersOnly");
        check(&format!("/{command}"), GROUP, "error OwnersOnly");
    }
    check("/allow@board_bot \u{2212}5", OWNER, "allow -5");
    for wrong in ["allow 0", "deny x", "allow 1.5", "allow 99999999999999999999"] {
        check(wrong, OWNER, "error NotAChat");
    }
    check("allow 1 2", OWNER, "error TooMany");
    check("stats now", OWNER, "error TooMany");
    // Whatever stands behind it, the others hear that it is not theirs.
    check("allow x y", PRIVATE, "error OwnersOnly");
    check("help stats", OWNER, "help stats");
    check("help stats", PRIVATE, "error UnknownCommand");
}

#[test]
fn owners_commands_are_suggested_to_owners_only() {
    for entry in COMMANDS.iter().filter(|entry| entry.owners) {
        let typo = format!("{}x", entry.name);
        for (context, expected) in [(OWNER, Some(entry.name)), (PRIVATE, None)] {
            for text in [typo.clone(), format!("help {typo}")] {
                let Parsed::Error(ParseError::UnknownCommand { suggestion, .. }) = parse(&text, context)
                else {
                    panic!("{text}")
                };
                let suggestion = suggestion.as_deref().filter(|name| *name == entry.name);
                assert_eq!(suggestion, expected, "{text}");
            }
        }
    }
}

#[test]
fn a_mistyped_command_gets_the_nearest_one() {
    let suggestion = |text: &str| match parse(text, PRIVATE) {
        Parsed::Error(ParseError::UnknownCommand { suggestion, .. }) => suggestion.map(Cow::into_owned),
        other => panic!("{text:?} gave {other:?}"),
    };
    assert_eq!(suggestion("fbi 100").as_deref(), Some("fib"));
    assert_eq!(suggestion("fib-mutli 1 2").as_deref(), Some("fib-multi"));
    assert_eq!(suggestion("/kil 3").as_deref(), Some("kill"));
    assert_eq!(suggestion("help dsah").as_deref(), Some("dash"));
    assert_eq!(suggestion("hello"), None);
    assert_eq!(suggestion("x"), None);
}

fn any_key() -> impl Strategy<Value = PokemonKey> {
    "[1-9][0-9]{0,4}|[a-z][a-z0-9-]{0,20}".prop_map(|word| key(&word))
}

fn any_when() -> impl Strategy<Value = When> {
    let time = || (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| jiff::civil::time(hour, minute, 0, 0));
    let day = prop_oneof![
        Just(Day::Next),
        Just(Day::Tomorrow),
        (1..10_000_i16, 1..13_i8, 1..29_i8).prop_map(|(y, m, d)| Day::On(jiff::civil::date(y, m, d))),
    ];
    prop_oneof![
        (60..=366 * 86_400_u64).prop_map(|seconds| When::Every(Interval::try_from(seconds).unwrap())),
        (1..128_u8, time()).prop_map(|(days, time)| When::On(Days::try_from(days).unwrap(), time)),
        (day, time()).prop_map(|(day, time)| When::At(day, time)),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let ids = prop::collection::vec(any::<u64>().prop_map(JobId), 1..=MAX_NAMED);
    prop_oneof![
        (1..=u64::MAX).prop_map(|n| Command::Submit(Spec::Fib(n))),
        prop::collection::vec(1..=u64::MAX, 1..=200).prop_map(|ns| Command::Submit(Spec::FibMulti(ns))),
        any_key().prop_map(|key| Command::Submit(Spec::Dex(key))),
        prop::collection::vec(any_key(), 1..10).prop_map(|keys| Command::Submit(Spec::DexMulti(keys))),
        (any_when(), 1..=u64::MAX).prop_map(|(when, n)| Command::Schedule(when, Spec::Fib(n))),
        prop::collection::vec(any::<u64>().prop_map(ScheduleId), 1..=MAX_NAMED).prop_map(Command::Unschedule),
        Just(Command::Schedules),
        prop::option::of(any::<u64>().prop_map(JobId)).prop_map(Command::Job),
        ids.prop_map(Command::Kill),
        any::<u64>().prop_map(|id| Command::Retry(JobId(id))),
        prop::option::of(0..COMMANDS.len()).prop_map(|i| Command::Help(i.map(|i| Topic::Own(&COMMANDS[i])))),
        prop::option::of((1..=i64::MAX).prop_map(ChatId)).prop_map(Command::Allow),
        prop::option::of((i64::MIN..=-1).prop_map(ChatId)).prop_map(Command::Deny),
        prop_oneof![Just(Command::Stats), Just(Command::Pause), Just(Command::Resume)],
        prop_oneof![Just(Command::KillAll), Just(Command::Dash), Just(Command::Start), Just(Command::Quit)],
    ]
}

proptest! {
    #[test]
    fn parse_never_panics(text in "\\PC{0,200}|[/@a-z_, 0-9\\s-]{0,60}", private: bool, reply: bool, owner: bool, card: Option<u64>) {
        let context = Context { private, owner, reply_to_bot: reply, card: card.map(JobId), ..PRIVATE };
        let _ = parse(&text, context);
    }

    #[test]
    fn a_printed_command_is_parsed_back(command in any_command()) {
        prop_assert_eq!(parse(&command.to_string(), OWNER), Parsed::Command(command.clone()));
        let in_group = format!("/{command}").replacen(' ', "@board_bot ", 1);
        if in_group.contains('@') {
            prop_assert_eq!(parse(&in_group, Context { owner: true, ..GROUP }), Parsed::Command(command));
        }
    }
}
