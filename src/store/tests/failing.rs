//! Disks that are full or read-only, and what comes after.

use super::*;

/// Accepts jobs until one is refused: what was accepted, and why no more.
fn fill(store: &Store, from: u64) -> (Vec<u64>, WriteError) {
    let mut accepted = Vec::new();
    for id in from.. {
        match try_write(store, accept(CHAT, id)) {
            Ok(()) => accepted.push(id),
            Err(error) => return (accepted, error),
        }
    }
    unreachable!("the disk is never full")
}

fn most_pages(store: &Store, more: Option<u32>) {
    inside(store, move |connection| {
        let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let most = more.map_or(1_000_000, |more| pages + more);
        connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
    });
}

#[test]
fn a_full_disk_refuses_and_space_helps() {
    let folder = folder();
    let (store, _) = open(&folder);
    most_pages(&store, Some(2));
    let (mut accepted, error) = fill(&store, 1);
    assert_eq!(error, WriteError::Full);
    assert_eq!(error.to_string(), "no space is left in the data folder");
    assert!(!accepted.is_empty());
    // In a group, too, each gets its own answer; those that need no space are done.
    let held = hold(&store);
    let group: Vec<_> = (1000..1100).map(|id| store.write(accept(CHAT, id))).collect();
    let said = store.write(Write::Said(1));
    drop(held);
    for (id, committed) in (1000..).zip(group) {
        match block_on(committed) {
            Ok(()) => accepted.push(id),
            Err(error) => assert_eq!(error, WriteError::Full),
        }
    }
    assert_eq!(block_on(said), Ok(()));
    assert!(!accepted.contains(&1099));
    most_pages(&store, None);
    write(&store, accept(CHAT, 2000));
    accepted.push(2000);
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!(ids(&loaded), accepted);
}

#[test]
fn a_slow_disk_accepts_no_more_than_it_can_keep_up_with() {
    let folder = folder();
    let (store, _) = open(&folder);
    let held = hold(&store);
    let waiting: Vec<_> =
        (0..writer::MAX_WAITING as u64).map(|number| store.write(Write::Said(number))).collect();
    assert_eq!(try_write(&store, accept(CHAT, 1)), Err(WriteError::Busy));
    let said = store.write(Write::Said(0));
    drop(held);
    assert_eq!(block_on(said), Ok(()));
    drop(waiting);
    assert_eq!(try_write(&store, accept(CHAT, 1)), Ok(()));
}

#[test]
fn a_read_only_file_is_named_so() {
    let folder = folder();
    let (store, _) = open(&folder);
    inside(&store, |connection| connection.pragma_update(None, "query_only", true));
    assert_eq!(try_write(&store, accept(CHAT, 1)), Err(WriteError::ReadOnly));
    inside(&store, |connection| connection.pragma_update(None, "query_only", false));
    assert_eq!(try_write(&store, accept(CHAT, 1)), Ok(()));
}

#[test]
fn a_connection_that_is_of_no_use_is_opened_again() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    // As an error in the middle of a transaction may leave it.
    inside(&store, |connection| connection.execute_batch("BEGIN; DELETE FROM job"));
    write(&store, accept(CHAT, 2));
    let set: (String, u32) = inside(&store, |connection| {
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok((mode, connection.pragma_query_value(None, "synchronous", |row| row.get(0))?))
    });
    assert_eq!(set, ("wal".to_owned(), 2));
    assert_eq!(ids(&open(&crashed(&folder)).1), [1, 2]);
}

#[test]
fn a_panic_on_the_thread_leaves_nobody_waiting() {
    let folder = folder();
    let (store, _) = open(&folder);
    let held = hold(&store);
    let panics = {
        let writer = writer(&store);
        std::thread::spawn(move || writer.run::<()>(|_, _| panic!("a bug")))
    };
    // Queued behind it or refused: answered in any case.
    let waiting: Vec<_> = (1..50).map(|id| store.write(accept(CHAT, id))).collect();
    drop(held);
    assert!(panics.join().unwrap().is_err());
    for committed in waiting {
        block_on(committed).ok();
    }
    assert!(try_write(&store, accept(CHAT, 99)).is_err());
    store.close();
    let (_again, _) = open(&folder);
}
