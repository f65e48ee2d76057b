//! Rows as they are read: all of them, once, at the start.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, Row, params};

use super::{Loaded, LoadedDash, LoadedJob, Secret, results};
use crate::job::{ChatId, Job, JobId, MessageId, Origin, Outcome, Person, State};

/// Why a store cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("task {id} of chat {chat} cannot be read: {reason}")]
    Job { chat: i64, id: u64, reason: String },
    #[error("{0}")]
    Other(String),
}

const JOBS: &str = "
SELECT chat, id, message, thread, callback, person, person_name, spec, submitted, state, attempt, crashes, started,
       finished, killed_by, outcome, outcome_file, dropped, card, card_done
FROM job ORDER BY seq";

/// Of each chat, the highest id that no job of it has any more.
const LAST_IDS: &str = "
SELECT chat, id FROM last_id AS known
WHERE id > coalesce((SELECT max(id) FROM job WHERE job.chat = known.chat), 0) ORDER BY chat";

const TIMES: &str = "
SELECT chat, id, body FROM job JOIN times USING (seq) WHERE finished IS NOT NULL ORDER BY seq";

/// A job whose outcome stood in a file that somebody removed: it is as if it had been dropped.
pub(super) type Lost = (ChatId, JobId);

/// Reads everything. Jobs that were lost are forgotten, as if they had been dropped in good order; where their files `may_come`
/// still, they are only left out, and nobody gets their ids.
pub(super) fn load(
    connection: &Connection,
    folder: &Path,
    may_come: bool,
) -> Result<(Loaded, Vec<Lost>), LoadError> {
    let mut loaded = Loaded {
        kills: list(connection, "SELECT chat, kill, body FROM kill ORDER BY rowid", |row| {
            Ok((ChatId(row.get(0)?), unsigned(row, 1)?, row.get(2)?))
        })?,
        answers: list(connection, "SELECT chat, answer, body FROM answer ORDER BY answer", |row| {
            Ok((ChatId(row.get(0)?), unsigned(row, 1)?, row.get(2)?))
        })?,
        moved: list(connection, "SELECT old, new FROM moved ORDER BY rowid", |row| {
            Ok((ChatId(row.get(0)?), ChatId(row.get(1)?)))
        })?,
        settings: list(connection, "SELECT chat, key, value FROM setting ORDER BY rowid", |row| {
            Ok((ChatId(row.get(0)?), row.get(1)?, row.get(2)?))
        })?,
        questions: list(connection, "SELECT chat, question, body FROM question ORDER BY question", |row| {
            Ok((ChatId(row.get(0)?), unsigned(row, 1)?, row.get(2)?))
        })?,
        away: list(connection, "SELECT chat FROM away ORDER BY chat", |row| Ok(ChatId(row.get(0)?)))?,
        secret: secret(connection)?,
        dashes: list(
            connection,
            "SELECT chat, thread, message, live, body FROM dash ORDER BY chat, message",
            dash,
        )?,
        times: list(connection, TIMES, |row| {
            Ok((ChatId(row.get(0)?), JobId(unsigned(row, 1)?), row.get(2)?))
        })?,
        handled: handled(connection)?,
        access: list(connection, "SELECT chat, allowed FROM access ORDER BY chat", |row| {
            Ok((ChatId(row.get(0)?), row.get(1)?))
        })?,
        paused: paused(connection)?,
        menus: list::<String>(connection, "SELECT value FROM meta WHERE key = 'menus'", |row| row.get(0))?
            .concat(),
        schedules: list(
            connection,
            "SELECT chat, number, body FROM schedule ORDER BY chat, number",
            |row| Ok((ChatId(row.get(0)?), unsigned(row, 1)?, row.get(2)?)),
        )?,
        last_schedules: list(connection, "SELECT chat, number FROM last_schedule ORDER BY chat", |row| {
            Ok((ChatId(row.get(0)?), unsigned(row, 1)?))
        })?,
        ..Loaded::default()
    };
    let mut lost = Vec::new();
    let mut statement = connection.prepare(JOBS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match job(row, folder)? {
            Ok(job) => loaded.jobs.push(job),
            Err(gone) => lost.push(gone),
        }
    }
    if !may_come {
        for (chat, id) in &lost {
            forget(connection, *chat, *id)?;
        }
    }
    loaded.last_ids = list(connection, LAST_IDS, |row| Ok((ChatId(row.get(0)?), JobId(unsigned(row, 1)?))))?;
    if may_come {
        loaded.last_ids.extend(&lost);
    }
    Ok((loaded, lost))
}

/// Nanoseconds since 1970, as far as they fit: about until the year 2262.
pub(super) fn nanos(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}

fn time(nanos: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    let time = if nanos < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn job(row: &Row<'_>, folder: &Path) -> Result<Result<LoadedJob, Lost>, LoadError> {
    let (chat, id) = (ChatId(row.get(0)?), JobId(unsigned(row, 1)?));
    let wrong = |reason: String| LoadError::Job { chat: chat.0, id: id.0, reason };
    let callback: String = row.get(4)?;
    let origin = Origin {
        message: MessageId(row.get(2)?),
        thread: row.get(3)?,
        callback: (!callback.is_empty()).then_some(callback),
    };
    let spec = serde_json::from_str(row.get_ref(7)?.as_str().map_err(rusqlite::Error::from)?);
    let state = state(row, folder).map_err(|error| wrong(error.to_string()))?;
    let Some(state) = state else { return Ok(Err((chat, id))) };
    let job = Job {
        id,
        spec: spec.map_err(|error| wrong(error.to_string()))?,
        person: Person { id: row.get(5)?, name: row.get(6)? },
        origin,
        submitted: time(row.get(8)?),
        attempt: row.get(10)?,
        state,
    };
    Ok(Ok(LoadedJob {
        chat,
        job,
        crashes: row.get(11)?,
        killed_by: row.get(14)?,
        card: row.get::<_, Option<i32>>(18)?.map(MessageId),
        card_done: row.get(19)?,
        dropped: row.get(17)?,
    }))
}

/// `None` where the outcome's file is not there.
fn state(row: &Row<'_>, folder: &Path) -> Result<Option<State>, LoadError> {
    let word: String = row.get(9)?;
    if word == "queued" || word == "running" {
        return Ok(Some(State::Queued));
    }
    let outcome = match row.get::<_, Option<String>>(16)? {
        None => outcome(row.get_ref(15)?.as_str().map_err(rusqlite::Error::from)?)?,
        Some(file) => match results::read_outcome(folder, &file) {
            Ok(Some(json)) => outcome(&json)?,
            Ok(None) => return Ok(None),
            Err(error) => return Err(LoadError::Other(format!("{file}: {error}"))),
        },
    };
    if outcome.word() != word {
        return Err(LoadError::Other(format!("it is {word}, its outcome {}", outcome.word())));
    }
    let started = row.get::<_, Option<i64>>(12)?.map(time);
    let finished = time(row.get(13)?);
    Ok(Some(State::Finished { started, finished, outcome: outcome.into() }))
}

fn dash(row: &Row<'_>) -> rusqlite::Result<LoadedDash> {
    let (thread, message): (i32, i32) = (row.get(1)?, row.get(2)?);
    Ok(LoadedDash {
        chat: ChatId(row.get(0)?),
        thread: (thread != 0).then_some(thread),
        message: (message != 0).then_some(MessageId(message)),
        live: row.get(3)?,
        body: row.get(4)?,
    })
}

fn outcome(json: &str) -> Result<Outcome, LoadError> {
    serde_json::from_str(json).map_err(|error| LoadError::Other(error.to_string()))
}

/// Made here where there is none yet.
fn secret(connection: &Connection) -> Result<Secret, LoadError> {
    let found: Vec<String> =
        list(connection, "SELECT value FROM meta WHERE key = 'secret'", |row| row.get(0))?;
    if let Some(json) = found.first() {
        return serde_json::from_str(json)
            .map(Secret)
            .map_err(|error| LoadError::Other(format!("the store's secret: {error}")));
    }
    let secret: [u8; 32] = rand::random();
    let json = serde_json::to_string(&secret).map_err(|error| LoadError::Other(error.to_string()))?;
    connection.execute("INSERT INTO meta (key, value) VALUES ('secret', ?1)", [json])?;
    Ok(Secret(secret))
}

fn handled(connection: &Connection) -> Result<Vec<(i64, u64)>, LoadError> {
    let found: Vec<String> =
        list(connection, "SELECT value FROM meta WHERE key = 'handled'", |row| row.get(0))?;
    let Some(json) = found.first() else { return Ok(Vec::new()) };
    serde_json::from_str(json).map_err(|error| LoadError::Other(format!("handled updates: {error}")))
}

fn paused(connection: &Connection) -> Result<bool, LoadError> {
    let found: Vec<String> =
        list(connection, "SELECT value FROM meta WHERE key = 'paused'", |row| row.get(0))?;
    let Some(json) = found.first() else { return Ok(false) };
    serde_json::from_str(json).map_err(|error| LoadError::Other(format!("whether it is paused: {error}")))
}

/// Takes a job off its board. Its id is never given again.
pub(super) fn forget(connection: &Connection, chat: ChatId, id: JobId) -> rusqlite::Result<()> {
    remember_last_id(connection, chat, id)?;
    connection
        .prepare_cached("DELETE FROM job WHERE chat = ?1 AND id = ?2")?
        .execute(params![chat.0, signed(id.0)])?;
    Ok(())
}

/// Keeps in mind that a chat once gave this number.
pub(super) fn remember_last_id(connection: &Connection, chat: ChatId, id: JobId) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO last_id (chat, id) VALUES (?1, ?2)
             ON CONFLICT (chat) DO UPDATE SET id = max(id, excluded.id)",
        )?
        .execute(params![chat.0, signed(id.0)])?;
    Ok(())
}

/// All rows of a query that needs nothing to be told.
pub(super) fn list<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], read)?.collect()
}

/// SQLite's integers are signed; the bits are the same.
pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}
