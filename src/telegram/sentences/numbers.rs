//! Numbers, times and sizes for people, and texts cut to size.

use std::time::Duration;

use crate::{
    command::Language,
    telegram::language::{self, say},
};

/// `3rd`; `3.` in German.
pub(in crate::telegram) fn ordinal(n: u64) -> String {
    match language::current() {
        Language::English => english_ordinal(n),
        Language::German => format!("{n}."),
    }
}

/// 1st, 2nd, 3rd, 4th … 11th, 12th, 13th … 21st.
pub(super) fn english_ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// `1,234,567`, for counts; never for an ordinal.
pub(in crate::telegram) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(language::thousands_separator())
}

/// `850 kB`, `1 MB`, `12.5 MB`, `1.61 GB`: three digits at most, rounded as `divide` does.
pub(super) fn megabytes(bytes: u64, divide: fn(u64, u64) -> u64) -> String {
    // The third digit's unit.
    let mut unit = 1;
    while divide(bytes, unit) >= 1_000 {
        unit *= 10;
    }
    let digits = divide(bytes, unit);
    let (name, one) = match unit.saturating_mul(digits) {
        0..1_000_000 => ("kB", 1_000),
        1_000_000..1_000_000_000 => ("MB", 1_000_000),
        _ => ("GB", 1_000_000_000),
    };
    let rounded = unit.saturating_mul(digits);
    let fraction = format!("{:03}", rounded % one * 1_000 / one);
    match fraction.trim_end_matches('0') {
        "" => format!("{} {name}", rounded / one),
        fraction => format!("{} {name}", decimal(rounded / one, fraction)),
    }
}

/// `2.3`; `2,3` in German.
pub(super) fn decimal(whole: u64, fraction: impl std::fmt::Display) -> String {
    format!("{whole}{}{fraction}", language::decimal_point())
}

/// `150 µs`, `20 ms`, `2.3 s`, `12 s`, `3 min 20 s`, `1 h 5 min`.
pub(in crate::telegram) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() == 0 => format!("{} µs", duration.as_micros()),
        0 => format!("{} ms", duration.as_millis()),
        1..10 => {
            let text = format!("{:.1} s", duration.as_secs_f64());
            text.replace('.', &language::decimal_point().to_string())
        }
        10..60 => format!("{seconds} s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A long time: `30 days`; as [`duration`] where it is shorter than two days.
pub(super) fn days(time: Duration) -> String {
    match time.as_secs() / 86_400 {
        0..2 => duration(time),
        count => say!("days", count = count),
    }
}

/// How long a running job will take on: `about 5 s left`, `about 2 min left`. Coarser than a clock, because it is a guess.
pub(in crate::telegram) fn time_left(left: Duration) -> String {
    say!("about-left", time = coarse(left))
}

/// The same for the board's few columns: `~5 s left`.
pub(in crate::telegram) fn time_left_short(left: Duration) -> String {
    say!("about-left-short", time = coarse(left))
}

/// A time that is a guess: `5 s`, `90 s`, `2 min`.
pub(super) fn coarse(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1_000);
    match seconds {
        0..10 => format!("{} s", seconds.max(1)),
        10..60 => format!("{} s", (seconds + 2) / 5 * 5),
        60..=110 => format!("{} s", (seconds + 5) / 10 * 10),
        111..7_200 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

/// The text in at most `limit` UTF-16 units, as Telegram counts, with `…` where it was cut.
pub(in crate::telegram) fn cut(text: &str, limit: usize) -> String {
    if units(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(1);
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The lines, as many of them as so many units hold; `more` says of how many there is no room.
pub(super) fn lines_within(lines: &[String], most: usize, more: impl Fn(usize) -> String) -> String {
    let all = lines.join("\n");
    if units(&all) <= most {
        return all;
    }
    let mut left = most.saturating_sub(units(&more(lines.len())));
    let fits = |line: &&String| {
        let room = left.checked_sub(units(line) + 1);
        left = room.unwrap_or_default();
        room.is_some()
    };
    let kept: Vec<_> = lines.iter().take_while(fits).map(String::as_str).collect();
    let more = more(lines.len() - kept.len());
    kept.into_iter().chain([more.as_str()]).collect::<Vec<_>>().join("\n")
}

/// The length of a text as Telegram counts it: in UTF-16 units.
pub(in crate::telegram) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Decimetres as metres, hectograms as kilograms.
pub(super) fn tenths(value: u64) -> String {
    if value.is_multiple_of(10) { (value / 10).to_string() } else { decimal(value / 10, value % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::Language, telegram::language::within};

    #[test]
    fn ordinals() {
        let ordinals: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 100, 101, 111, 3_000_000].map(ordinal).into();
        let expected = [
            "1st",
            "2nd",
            "3rd",
            "4th",
            "11th",
            "12th",
            "13th",
            "21st",
            "100th",
            "101st",
            "111th",
            "3000000th",
        ];
        assert_eq!(ordinals, expected);
    }

    #[test]
    fn counts_durations_and_cuts() {
        assert_eq!([0, 999, 1000, 20_898_764].map(thousands), ["0", "999", "1,000", "20,898,764"]);
        let durations =
            [20, 2_300, 12_000, 60_000, 200_000, 3_900_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(durations, ["20 ms", "2.3 s", "12 s", "1 min", "3 min 20 s", "1 h 5 min"]);
        let left = [0, 4_200, 9_100, 31_000, 90_000, 121_000, 3_600_000, 7_201_000]
            .map(|ms| time_left(Duration::from_millis(ms)));
        let about = ["1 s", "5 s", "10 s", "30 s", "90 s", "2 min", "60 min", "2 h"];
        assert_eq!(left, about.map(|about| format!("about {about} left")));
        assert_eq!([cut("short", 5), cut("longer", 5)], ["short", "long…"]);
        assert_eq!([4, 60, 905].map(tenths), ["0.4", "6", "90.5"]);
    }

    #[test]
    fn numbers_and_times_in_german() {
        within(Language::German, || {
            assert_eq!([999, 20_898_764].map(thousands), ["999", "20.898.764"]);
            assert_eq!(duration(Duration::from_millis(2_300)), "2,3 s");
            assert_eq!(time_left(Duration::from_secs(5)), "noch etwa 5 s");
            assert_eq!(megabytes(12_500_000, u64::div_ceil), "12,5 MB");
            assert_eq!([ordinal(3), tenths(4)], ["3.", "0,4"]);
            assert_eq!(english_ordinal(3), "3rd", "what is quoted stays English");
        });
    }
}
