//! What the fuzz targets reach of the store.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a fuzz target tells what is wrong")]

use std::{cell::RefCell, fs, path::Path, sync::OnceLock};

use rusqlite::{Connection, params};

use super::{Keep, OpenError, Store, rows, schema};
use crate::{job::State, telegram::fuzzing::shown};

const KEEP: Keep = Keep {
    jobs: usize::MAX,
    time: std::time::Duration::MAX,
    bytes: u64::MAX,
    away: std::time::Duration::MAX,
};

/// The columns of a job that a reader has to make sense of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// As in the table.
    pub state: &'a str,
    /// JSON.
    pub spec: &'a str,
    /// JSON.
    pub outcome: &'a str,
    /// A name, perhaps of nothing.
    pub outcome_file: Option<&'a str>,
    /// Of who asked.
    pub person: &'a str,
    /// A query's id.
    pub callback: &'a str,
    /// All numbers of the row, in turn.
    pub numbers: [i64; 6],
    /// JSON of what is not a job's.
    pub meta: &'a str,
}

/// A row in a database that is sound: it is read, and shown, or refused in words.
pub fn row(row: &Row<'_>) {
    DATABASE.with_borrow(|database| {
        // Nothing of it stays.
        let transaction = database.as_ref().and_then(|database| database.unchecked_transaction().ok());
        if let Some(transaction) = transaction {
            read(&transaction, row);
        }
    });
}

thread_local! {
    static DATABASE: RefCell<Option<Connection>> = RefCell::new(database().ok());
}

fn read(connection: &Connection, row: &Row<'_>) {
    let [id, message, submitted, started, finished, attempt] = row.numbers;
    let written = connection.execute(
        "INSERT INTO job (chat, id, message, thread, callback, person, person_name, spec, submitted, state, attempt,
                          crashes, started, finished, killed_by, outcome, outcome_file, dropped, card, card_done)
         VALUES (-100, ?1, ?2, NULL, ?3, ?1, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?4, ?11, ?12, ?8 & 1, ?2, 0)",
        params![
            id,
            message,
            row.callback,
            row.person,
            row.spec,
            submitted,
            row.state,
            attempt,
            started,
            finished,
            row.outcome,
            row.outcome_file
        ],
    );
    let key = if attempt & 1 == 0 { "handled" } else { "secret" };
    let meta = connection.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", params![key, row.meta]);
    if written.is_err() || meta.is_err() {
        return;
    }
    let Ok((loaded, lost)) = rows::load(connection, Path::new("/nonexistent"), false) else { return };
    assert_eq!(loaded.jobs.len() + lost.len(), 1);
    for job in &loaded.jobs {
        let spec = serde_json::to_string(&job.job.spec).unwrap_or_default();
        assert!(
            serde_json::from_str(&spec).is_ok_and(|again: crate::job::Spec| again == job.job.spec),
            "{spec}"
        );
        if let State::Finished { outcome, .. } = &job.job.state {
            assert_eq!(outcome.word(), row.state);
        }
        shown(&job.job, job.dropped);
    }
}

fn database() -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    schema::create(&mut connection)?;
    Ok(connection)
}

/// A whole file with some bytes of it changed, or any file at all: it is opened, or refused and left as it was.
pub fn file(bytes: &[u8], changes: &[(u16, u8)]) {
    let Ok(folder) = folder() else { return };
    let path = folder.path().join(Store::FILE);
    let mut content = if bytes.is_empty() { sound().to_owned() } else { bytes.to_owned() };
    for (at, byte) in changes {
        let length = content.len();
        if let Some(there) = content.get_mut(usize::from(*at) % length.max(1)) {
            *there = *byte;
        }
    }
    if fs::write(&path, &content).is_err() {
        return;
    }
    match Store::open(folder.path(), KEEP) {
        Ok((store, loaded)) => {
            for job in &loaded.jobs {
                shown(&job.job, job.dropped);
            }
            store.close();
            let again = Store::open(folder.path(), KEEP);
            assert!(
                again.is_ok_and(|(_, again)| again.jobs.len() == loaded.jobs.len()),
                "it opens only once"
            );
        }
        Err(OpenError::Io(_)) => {}
        Err(error) => {
            let now = fs::read(&path).unwrap_or_default();
            assert!(now == content, "{error}: what was refused was changed");
        }
    }
}

/// In memory, where there is such a folder.
fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

/// A store with a few jobs in every state.
fn sound() -> &'static [u8] {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    SOUND.get_or_init(|| make().unwrap_or_default())
}

fn make() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let folder = folder()?;
    Store::open(folder.path(), KEEP)?.0.close();
    let path = folder.path().join(Store::FILE);
    let connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.execute_batch(
        r#"
        INSERT INTO job (chat, id, message, callback, person, person_name, spec, submitted, state, attempt, started,
                         finished, outcome) VALUES
        (7, 1, 3, '', 9, 'Ann', '{"Fib":10}', 1, 'succeeded', 1, 2, 3,
         '{"Succeeded":{"Numbers":[{"n":10,"digits":"34"}]}}'),
        (7, 2, 4, 'q', 9, 'Ann', '{"Dex":"mew"}', 1, 'failed', 1, 2, 3, '{"Failed":"PokeApiUnreachable"}'),
        (7, 3, 5, '', 9, 'Ann', '{"FibMulti":[1,2]}', 1, 'cancelled', 1, 2, 3, '{"Cancelled":{"Killed":{"by":"Ben"}}}'),
        (7, 4, 6, '', 9, 'Ann', '{"Fib":1000}', 1, 'queued', 0, NULL, NULL, NULL);
        INSERT INTO answer (answer, chat, body) VALUES (1, 7, '{}');
        INSERT INTO setting (chat, key, value) VALUES (7, 'rich', 'on');
        INSERT INTO schedule (chat, number, body) VALUES (7, 2, '{}');
        INSERT INTO last_schedule (chat, number) VALUES (7, 2);
        "#,
    )?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(fs::read(&path)?)
}
