//! What of finished jobs is dropped, and when.

use std::{collections::BTreeSet, path::Path, time::SystemTime};

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use super::{
    Dropped, Keep, WriteError, results,
    rows::{forget, nanos, signed, unsigned},
    writer::{Commit, Writer},
};
use crate::job::{ChatId, JobId};

// All of these are answered from an index, since people's writes wait meanwhile. Unfinished jobs have no `finished`.
/// Not of a chat that is away: its board is kept as it was.
const TOO_OLD: &str = "
SELECT seq FROM job WHERE finished IS NOT NULL AND finished < ?1 AND chat NOT IN (SELECT chat FROM away)";
const AWAY: &str = "SELECT chat FROM away WHERE since < ?1";
const ITS_JOBS: &str = "SELECT seq FROM job WHERE chat = ?1 AND finished IS NOT NULL";
const NOT_AWAY: &str = "DELETE FROM away WHERE chat = ?1";
const TOO_MANY: &str = "
SELECT chat FROM job WHERE finished IS NOT NULL GROUP BY chat HAVING count(*) > ?1";
/// A chat's, but for its newest.
const OVER: &str = "
SELECT seq FROM job WHERE chat = ?1 AND finished IS NOT NULL
ORDER BY finished DESC, seq DESC LIMIT -1 OFFSET ?2";
const VICTIM: &str = "SELECT chat, id, outcome_file, digits_file FROM job WHERE seq = ?1";
const BYTES: &str = "
SELECT coalesce(sum(digits_bytes + outcome_bytes), 0) FROM job WHERE digits_bytes + outcome_bytes > 0";
/// The oldest first. Those that have a file have finished.
const FILES: &str = "
SELECT chat, id, outcome_file, digits_file, outcome_bytes, digits_bytes FROM job
WHERE digits_bytes + outcome_bytes > 0 ORDER BY finished, seq";
pub(super) const DROP_DIGITS: &str = "
UPDATE job SET digits_file = NULL, digits_bytes = 0, dropped = 1 WHERE chat = ?1 AND id = ?2";

/// See [`Store::retain`](super::Store::retain).
pub(super) fn retain(writer: &Writer, now: SystemTime) -> Result<Dropped, WriteError> {
    let (folder, keep) = (writer.folder().to_owned(), writer.bounds());
    writer.run(move |connection, commit| drop_over((connection, commit), &folder, keep, now))
}

fn drop_over(
    (connection, commit): (&mut Connection, Commit<'_>),
    folder: &Path,
    keep: Keep,
    now: SystemTime,
) -> Result<Dropped, WriteError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut dropping = Dropping { transaction: &transaction, dropped: Dropped::default(), names: Vec::new() };
    dropping.by_number_and_time(keep, now)?;
    dropping.by_bytes(keep.bytes)?;
    let Dropping { dropped, names, .. } = dropping;
    commit.commit(transaction)?;
    // After the record: a file that nobody names is removed at the next start at the latest.
    results::remove(folder, &names);
    Ok(dropped)
}

struct Dropping<'a> {
    transaction: &'a Transaction<'a>,
    dropped: Dropped,
    /// Files that nobody will name any more.
    names: Vec<String>,
}

/// A job, and its files.
struct Victim {
    chat: ChatId,
    id: JobId,
    outcome: Option<String>,
    digits: Option<String>,
}

impl Dropping<'_> {
    fn by_number_and_time(&mut self, keep: Keep, now: SystemTime) -> rusqlite::Result<()> {
        let transaction = self.transaction;
        let list = |sql, values: &[i64]| -> rusqlite::Result<Vec<i64>> {
            let values = rusqlite::params_from_iter(values);
            transaction.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
        };
        let before = now.checked_sub(keep.time).map_or(i64::MIN, nanos);
        let mut over: BTreeSet<i64> = list(TOO_OLD, &[before])?.into_iter().collect();
        let jobs = i64::try_from(keep.jobs).unwrap_or(i64::MAX);
        for chat in list(TOO_MANY, &[jobs])? {
            over.extend(list(OVER, &[chat, jobs])?);
        }
        let away_before = now.checked_sub(keep.away).map_or(i64::MIN, nanos);
        for chat in list(AWAY, &[away_before])? {
            over.extend(list(ITS_JOBS, &[chat])?);
            transaction.prepare_cached(NOT_AWAY)?.execute([chat])?;
        }
        for seq in over {
            let victim = transaction.prepare_cached(VICTIM)?.query_row([seq], Victim::read)?;
            self.job(victim)?;
        }
        Ok(())
    }

    /// Digits, and what programs left, go first: there is still something to say of the job. Where that is not enough, jobs whose outcome is a file go: of
    /// these, nothing would be left to say.
    fn by_bytes(&mut self, most: u64) -> rusqlite::Result<()> {
        let bytes: i64 = self.transaction.query_row(BYTES, [], |row| row.get(0))?;
        let mut over = bytes.saturating_sub(signed(most.min(i64::MAX.cast_unsigned())));
        if over <= 0 {
            return Ok(());
        }
        let transaction = self.transaction;
        let mut files = transaction.prepare_cached(FILES)?;
        let read = |row: &Row<'_>| Ok((Victim::read(row)?, row.get::<_, i64>(4)?, row.get::<_, i64>(5)?));
        let mut files = files.query_map([], read)?.collect::<Result<Vec<_>, _>>()?;
        for (victim, _, bytes) in &mut files {
            if over > 0
                && let Some(digits) = victim.digits.take()
            {
                self.digits((victim.chat, victim.id), digits)?;
                over -= *bytes;
            }
        }
        for (victim, bytes, _) in files {
            if over > 0 && victim.outcome.is_some() {
                self.job(victim)?;
                over -= bytes;
            }
        }
        Ok(())
    }

    fn digits(&mut self, job: (ChatId, JobId), file: String) -> rusqlite::Result<()> {
        self.transaction.prepare_cached(DROP_DIGITS)?.execute(params![job.0.0, signed(job.1.0)])?;
        self.dropped.files.push(job);
        self.names.push(file);
        Ok(())
    }

    fn job(&mut self, victim: Victim) -> rusqlite::Result<()> {
        let job = (victim.chat, victim.id);
        forget(self.transaction, job.0, job.1)?;
        self.dropped.files.retain(|known| *known != job);
        self.dropped.jobs.push(job);
        self.names.extend([victim.outcome, victim.digits].into_iter().flatten());
        Ok(())
    }
}

impl Victim {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            chat: ChatId(row.get(0)?),
            id: JobId(unsigned(row, 1)?),
            outcome: row.get(2)?,
            digits: row.get(3)?,
        })
    }
}
