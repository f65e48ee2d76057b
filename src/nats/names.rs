//! What everything is called on NATS. All of it is below the bot's id, so that several bots may share one NATS.

use std::fmt;

use crate::job::{ChatId, JobId, Member, Resource};

/// The names of one bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    bot: u64,
}

/// A job, among all of the bot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey {
    /// Its chat, as it was called when the job was handed out.
    pub chat: ChatId,
    /// Its number there.
    pub job: JobId,
}

/// An order: a job's member that is handed out for the `turn`-th time, from 1. A worker that gives it back ends the turn;
/// one that dies does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The job.
    pub job: JobKey,
    /// Which of its members, from 0.
    pub member: usize,
    /// Which turn, from 1.
    pub turn: u32,
}

/// Who gets an order: the kind is a word of its subject, and the durable consumer of those who ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whoever has a slot of this kind.
    Slot(Resource),
    /// Whoever offers the declared command of this name.
    Command(String),
}

impl Kind {
    /// Who gets the order for this member.
    pub fn of(member: &Member) -> Self {
        match member {
            Member::Declared(call) => Self::Command(call.name.clone()),
            member => Self::Slot(member.resource()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(Resource::Cpu) => f.write_str("cpu"),
            Self::Slot(Resource::Io) => f.write_str("io"),
            // A command's name has no dots, and is never one of the others' words with this in front.
            Self::Command(name) => write!(f, "run_{name}"),
        }
    }
}

impl Names {
    /// Those of the bot with this id.
    pub fn of(bot: u64) -> Self {
        Self { bot }
    }

    /// A stream or a bucket: `jobs`, `results`, `workers` …
    pub fn stored(&self, what: &str) -> String {
        format!("jobboard-{}-{what}", self.bot)
    }

    /// A subject below the bot's.
    pub fn subject(&self, rest: impl fmt::Display) -> String {
        format!("jobboard.{}.{rest}", self.bot)
    }

    /// Where the order is put.
    pub fn order(&self, kind: &Kind, key: Key) -> String {
        self.subject(format_args!("jobs.{kind}.{key}"))
    }

    /// All orders of this kind.
    pub fn orders(&self, kind: &Kind) -> String {
        self.subject(format_args!("jobs.{kind}.>"))
    }

    /// All of a job's orders, of each kind.
    pub fn orders_of(&self, job: JobKey) -> String {
        self.subject(format_args!("jobs.*.{job}.>"))
    }

    /// All orders of this one's member, whatever their turn.
    pub fn orders_of_member(&self, key: Key) -> String {
        self.subject(format_args!("jobs.*.{}.{}.*", key.job, key.member))
    }

    /// Where the result of an order is put.
    pub fn result(&self, key: Key) -> String {
        self.subject(format_args!("results.{key}"))
    }

    /// All results of a job.
    pub fn results_of(&self, job: JobKey) -> String {
        self.subject(format_args!("results.{job}.>"))
    }

    /// Where it is said how far an order is.
    pub fn event(&self, key: Key) -> String {
        self.subject(format_args!("events.{key}"))
    }

    /// Where it is said that a job is cancelled.
    pub fn cancel(&self, job: JobKey) -> String {
        self.subject(format_args!("cancel.{job}"))
    }

    /// The order that a subject of any kind ends with.
    pub fn key(&self, subject: &str) -> Option<Key> {
        Key::read(subject.rsplitn(5, '.').take(4))
    }

    /// The job that a subject or a key of a bucket ends with.
    pub fn job(&self, subject: &str) -> Option<JobKey> {
        JobKey::read(subject.rsplitn(3, '.').take(2))
    }
}

impl JobKey {
    /// From the last part to the first.
    fn read<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let job = JobId(parts.next()?.parse().ok()?);
        let chat = ChatId(parts.next()?.parse().ok()?);
        Some(Self { chat, job })
    }
}

impl Key {
    fn read<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let turn = parts.next()?.parse().ok()?;
        let member = parts.next()?.parse().ok()?;
        Some(Self { job: JobKey::read(parts)?, member, turn })
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.chat.0, self.job.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.job, self.member, self.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_order_again() {
        let names = Names::of(42);
        let job = JobKey { chat: ChatId(-1_001_234), job: JobId(7) };
        let key = Key { job, member: 3, turn: 2 };
        assert_eq!(names.order(&Kind::Slot(Resource::Cpu), key), "jobboard.42.jobs.cpu.-1001234.7.3.2");
        let backup = names.order(&Kind::Command("backup_1".to_owned()), key);
        assert_eq!(backup, "jobboard.42.jobs.run_backup_1.-1001234.7.3.2");
        for subject in [backup, names.result(key), names.event(key), key.to_string()] {
            assert_eq!(names.key(&subject), Some(key), "{subject}");
        }
        assert_eq!(names.job(&names.cancel(job)), Some(job));
        for subject in ["jobboard.42.results.-1.x.3.2", "1.2.3", "", "a.b.c.d"] {
            assert_eq!(names.key(subject), None, "{subject}");
        }
    }
}
