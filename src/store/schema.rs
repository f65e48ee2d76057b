//! The database's tables, and how those of an older version become them.

use rusqlite::Connection;

/// `JobB` in the file's header: tells our file from anybody else's.
pub(super) const APPLICATION_ID: u32 = 0x4A6F_6242;
/// Of the tables, in the file's header too.
pub(super) const VERSION: u32 = 7;

/// The n-th makes version n of version n - 1. What was released once is never changed: a store of any older version
/// opens for ever.
const MIGRATIONS: [&str; VERSION as usize] = [V1, V2, SETTINGS, DASHES, TIMES, ACCESS, SCHEDULES];

/// A job's `seq` is its place in the order of acceptance, over all chats. Times are nanoseconds since 1970. A callback
/// is '' where there is none, since NULLs are never equal to SQLite; a message is 0 where the chat that had it is gone.
const V1: &str = "
CREATE TABLE job (
    seq           INTEGER PRIMARY KEY,
    chat          INTEGER NOT NULL,
    id            INTEGER NOT NULL,
    message       INTEGER NOT NULL,
    thread        INTEGER,
    callback      TEXT    NOT NULL,
    person        INTEGER NOT NULL,
    person_name   TEXT    NOT NULL,
    spec          TEXT    NOT NULL,
    submitted     INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt       INTEGER NOT NULL,
    crashes       INTEGER NOT NULL DEFAULT 0,
    started       INTEGER,
    finished      INTEGER,
    killed_by     TEXT,
    outcome       TEXT,
    outcome_file  TEXT,
    outcome_bytes INTEGER NOT NULL DEFAULT 0,
    digits_file   TEXT,
    digits_bytes  INTEGER NOT NULL DEFAULT 0,
    dropped       INTEGER NOT NULL DEFAULT 0,
    card          INTEGER,
    card_done     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (chat, id)
) STRICT;
CREATE UNIQUE INDEX job_origin ON job (chat, message, callback) WHERE message > 0;
CREATE INDEX job_finished ON job (chat, finished DESC, seq DESC) WHERE finished IS NOT NULL;
CREATE INDEX job_files ON job (finished) WHERE digits_bytes + outcome_bytes > 0;

CREATE TABLE last_id (chat INTEGER PRIMARY KEY, id INTEGER NOT NULL) STRICT;
CREATE TABLE kill (
    chat INTEGER NOT NULL, kill INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat, kill)
) STRICT;
CREATE TABLE answer (answer INTEGER PRIMARY KEY, chat INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE moved (old INTEGER PRIMARY KEY, new INTEGER NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
";

/// Questions like answers; chats that have removed the bot, and since when.
const V2: &str = "
CREATE TABLE question (question INTEGER PRIMARY KEY, chat INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE away (chat INTEGER PRIMARY KEY, since INTEGER NOT NULL) STRICT;
";

/// What a chat has chosen, in words of their owner's.
const SETTINGS: &str = "
CREATE TABLE setting (
    chat INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (chat, key)
) STRICT;
";

/// Dashes that say that they are live: the newest of each topic is, the others have to be told otherwise. A thread is 0 where
/// the chat has no topics, a message 0 where it is in another chat.
const DASHES: &str = "
CREATE TABLE dash (
    chat    INTEGER NOT NULL,
    message INTEGER NOT NULL,
    thread  INTEGER NOT NULL,
    live    INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (chat, message)
) STRICT;
";

/// The way of a job's members. A job's `seq` stays the same when its chat moves; it may be given again, so nothing is
/// left of a job that is gone.
const TIMES: &str = "
CREATE TABLE times (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TRIGGER times_gone AFTER DELETE ON job BEGIN DELETE FROM times WHERE seq = old.seq; END;
";

/// Chats that an owner has let in, or out, whatever the settings say.
const ACCESS: &str = "
CREATE TABLE access (chat INTEGER PRIMARY KEY, allowed INTEGER NOT NULL) STRICT;
";

/// Schedules, in words of their owner's, and the highest number that a chat ever gave to one. A schedule's occurrence is one
/// job, also where there is no message any more that it could reply to.
const SCHEDULES: &str = "
CREATE TABLE schedule (
    chat INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat, number)
) STRICT;
CREATE TABLE last_schedule (chat INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX job_occurrence ON job (chat, callback) WHERE callback >= 'schedule ' AND callback < 'schedule!';
";

/// Makes the tables in an empty file. It is one of ours then.
pub(super) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    let transaction = connection.transaction()?;
    migrate(&transaction, &MIGRATIONS)?;
    transaction.commit()
}

/// Brings the tables up to date; says whether there was anything to do. The caller's transaction makes it all or
/// nothing.
pub(super) fn bring_up_to_date(connection: &Connection) -> rusqlite::Result<bool> {
    migrate(connection, &MIGRATIONS)
}

/// The version that the tables have.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn migrate(connection: &Connection, migrations: &[&str]) -> rusqlite::Result<bool> {
    let from = version(connection)?;
    let mut version = 0;
    for sql in migrations {
        version += 1;
        if version > from {
            connection.execute_batch(sql)?;
        }
    }
    if version > from {
        connection.pragma_update(None, "user_version", version)?;
    }
    Ok(version > from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_migration_is_done_once_and_in_order() {
        let connection = Connection::open_in_memory().unwrap();
        let (first, second) = ("CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y");
        assert!(migrate(&connection, &[first]).unwrap());
        assert!(!migrate(&connection, &[first]).unwrap());
        assert!(migrate(&connection, &[first, second]).unwrap());
        assert!(!migrate(&connection, &[first, second]).unwrap());
        assert_eq!(version(&connection).unwrap(), 2);
        connection.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
    }
}
