//! Backups of stores that are in use, and what is opened from them.

use super::*;
use crate::store::backup::BackupError;

fn back_up(from: &TempDir) -> Vec<u8> {
    let mut tar = Vec::new();
    Store::backup(from.path(), folder().path(), &mut tar).unwrap();
    tar
}

fn restored(tar: &[u8]) -> TempDir {
    let to = folder();
    Store::restore(to.path(), tar).unwrap();
    to
}

/// A finished job whose digits stand in a file.
fn finish_long(store: &Store, id: u64) {
    write(store, accept(CHAT, id));
    let outcome = block_on(store.keep(CHAT, JobId(id), numbers(&[5000]))).unwrap().into();
    write(store, Write::Finish { chat: CHAT, id: JobId(id), started: None, finished: at(1), outcome });
}

#[test]
fn what_is_in_the_log_is_in_the_backup_and_what_comes_later_is_not() {
    let from = folder();
    let (store, _) = open(&from);
    finish_long(&store, 1);
    write(&store, accept(CHAT, 2));
    write(&store, start(2));
    let tar = back_up(&from);
    write(&store, accept(CHAT, 3));
    let to = restored(&tar);
    let (other, loaded) = open(&to);
    assert_eq!(ids(&loaded), [1, 2]);
    assert_eq!(loaded.secret, open(&crashed(&from)).1.secret);
    let State::Finished { outcome, .. } = &loaded.jobs[0].job.state else { panic!("it has finished") };
    let Outcome::Succeeded(Output::Numbers(found)) = &**outcome else { panic!("{outcome:?}") };
    let text = results::read(&other, &found[0].digits).unwrap();
    let length = text.len();
    assert_eq!(length, 5000);
    // It is a store like others.
    write(&other, accept(CHAT, 3));
    other.close();
    assert_eq!(ids(&open(&to).1), [1, 2, 3]);
}

/// Retention does not wait for a backup.
#[test]
fn a_file_that_is_dropped_meanwhile_is_dropped_in_the_backup() {
    let from = folder();
    let (store, _) = open(&from);
    finish_long(&store, 1);
    finish_long(&store, 2);
    fs::remove_file(from.path().join("results/-100200-1.txt")).unwrap();
    let to = restored(&back_up(&from));
    let (other, loaded) = open(&to);
    assert_eq!(loaded.jobs.iter().map(|job| job.dropped).collect::<Vec<_>>(), [true, false]);
    assert_eq!(other.retain(at(2)).unwrap(), Dropped::default());
}

#[test]
fn what_an_older_or_a_newer_bot_left_is_backed_up_or_refused() {
    let newer = folder();
    open(&newer).0.close();
    let connection = Connection::open(newer.path().join(Store::FILE)).unwrap();
    let version = schema::VERSION + 1;
    connection.pragma_update(None, "user_version", version).unwrap();
    connection.close().unwrap();
    let error = Store::backup(newer.path(), folder().path(), Vec::new()).unwrap_err();
    assert!(
        matches!(error, BackupError::Open(OpenError::Newer { version: found }) if found == version),
        "{error}"
    );
    let error = Store::backup(folder().path(), folder().path(), Vec::new()).unwrap_err();
    assert!(matches!(error, BackupError::Nothing), "{error}");
}
