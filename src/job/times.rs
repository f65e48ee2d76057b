//! When the members of a job waited and ran, and where: what a picture of the board is drawn from.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// One member's way. What it had of an earlier attempt, before a stop or a crash, is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberTimes {
    /// Since when it waited for its turn, that of the job's memory included.
    pub queued: SystemTime,
    /// When and where it began to run, if it did.
    pub began: Option<(SystemTime, Place)>,
    /// When and how it ended, if it did.
    pub ended: Option<(SystemTime, Ended)>,
}

/// Where a member runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// On this CPU worker, from 0.
    #[serde(rename = "c")]
    Worker(u32),
    /// In this slot of those for requests, from 0.
    #[serde(rename = "i")]
    Request(u32),
    /// Where it was asked for: it was so small that it needed no slot.
    #[serde(rename = "o")]
    AtOnce,
}

/// How a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It found what was asked for.
    #[serde(rename = "s")]
    Succeeded,
    /// It could not, or the job took too long.
    #[serde(rename = "f")]
    Failed,
    /// It was stopped.
    #[serde(rename = "x")]
    Cancelled,
}

impl MemberTimes {
    /// How long it ran (so far, or in all); `None` where it never did.
    pub fn ran_for(&self, now: SystemTime) -> Option<Duration> {
        let (began, _) = self.began?;
        let until = self.ended.map_or(now, |(ended, _)| ended);
        Some(until.duration_since(began).unwrap_or_default())
    }

    /// Many as a text for the store.
    pub fn write(all: &[Self]) -> String {
        let row = |member: &Self| -> Row {
            let began = member.began.map(|(at, place)| (micros(at), place));
            (micros(member.queued), began, member.ended.map(|(at, how)| (micros(at), how)))
        };
        // Numbers and words are always JSON.
        serde_json::to_string(&all.iter().map(row).collect::<Vec<_>>()).unwrap_or_default()
    }

    /// What [`write`](Self::write) wrote; `None` for anything else.
    pub fn read(text: &str) -> Option<Vec<Self>> {
        let rows: Vec<Row> = serde_json::from_str(text).ok()?;
        let member = |(queued, began, ended): Row| Self {
            queued: time(queued),
            began: began.map(|(at, place)| (time(at), place)),
            ended: ended.map(|(at, how)| (time(at), how)),
        };
        Some(rows.into_iter().map(member).collect())
    }
}

/// A member in the store, in microseconds since 1970: a tenth of the space that names would take.
type Row = (i64, Option<(i64, Place)>, Option<(i64, Ended)>);

/// Microseconds since 1970; a clock before that is taken to stand at it.
pub fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn time(micros: i64) -> SystemTime {
    let since = Duration::from_micros(micros.max(0).cast_unsigned());
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let at = |micros: u64| SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + micros);
        let all = [
            MemberTimes { queued: at(0), began: None, ended: None },
            MemberTimes { queued: at(0), began: Some((at(1), Place::Worker(7))), ended: None },
            MemberTimes {
                queued: at(0),
                began: Some((at(1), Place::Request(0))),
                ended: Some((at(3), Ended::Failed)),
            },
            MemberTimes {
                queued: at(0),
                began: Some((at(2), Place::AtOnce)),
                ended: Some((at(9), Ended::Succeeded)),
            },
            MemberTimes { queued: at(0), began: None, ended: Some((at(5), Ended::Cancelled)) },
        ];
        let text = MemberTimes::write(&all);
        assert_eq!(MemberTimes::read(&text).as_deref(), Some(&all[..]), "{text}");
        assert_eq!(MemberTimes::read("[1]"), None);
        assert_eq!(all[3].ran_for(at(100)), Some(Duration::from_micros(7)));
        assert_eq!((all[1].ran_for(at(5)), all[0].ran_for(at(5))), (Some(Duration::from_micros(4)), None));
    }
}
