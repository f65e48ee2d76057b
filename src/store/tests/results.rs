//! Long results: files that are there as a whole or not at all.

use super::*;
use crate::job::{Kept, Made, Pokemon, Printed, ProgramEnd};

fn files(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("results")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn keep(store: &Store, id: u64, outcome: Outcome) -> Outcome {
    block_on(store.keep(CHAT, JobId(id), outcome)).unwrap()
}

fn digits(outcome: &Outcome) -> Vec<Digits> {
    let Outcome::Succeeded(Output::Numbers(numbers)) = outcome else { panic!("{outcome:?}") };
    numbers.iter().map(|number| number.digits.clone()).collect()
}

/// All digits, unless they were dropped.
pub(super) fn read(store: &Store, digits: &Digits) -> Option<String> {
    Some(std::io::read_to_string(store.digits(digits).unwrap()?).unwrap())
}

fn many_pokemon() -> Outcome {
    let pokemon = |id: u64| Pokemon {
        id,
        name: format!("pokemon-{id}"),
        types: vec!["grass".to_owned()],
        height: 1,
        weight: 2,
        abilities: vec![("overgrow".to_owned(), false)],
        stats: Vec::new(),
        sprite: None,
    };
    let member =
        |id: u64| MemberResult { key: id.to_string().parse().unwrap(), result: Ok(pokemon(id).into()) };
    Outcome::Succeeded(Output::Pokemon((1..=100).map(member).collect()))
}

#[test]
fn long_numbers_stand_in_a_file_and_come_back() {
    let folder = folder();
    let (store, _) = open(&folder);
    let lengths = [600, 512, 513, 200_000, 3];
    let whole = numbers(&lengths);
    let kept = keep(&store, 1, whole.clone());
    let filed: Vec<_> = digits(&kept).iter().map(|digits| digits.here().is_none()).collect();
    assert_eq!(filed, [true, false, true, true, false]);
    assert_eq!(files(&folder), ["-100200-1.txt"]);
    let text = fs::read_to_string(folder.path().join("results/-100200-1.txt")).unwrap();
    assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [600, 513, 200_000]);
    write(&store, accept(CHAT, 1));
    write(&store, finish(1, kept.clone()));
    let crashed = crashed(&folder);
    let (store, loaded) = open(&crashed);
    assert_eq!(loaded.jobs[0].job.state.outcome(), Some(&kept));
    for (kept, whole) in digits(&kept).iter().zip(digits(&whole)) {
        assert_eq!(read(&store, kept).as_deref(), whole.here());
        assert_eq!((kept.len(), kept.head(64), kept.tail(64)), (whole.len(), whole.head(64), whole.tail(64)));
    }
}

#[test]
fn short_results_stay_in_their_row() {
    let folder = folder();
    let (store, _) = open(&folder);
    for outcome in [numbers(&[4000]), numbers(&[600; 6]), Outcome::Failed(Failure::Panicked)] {
        assert_eq!(keep(&store, 1, outcome.clone()), outcome);
    }
    assert!(files(&folder).is_empty());
    assert!(digits(&keep(&store, 1, numbers(&[4097])))[0].here().is_none());
}

#[test]
fn what_else_is_long_stands_in_a_file_too() {
    let folder = folder();
    let (store, _) = open(&folder);
    let outcomes = [many_pokemon(), numbers(&[500; 20]), numbers(&[1000; 30])];
    let mut kept = Vec::new();
    for (id, outcome) in (1..).zip(outcomes) {
        kept.push(keep(&store, id, outcome));
        write(&store, accept(CHAT, id));
        write(&store, finish(id, kept[kept.len() - 1].clone()));
    }
    assert_eq!(files(&folder), ["-100200-1.json", "-100200-2.json", "-100200-3.json", "-100200-3.txt"]);
    let longest: i64 = inside(&store, |db| {
        db.query_row("SELECT max(coalesce(length(outcome), 0)) FROM job", [], |row| row.get(0))
    });
    assert_eq!(longest, 0);
    let crashed = crashed(&folder);
    let (_store, loaded) = open(&crashed);
    for (job, kept) in loaded.jobs.iter().zip(&kept) {
        assert_eq!(job.job.state.outcome(), Some(kept));
    }
    // No file that a job needs was taken for a leftover.
    assert_eq!(files(&crashed), files(&folder));
}

#[test]
fn a_long_result_that_nobody_kept_is_not_lost() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    write(&store, finish(1, many_pokemon()));
    let (_store, loaded) = open(&crashed(&folder));
    assert_eq!(loaded.jobs[0].job.state.outcome(), Some(&many_pokemon()));
}

#[test]
fn a_job_whose_result_somebody_removed_is_dropped_and_its_id_is_not() {
    let folder = folder();
    let (store, _) = open(&folder);
    for id in 1..=2 {
        write(&store, accept(CHAT, id));
        let outcome = if id == 2 { keep(&store, id, many_pokemon()) } else { numbers(&[1]) };
        write(&store, finish(id, outcome));
    }
    let copy = crashed(&folder);
    fs::remove_file(copy.path().join("results/-100200-2.json")).unwrap();
    let (store, loaded) = open(&copy);
    assert_eq!((ids(&loaded), loaded.last_ids), (vec![1], vec![(CHAT, JobId(2))]));
    drop(store);
    assert_eq!(open(&copy).1.last_ids, [(CHAT, JobId(2))]);
    // One that is there and cannot be read is another matter.
    let copy = crashed(&folder);
    fs::write(copy.path().join("results/-100200-2.json"), "{").unwrap();
    assert!(matches!(Store::open(copy.path(), ALL).map(drop), Err(OpenError::Damaged(_))));
}

#[test]
fn files_that_no_job_names_are_removed_at_the_start() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    let kept = keep(&store, 1, numbers(&[5000]));
    write(&store, finish(1, kept));
    // The bot is killed between a file and its record, and in the middle of a file.
    keep(&store, 2, numbers(&[5000]));
    fs::write(folder.path().join("results/-100200-3.txt.part"), "12").unwrap();
    fs::write(folder.path().join("results/README"), "somebody's").unwrap();
    let crashed = crashed(&folder);
    let (_store, _) = open(&crashed);
    assert_eq!(files(&crashed), ["-100200-1.txt", "README"]);
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing() {
    let folder = folder();
    let (store, _) = open(&folder);
    // A folder stands where the file should be.
    let blocker = folder.path().join("results/-100200-1.txt/x");
    fs::create_dir_all(&blocker).unwrap();
    let failed = block_on(store.keep(CHAT, JobId(1), numbers(&[5000])));
    assert!(matches!(failed, Err(WriteError::Io(_))), "{failed:?}");
    assert_eq!(files(&folder), ["-100200-1.txt"]);
    fs::remove_dir_all(blocker.parent().unwrap()).unwrap();
    // The second file of a result fails, and the first one goes with it.
    fs::create_dir_all(folder.path().join("results/-100200-2.json/x")).unwrap();
    assert!(block_on(store.keep(CHAT, JobId(2), numbers(&[1000; 30]))).is_err());
    assert_eq!(files(&folder), ["-100200-2.json"]);
    fs::remove_dir_all(folder.path().join("results")).unwrap();
    assert!(block_on(store.keep(CHAT, JobId(1), numbers(&[5000]))).is_err());
}

#[test]
fn digits_are_none_without_their_file_and_an_error_where_it_is_short() {
    let folder = folder();
    let (store, _) = open(&folder);
    let digits = digits(&keep(&store, 1, numbers(&[5000]))).remove(0);
    let path = folder.path().join("results/-100200-1.txt");
    fs::write(&path, "123").unwrap();
    assert_eq!(store.digits(&digits).err().unwrap().kind(), std::io::ErrorKind::UnexpectedEof);
    fs::remove_file(&path).unwrap();
    assert_eq!(read(&store, &digits), None);
    let Digits::Filed(filed) = digits else { panic!() };
    for file in ["../jobboard.db", "/etc/passwd", "", ".."] {
        let outside = crate::job::Filed { file: file.to_owned(), ..(*filed).clone() };
        let error = store.digits(&Digits::Filed(outside.into())).err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{file}");
    }
}

fn printed(bytes: u64) -> Printed {
    let kept = |offset, bytes| Kept { file: "-100200-1.out".to_owned(), offset, bytes };
    let made = vec![Made { name: "a.png".to_owned(), kept: kept(bytes, 100) }];
    Printed { tail: "the end".to_owned(), bytes, file: Some(kept(0, bytes)), made, ..Printed::default() }
}

#[test]
fn what_a_program_left_is_its_job_s() {
    let folder = folder();
    let (store, _) = open(&folder);
    let file = folder.path().join("results/-100200-1.out");
    fs::write(&file, vec![7; 5100]).unwrap();
    let failure = Failure::program(ProgramEnd::Exited(1), printed(5000));
    let outcomes = [Outcome::Succeeded(Output::Printed(printed(5000))), Outcome::Failed(failure)];
    for (id, outcome) in (1..).zip(outcomes) {
        let kept = keep(&store, id, outcome.clone());
        assert_eq!(kept, outcome);
        write(&store, accept(CHAT, id));
        write(&store, finish(id, kept));
    }
    let names = inside(&store, |db| {
        let mut jobs = db.prepare("SELECT digits_file, digits_bytes FROM job ORDER BY id").unwrap();
        let rows = jobs.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
        rows.collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(names, vec![("-100200-1.out".to_owned(), 5100); 2]);
    let kept = printed(5000);
    let read = |kept: &Kept, from| {
        let mut read = Vec::new();
        store.kept(kept, from).unwrap()?.read_to_end(&mut read).unwrap();
        Some(read.len())
    };
    assert_eq!(read(kept.file.as_ref().unwrap(), 4_990), Some(10));
    assert_eq!(read(&kept.made[0].kept, 0), Some(100));

    // What is named is there after a crash, what is not is gone.
    let crashed = crashed(&folder);
    fs::write(crashed.path().join("results/-100200-7.out"), "of nobody").unwrap();
    fs::write(crashed.path().join("results/-100200-8.out.part"), "half").unwrap();
    let (_store, _) = open(&crashed);
    assert_eq!(files(&crashed), ["-100200-1.out"]);
}

#[test]
fn what_a_program_left_is_dropped_before_its_job() {
    let folder = folder();
    let (store, _) = Store::open(folder.path(), Keep { bytes: 5099, ..ALL }).unwrap();
    fs::write(folder.path().join("results/-100200-1.out"), vec![7; 5100]).unwrap();
    write(&store, accept(CHAT, 1));
    write(&store, finish(1, Outcome::Succeeded(Output::Printed(printed(5000)))));
    let dropped = store.retain(at(100)).unwrap();
    assert_eq!((dropped.jobs, dropped.files), (vec![], vec![(CHAT, JobId(1))]));
    assert!(files(&folder).is_empty());
    assert!(store.kept(printed(5000).file.as_ref().unwrap(), 0).unwrap().is_none());
}
