//! Writes as SQL.

use std::{path::Path, time::SystemTime};

use rusqlite::{Connection, ToSql, params};

use super::{
    Instead, Write, WriteError, results,
    rows::{nanos, remember_last_id, signed},
};
use crate::job::{ChatId, Job, JobId, Origin, Outcome};

const ACCEPT: &str = "
INSERT INTO job (chat, id, message, thread, callback, person, person_name, spec, submitted, attempt, state)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'queued')";
// A finished job never changes, whatever comes late: each of these says so by itself.
const START: &str = "
UPDATE job SET state = 'running', attempt = ?3, started = ?4
WHERE chat = ?1 AND id = ?2 AND finished IS NULL";
const PAUSE: &str = "
UPDATE job SET state = 'queued', started = NULL WHERE chat = ?1 AND id = ?2 AND finished IS NULL";
const FINISH: &str = "
UPDATE job SET state = ?3, started = ?4, finished = ?5, outcome = ?6, outcome_file = ?7, outcome_bytes = ?8,
    digits_file = ?9, digits_bytes = ?10
WHERE chat = ?1 AND id = ?2 AND finished IS NULL";
const TIMES: &str = "
INSERT OR REPLACE INTO times (seq, body) SELECT seq, ?3 FROM job WHERE chat = ?1 AND id = ?2";
const KILLED: &str = "
UPDATE job SET killed_by = ?3
WHERE chat = ?1 AND id = ?2 AND killed_by IS NULL AND finished IS NULL";
const KILL: &str = "INSERT INTO kill (chat, kill, body) VALUES (?1, ?2, ?3)";
const CARD: &str = "UPDATE job SET card = ?3, card_done = ?4 WHERE chat = ?1 AND id = ?2";
const SAY: &str = "INSERT INTO answer (answer, chat, body) VALUES (?1, ?2, ?3)";
const REPORTED: &str = "DELETE FROM kill WHERE chat = ?1 AND kill = ?2";
const SCHEDULE: &str = "INSERT OR REPLACE INTO schedule (chat, number, body) VALUES (?1, ?2, ?3)";
const UNSCHEDULE: &str = "DELETE FROM schedule WHERE chat = ?1 AND number = ?2";
const LAST_SCHEDULE: &str = "
INSERT INTO last_schedule (chat, number) VALUES (?1, ?2)
ON CONFLICT (chat) DO UPDATE SET number = excluded.number WHERE number < excluded.number";
const ASK: &str = "INSERT INTO question (question, chat, body) VALUES (?1, ?2, ?3)";
const ASKED: &str = "DELETE FROM question WHERE question = ?1";
/// The first time counts, until the chat is back.
const LEAVE: &str = "INSERT INTO away (chat, since) VALUES (?1, ?2) ON CONFLICT (chat) DO NOTHING";
/// What nobody will see: all of the chat.
const UNSAID: [&str; 6] = [
    "DELETE FROM schedule WHERE chat = ?1",
    "DELETE FROM dash WHERE chat = ?1",
    "DELETE FROM answer WHERE chat = ?1",
    "DELETE FROM kill WHERE chat = ?1",
    "DELETE FROM question WHERE chat = ?1",
    "UPDATE job SET card_done = 1 WHERE chat = ?1 AND NOT card_done",
];
const RETURN: &str = "DELETE FROM away WHERE chat = ?1";
const SAID: &str = "DELETE FROM answer WHERE answer = ?1";
/// The dash that a group had before it became this chat, and those that are not the newest any more.
const OLDER: [&str; 2] = [
    "DELETE FROM dash WHERE chat = ?1 AND thread = ?2 AND message = 0 AND ?3 <> 0",
    "UPDATE dash SET live = 0 WHERE chat = ?1 AND thread = ?2 AND message <> ?3",
];
const DASH: &str =
    "INSERT OR REPLACE INTO dash (chat, thread, message, live, body) VALUES (?1, ?2, ?3, 1, ?4)";
const DASH_GONE: &str = "DELETE FROM dash WHERE chat = ?1 AND message = ?2";
const HANDLED: &str = "
INSERT INTO meta (key, value) VALUES ('handled', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const ALIVE: &str = "
INSERT INTO meta (key, value) VALUES ('alive', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const LAST_ID: &str = "
SELECT max(coalesce((SELECT max(id) FROM job WHERE chat = ?1), 0),
           coalesce((SELECT id FROM last_id WHERE chat = ?1), 0))";
const SET: &str = "
INSERT INTO setting (chat, key, value) VALUES (?1, ?2, ?3)
ON CONFLICT (chat, key) DO UPDATE SET value = excluded.value";
const ACCESS: &str = "
INSERT INTO access (chat, allowed) VALUES (?1, ?2) ON CONFLICT (chat) DO UPDATE SET allowed = excluded.allowed";
const PAUSED: &str = "
INSERT INTO meta (key, value) VALUES ('paused', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const MENUS: &str = "
INSERT INTO meta (key, value) VALUES ('menus', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
/// One after the other, all of (from, to).
const MOVE: [&str; 15] = [
    // What was said of the new chat itself is the owner's last word.
    "UPDATE OR IGNORE access SET chat = ?2 WHERE chat = ?1",
    "DELETE FROM access WHERE chat = ?1 AND chat <> ?2",
    "UPDATE OR REPLACE setting SET chat = ?2 WHERE chat = ?1",
    "UPDATE job SET chat = ?2, message = 0, thread = NULL, card = NULL,
         callback = iif(callback >= 'schedule ' AND callback < 'schedule!', callback, '') WHERE chat = ?1",
    "UPDATE OR REPLACE schedule SET chat = ?2, body = iif(json_valid(body), json_set(body, '$.reply_to', json(?3)), body)
         WHERE chat = ?1",
    "INSERT INTO last_schedule (chat, number) SELECT ?2, number FROM last_schedule WHERE chat = ?1 AND ?1 <> ?2
         ON CONFLICT (chat) DO UPDATE SET number = max(number, excluded.number)",
    "DELETE FROM last_schedule WHERE chat = ?1 AND chat <> ?2",
    "UPDATE kill SET chat = ?2, body = iif(json_valid(body), json_set(body, '$.reply_to', json(?3)), body) WHERE chat = ?1",
    "UPDATE answer SET chat = ?2, body = iif(json_valid(body), json_set(body, '$.reply_to', json(?3)), body) WHERE chat = ?1",
    "UPDATE question SET chat = ?2, body = iif(json_valid(body), json_set(body, '$.reply_to', json(?3)), body) WHERE chat = ?1",
    "UPDATE OR IGNORE away SET chat = ?2 WHERE chat = ?1",
    "DELETE FROM last_id WHERE chat = ?1 AND chat <> ?2",
    // A group has no topics: of its live dashes there is one.
    "DELETE FROM dash WHERE chat = ?1 AND chat <> ?2 AND live = 0",
    "UPDATE OR REPLACE dash SET chat = ?2, message = 0 WHERE chat = ?1",
    "INSERT INTO moved (old, new) VALUES (?1, ?2) ON CONFLICT (old) DO UPDATE SET new = excluded.new",
];

/// Does one write. What it needs of files is in `folder`.
pub(super) fn apply(connection: &Connection, folder: &Path, write: &Write) -> Result<(), WriteError> {
    let run = |sql, values: &[&dyn ToSql]| execute(connection, sql, values);
    match write {
        Write::Accept(chat, job) => accept(connection, *chat, job),
        Write::Start { chat, id, attempt, started } => {
            run(START, params![chat.0, signed(id.0), attempt, nanos(*started)])
        }
        Write::Pause(chat, id) => run(PAUSE, params![chat.0, signed(id.0)]),
        Write::Finish { chat, id, started, finished, outcome } => {
            finish(connection, folder, (*chat, *id), (*started, *finished), outcome)
        }
        Write::Times { chat, id, body } => run(TIMES, params![chat.0, signed(id.0), body]),
        Write::Kill { chat, kill, ids, by, body } => {
            for id in ids {
                run(KILLED, params![chat.0, signed(id.0), by])?;
            }
            run(KILL, params![chat.0, signed(*kill), body])
        }
        Write::Card { chat, id, message, done } => {
            run(CARD, params![chat.0, signed(id.0), message.map(|message| message.0), done])
        }
        Write::Say { chat, answer, body, instead } => {
            match instead {
                Some(Instead::Kill(kill)) => run(REPORTED, params![chat.0, signed(*kill)])?,
                Some(Instead::Card(id, message)) => {
                    run(CARD, params![chat.0, signed(id.0), message.0, true])?;
                }
                Some(Instead::Answer(before)) => run(SAID, params![signed(*before)])?,
                Some(Instead::Schedule(number, body)) => {
                    schedule(connection, *chat, *number, body.as_deref())?;
                }
                None => {}
            }
            run(SAY, params![signed(*answer), chat.0, body])
        }
        Write::Said(answer) => run(SAID, params![signed(*answer)]),
        Write::Ask { chat, question, body } => run(ASK, params![signed(*question), chat.0, body]),
        Write::Asked(question) => run(ASKED, params![signed(*question)]),
        Write::Leave(chat, since) => {
            for sql in UNSAID {
                run(sql, params![chat.0])?;
            }
            run(LEAVE, params![chat.0, nanos(*since)])
        }
        Write::Return(chat) => run(RETURN, params![chat.0]),
        Write::Dash { chat, thread, message, body } => {
            let thread = thread.unwrap_or(0);
            for sql in OLDER {
                run(sql, params![chat.0, thread, message.0])?;
            }
            run(DASH, params![chat.0, thread, message.0, body])
        }
        Write::DashGone(chat, message) => run(DASH_GONE, params![chat.0, message.0]),
        Write::Handled(updates) => run(HANDLED, params![serde_json::to_string(updates)?]),
        Write::Alive(now) => run(ALIVE, params![nanos(*now).to_string()]),
        Write::Set { chat, key, value } => run(SET, params![chat.0, key, value]),
        Write::Access { chat, allowed } => run(ACCESS, params![chat.0, allowed]),
        Write::Menus(body) => run(MENUS, params![body]),
        Write::Schedule { chat, number, body } => schedule(connection, *chat, *number, body.as_deref()),
        Write::Paused(paused) => run(PAUSED, params![serde_json::to_string(paused)?]),
        Write::Move { from, to } => move_all(connection, *from, *to),
    }
}

fn execute(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<(), WriteError> {
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn schedule(
    connection: &Connection,
    chat: ChatId,
    number: u64,
    body: Option<&str>,
) -> Result<(), WriteError> {
    let Some(body) = body else {
        return execute(connection, UNSCHEDULE, params![chat.0, signed(number)]);
    };
    execute(connection, SCHEDULE, params![chat.0, signed(number), body])?;
    execute(connection, LAST_SCHEDULE, params![chat.0, signed(number)])
}

fn accept(connection: &Connection, chat: ChatId, job: &Job) -> Result<(), WriteError> {
    let callback = job.origin.callback.as_deref().unwrap_or_default();
    execute(
        connection,
        ACCEPT,
        params![
            chat.0,
            signed(job.id.0),
            job.origin.message.0,
            job.origin.thread,
            callback,
            job.person.id,
            job.person.name,
            serde_json::to_string(&job.spec)?,
            nanos(job.submitted),
            job.attempt,
        ],
    )
}

fn finish(
    connection: &Connection,
    folder: &Path,
    (chat, id): (ChatId, JobId),
    (started, finished): (Option<SystemTime>, SystemTime),
    outcome: &Outcome,
) -> Result<(), WriteError> {
    let json = serde_json::to_string(outcome)?;
    let bytes = json.len() as u64;
    // What nobody kept, or what was kept under the name of a group that moved meanwhile, stands in the row: it is longer
    // than it should be, and nothing is lost.
    let file = Some(results::outcome_file(chat, id))
        .filter(|file| json.len() > results::ROW && results::size(folder, file) == Some(bytes));
    let (json, bytes) = if file.is_some() { (None, bytes) } else { (Some(json), 0) };
    let (digits_file, digits_bytes) = results::large_file(outcome).unzip();
    execute(
        connection,
        FINISH,
        params![
            chat.0,
            signed(id.0),
            outcome.word(),
            started.map(nanos),
            nanos(finished),
            json,
            file,
            signed(bytes),
            digits_file,
            signed(digits_bytes.unwrap_or(0)),
        ],
    )
}

fn move_all(connection: &Connection, from: ChatId, to: ChatId) -> Result<(), WriteError> {
    let last: i64 = connection.prepare_cached(LAST_ID)?.query_row([from.0], |row| row.get(0))?;
    let nowhere = serde_json::to_string(&Origin::nowhere())?;
    for sql in MOVE {
        // Not each of them has a place for what the messages become.
        let values: [&dyn ToSql; 3] = [&from.0, &to.0, &nowhere];
        execute(connection, sql, &values[..if sql.contains("?3") { 3 } else { 2 }])?;
    }
    if last > 0 {
        remember_last_id(connection, to, JobId(last.cast_unsigned()))?;
    }
    Ok(())
}
