//! The samples of one comparison, and what is said of them.

use crate::contestant::{Contestant, Library};

/// One turn of a contestant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Wall clock.
    pub(crate) seconds: f64,
    /// What else is known of a whole process.
    pub(crate) process: Option<Process>,
}

/// What the system says of a process that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    /// Seconds of CPU, in user mode and in the system, of all threads.
    pub(crate) cpu: f64,
    /// The most memory it had, in bytes.
    pub(crate) memory: u64,
}

/// How a contestant was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Calls inside this process.
    Within,
    /// Whole processes.
    Process,
}

impl Kind {
    /// As the file of figures calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Process => "process",
        }
    }
}

/// All turns of one contestant at one number, one a round; `None` where it was left out.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    pub(crate) contestant: Contestant,
    pub(crate) rounds: Vec<Option<Sample>>,
}

/// What was measured at one number.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) kind: Kind,
    /// Which number, counted from the 1st = 0.
    pub(crate) n: u64,
    pub(crate) turns: Vec<Turns>,
}

impl Series {
    /// A comparison of these, without any turn yet.
    pub(crate) fn new(kind: Kind, n: u64, contestants: impl IntoIterator<Item = Contestant>) -> Self {
        let empty = |contestant| Turns { contestant, rounds: Vec::new() };
        Self { kind, n, turns: contestants.into_iter().map(empty).collect() }
    }

    /// How many times as long as GMP: the median over the rounds of both.
    pub(crate) fn to_gmp(&self, turns: &Turns) -> Option<f64> {
        let gmp = Contestant { library: Library::Gmp, threads: 1 };
        self.ratio(turns, gmp)
    }

    /// How many times as long as the same library's one thread; `None` for one thread.
    pub(crate) fn to_one_thread(&self, turns: &Turns) -> Option<f64> {
        let one = Contestant { threads: 1, ..turns.contestant };
        (turns.contestant != one).then(|| self.ratio(turns, one)).flatten()
    }

    fn ratio(&self, turns: &Turns, to: Contestant) -> Option<f64> {
        let base = self.turns.iter().find(|turns| turns.contestant == to)?;
        let both = turns.rounds.iter().zip(&base.rounds).filter_map(|(one, other)| (*one).zip(*other));
        median(both.map(|(one, other)| one.seconds / other.seconds))
    }
}

impl Turns {
    /// How many turns it had.
    pub(crate) fn count(&self) -> usize {
        self.samples().count()
    }

    /// Seconds of wall clock.
    pub(crate) fn median(&self) -> Option<f64> {
        median(self.samples().map(|sample| sample.seconds))
    }

    /// Seconds of wall clock of the best turn.
    pub(crate) fn min(&self) -> Option<f64> {
        self.samples().map(|sample| sample.seconds).min_by(f64::total_cmp)
    }

    /// Seconds of CPU, the median.
    pub(crate) fn cpu(&self) -> Option<f64> {
        median(self.samples().filter_map(|sample| sample.process).map(|process| process.cpu))
    }

    /// The most memory of any turn, in bytes.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.samples().filter_map(|sample| sample.process).map(|process| process.memory).max()
    }

    fn samples(&self) -> impl Iterator<Item = Sample> {
        self.rounds.iter().copied().flatten()
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (&low, &high) = (values.get(values.len().saturating_sub(1) / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(library: Library, threads: u16, seconds: &[f64]) -> Turns {
        // 0 stands for a round that was left out.
        let sample = |&seconds: &f64| (seconds > 0.0).then_some(Sample { seconds, process: None });
        Turns { contestant: Contestant { library, threads }, rounds: seconds.iter().map(sample).collect() }
    }

    #[test]
    fn a_ratio_is_of_the_rounds_and_not_of_the_medians() {
        let all = vec![
            turns(Library::Gmp, 1, &[1.0, 2.0, 10.0]),
            turns(Library::Jobboard, 1, &[0.5, 1.0, 1.0]),
            turns(Library::Jobboard, 2, &[0.25, 0.5, 0.25]),
            turns(Library::Dashu, 1, &[3.0, 0.0, 0.0]),
        ];
        let series = Series { kind: Kind::Within, n: 1000, turns: all };
        let to_gmp: Vec<_> = series.turns.iter().map(|turns| series.to_gmp(turns)).collect();
        assert_eq!(to_gmp, [Some(1.0), Some(0.5), Some(0.25), Some(3.0)]);
        let to_one: Vec<_> = series.turns.iter().map(|turns| series.to_one_thread(turns)).collect();
        assert_eq!(to_one, [None, None, Some(0.5), None]);
    }

    #[test]
    fn what_is_said_of_turns() {
        let some = turns(Library::Gmp, 1, &[4.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!((some.count(), some.median(), some.min()), (4, Some(2.5), Some(1.0)));
        assert_eq!(turns(Library::Gmp, 1, &[]).median(), None);
    }
}
