//! What is known of the ways of jobs' members.

use super::*;

fn times(id: u64, body: &str) -> Write {
    Write::Times { chat: CHAT, id: JobId(id), body: body.to_owned() }
}

#[test]
fn times_come_back_with_their_finished_jobs_and_move_with_them() {
    let folder = folder();
    let (store, _) = open(&folder);
    for id in 1..=3 {
        write(&store, accept(CHAT, id));
    }
    write(&store, times(1, "old"));
    write(&store, times(1, "new"));
    write(&store, finish(1, numbers(&[12])));
    // Its end was not stored: it runs again.
    write(&store, times(2, "lost"));
    // There is no such job.
    write(&store, times(77, "nobody's"));
    let loaded = open(&crashed(&folder)).1;
    assert_eq!(loaded.times, [(CHAT, JobId(1), "new".to_owned())]);
    let there = ChatId(-7);
    write(&store, Write::Move { from: CHAT, to: there });
    assert_eq!(open(&crashed(&folder)).1.times, [(there, JobId(1), "new".to_owned())]);
}

#[test]
fn times_go_with_their_job_and_are_no_other_jobs() {
    let folder = folder();
    let (store, _) = Store::open(folder.path(), Keep { jobs: 1, ..ALL }).unwrap();
    for id in 1..=2 {
        write(&store, accept(CHAT, id));
        write(&store, times(id, &format!("of {id}")));
        write(&store, finish(id, numbers(&[12])));
    }
    store.retain(at(9_999)).unwrap();
    let count = inside(&store, |connection| {
        connection.query_row("SELECT count(*) FROM times", [], |row| row.get::<_, i64>(0))
    });
    assert_eq!(count, 1);
    assert_eq!(open(&crashed(&folder)).1.times, [(CHAT, JobId(2), "of 2".to_owned())]);
}
