//! The figures, for people and for `plot.py`.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use anyhow::Result;

use crate::{
    machine::Notes,
    series::{Kind, Series, Turns},
};

/// What is known before anything is measured.
pub(crate) fn notes(notes: &Notes) {
    for (name, text) in notes {
        println!("{name:8} {text}");
    }
}

/// A table for each number.
pub(crate) fn table(series: &[Series]) {
    for series in series {
        let how = match series.kind {
            Kind::Within => "calls in this process",
            Kind::Process => "whole processes",
        };
        println!("\nn = {}, {how}", series.n);
        println!(
            "{:12}{:>8}{:>8}{:>12}{:>12}{:>12}{:>10}{:>10}{:>12}",
            "", "threads", "turns", "median", "minimum", "CPU", "memory", "to GMP", "to 1 thread"
        );
        for turns in &series.turns {
            println!(
                "{:12}{:>8}{:>8}{:>12}{:>12}{:>12}{:>10}{:>10}{:>12}",
                turns.contestant.library,
                turns.contestant.threads,
                turns.count(),
                time(turns.median()),
                time(turns.min()),
                time(turns.cpu()),
                turns.memory().map(megabytes).unwrap_or_default(),
                ratio(series.to_gmp(turns)),
                ratio(series.to_one_thread(turns)),
            );
        }
    }
    println!(
        "\nMedians over the turns; a ratio is the median of the rounds' own ratios. Memory is the most of any turn."
    );
}

/// A line for each contestant at each number, under lines of what is to be known.
pub(crate) fn csv(file: File, notes: &Notes, series: &[Series]) -> Result<()> {
    let mut file = BufWriter::new(file);
    for (name, text) in notes {
        writeln!(file, "# {name}: {text}")?;
    }
    writeln!(file, "kind,n,library,threads,turns,median_s,min_s,cpu_s,memory_bytes,to_gmp,to_one_thread")?;
    for series in series {
        for turns in &series.turns {
            writeln!(file, "{}", line(series, turns))?;
        }
    }
    Ok(file.flush()?)
}

fn line(series: &Series, turns: &Turns) -> String {
    let number =
        |value: Option<f64>, places: usize| value.map(|v| format!("{v:.places$}")).unwrap_or_default();
    [
        series.kind.name().to_owned(),
        series.n.to_string(),
        turns.contestant.library.to_string(),
        turns.contestant.threads.to_string(),
        turns.count().to_string(),
        number(turns.median(), 9),
        number(turns.min(), 9),
        number(turns.cpu(), 6),
        turns.memory().map(|bytes| bytes.to_string()).unwrap_or_default(),
        number(series.to_gmp(turns), 4),
        number(series.to_one_thread(turns), 4),
    ]
    .join(",")
}

/// Three digits and a unit.
fn time(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else { return String::new() };
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let places = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.places$} {unit}")
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default()
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", (bytes + 500_000) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let shown = [1.234e-6, 12.34e-6, 0.000_999, 0.1234, 1.0, 99.96].map(|seconds| time(Some(seconds)));
        assert_eq!(shown, ["1.23 µs", "12.3 µs", "999 µs", "123 ms", "1.00 s", "100 s"]);
        assert_eq!(time(None), "");
    }
}
