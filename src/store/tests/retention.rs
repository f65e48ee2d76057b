//! What is dropped of finished jobs, and that nothing else is.

use super::*;

const OTHER: ChatId = ChatId(1);

fn open_with(folder: &TempDir, keep: Keep) -> (Store, Loaded) {
    Store::open(folder.path(), keep).unwrap()
}

fn finish_at(store: &Store, chat: ChatId, id: u64, finished: SystemTime, lengths: &[usize]) {
    write(store, accept(chat, id));
    let outcome = block_on(store.keep(chat, JobId(id), numbers(lengths))).unwrap().into();
    write(store, Write::Finish { chat, id: JobId(id), started: None, finished, outcome });
}

fn jobs(ids: &[u64]) -> Vec<(ChatId, JobId)> {
    ids.iter().map(|id| (CHAT, JobId(*id))).collect()
}

fn file(folder: &TempDir, name: &str) -> bool {
    folder.path().join("results").join(name).exists()
}

#[test]
fn a_chat_keeps_the_newest_of_its_finished_jobs() {
    let folder = folder();
    let (store, _) = open_with(&folder, Keep { jobs: 2, ..ALL });
    write(&store, accept(CHAT, 1));
    // In another order than they were accepted.
    for (id, when) in [(2, 55), (3, 40), (4, 60), (5, 50)] {
        finish_at(&store, CHAT, id, at(when), &[if id == 3 { 5000 } else { 5 }]);
    }
    finish_at(&store, OTHER, 1, at(1), &[5]);
    assert!(file(&folder, "-100200-3.txt"));
    let dropped = store.retain(at(100)).unwrap();
    assert_eq!((dropped.jobs, dropped.files), (jobs(&[3, 5]), Vec::new()));
    assert!(!file(&folder, "-100200-3.txt"));
    assert_eq!(store.retain(at(100)).unwrap(), Dropped::default());
    assert_eq!(ids(&open(&crashed(&folder)).1), [1, 2, 4, 1]);
}

#[test]
fn what_finished_long_ago_is_dropped_and_its_id_is_never_given_again() {
    let folder = folder();
    let (store, _) = open_with(&folder, Keep { time: Duration::from_secs(100), ..ALL });
    write(&store, accept(CHAT, 1));
    for (id, when) in [(2, 10), (3, 100), (4, 11)] {
        finish_at(&store, CHAT, id, at(when), &[5]);
    }
    assert_eq!(store.retain(at(110)).unwrap().jobs, []);
    assert_eq!(store.retain(at(111)).unwrap().jobs, jobs(&[2]));
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!((ids(&loaded), loaded.last_ids), (vec![1, 3, 4], vec![]));
    assert_eq!(store.retain(at(900)).unwrap().jobs, jobs(&[3, 4]));
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!((ids(&loaded), loaded.last_ids), (vec![1], vec![(CHAT, JobId(4))]));
    // A group that moves takes it along.
    write(&store, Write::Move { from: CHAT, to: OTHER });
    assert_eq!(open(&crashed(&folder)).1.last_ids, [(OTHER, JobId(4))]);
}

#[test]
fn the_oldest_files_go_first_when_there_are_too_many_bytes() {
    let folder = folder();
    let (store, _) = open_with(&folder, Keep { bytes: 12_000, ..ALL });
    write(&store, accept(CHAT, 9));
    for (id, when) in [(1, 30), (2, 10), (3, 20)] {
        finish_at(&store, CHAT, id, at(when), &[5999]);
    }
    let dropped = store.retain(at(100)).unwrap();
    assert_eq!((dropped.jobs, dropped.files), (Vec::new(), jobs(&[2])));
    assert!(!file(&folder, "-100200-2.txt") && file(&folder, "-100200-1.txt"));
    assert_eq!(store.retain(at(100)).unwrap(), Dropped::default());
    let crashed = crashed(&folder);
    let (store, loaded) = open(&crashed);
    assert_eq!(ids(&loaded), [9, 1, 2, 3]);
    assert_eq!(loaded.jobs.iter().map(|job| job.dropped).collect::<Vec<_>>(), [false, false, true, false]);
    // What is known of the number without its file is still known.
    let Some(Outcome::Succeeded(Output::Numbers(numbers))) = loaded.jobs[2].job.state.outcome() else {
        panic!()
    };
    assert_eq!((numbers[0].digits.len(), numbers[0].digits.head(3)), (5999, "123"));
    assert!(store.digits(&numbers[0].digits).unwrap().is_none());
}

#[test]
fn digits_go_before_jobs_and_jobs_go_where_that_is_not_enough() {
    let folder = folder();
    let (store, _) = open_with(&folder, Keep { bytes: 25_000, ..ALL });
    finish_at(&store, CHAT, 1, at(1), &[500; 30]);
    finish_at(&store, CHAT, 2, at(2), &[700; 30]);
    finish_at(&store, CHAT, 3, at(3), &[500; 30]);
    let dropped = store.retain(at(100)).unwrap();
    // About 16,000 bytes each of 1 and 3, and of 2 21,000 of digits and 8,000 of the rest.
    assert_eq!((dropped.jobs, dropped.files), (jobs(&[1]), jobs(&[2])));
    assert!(!file(&folder, "-100200-1.json") && !file(&folder, "-100200-2.txt"));
    let crashed = crashed(&folder);
    let (_store, loaded) = open(&crashed);
    assert_eq!((ids(&loaded), loaded.jobs[0].dropped), (vec![2, 3], true));
    let left: u64 = fs::read_dir(crashed.path().join("results"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!((1..=25_000).contains(&left), "{left}");
}

#[test]
fn what_has_not_finished_is_never_dropped() {
    let folder = folder();
    let nothing = Keep { jobs: 0, time: Duration::ZERO, bytes: 0, away: Duration::ZERO };
    let (store, _) = open_with(&folder, nothing);
    write(&store, accept(CHAT, 1));
    write(&store, accept(CHAT, 2));
    write(&store, start(2));
    write(&store, accept(CHAT, 3));
    // Its file is written, its end is not recorded yet.
    let kept = block_on(store.keep(CHAT, JobId(2), numbers(&[5000]))).unwrap();
    write(&store, finish(3, numbers(&[1])));
    assert_eq!(store.retain(at(1_000_000)).unwrap().jobs, jobs(&[3]));
    write(&store, finish(2, kept));
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!(ids(&loaded), [1, 2]);
    assert!(file(&folder, "-100200-2.txt"));
}
