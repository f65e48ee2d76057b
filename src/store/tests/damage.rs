//! Files that are not what they should be.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

const SEED: u64 = 20_260_101;

/// A folder with these jobs, half of them in the log; the copy is as after a crash.
fn stored(jobs: u64) -> TempDir {
    let folder = folder();
    let (store, _) = open(&folder);
    for id in 1..=jobs {
        write(&store, accept(CHAT, id));
        write(&store, start(id));
        if id == jobs / 2 {
            inside(&store, |connection| open::checkpoint(connection));
        }
    }
    crashed(&folder)
}

/// What opening it says; it must not change a byte.
fn refused(folder: &TempDir) -> OpenError {
    let before = bytes(folder);
    let error = Store::open(folder.path(), ALL).map(drop).unwrap_err();
    assert!(bytes(folder) == before, "it was touched: {error}");
    error
}

fn sql(folder: &TempDir, sql: &str) {
    let connection = Connection::open(folder.path().join(Store::FILE)).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn overwrite(folder: &TempDir, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.path().join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_newer_store_is_left_alone() {
    let folder = stored(4);
    sql(&folder, "PRAGMA user_version = 1234");
    let error = refused(&folder);
    assert_eq!(error, OpenError::Newer { version: 1234 });
    assert!(error.to_string().contains("1234"));
    // SQLite did not even open it.
    assert!(!folder.path().join("jobboard.db-wal").exists());
}

#[test]
fn a_newer_store_is_known_by_its_log_too() {
    let folder = stored(4);
    let file = folder.path().join(Store::FILE);
    let header = fs::read(&file).unwrap()[..100].to_vec();
    let connection = Connection::open(&file).unwrap();
    let version = schema::VERSION + 1;
    connection.pragma_update(None, "user_version", version).unwrap();
    let crashed = crashed(&folder);
    assert_eq!(fs::read(crashed.path().join(Store::FILE)).unwrap()[..100], header);
    assert_eq!(refused(&crashed), OpenError::Newer { version });
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let text = folder();
    fs::write(text.path().join(Store::FILE), "a shopping list").unwrap();
    assert_eq!(refused(&text), OpenError::NotAStore);
    let other = folder();
    sql(&other, "PRAGMA journal_mode = WAL; CREATE TABLE job (id); INSERT INTO job VALUES (1)");
    assert_eq!(refused(&other), OpenError::NotAStore);
}

#[test]
fn damage_is_found_and_left_alone() {
    let without_version = stored(4);
    sql(&without_version, "PRAGMA user_version = 0");
    let without_table = stored(4);
    sql(&without_table, "DROP TABLE answer");
    let wrong_spec = stored(4);
    sql(&wrong_spec, "UPDATE job SET spec = '{\"Fib\":-1}' WHERE id = 3");
    let wrong_state = stored(4);
    sql(&wrong_state, "UPDATE job SET state = 'failed', finished = 1, outcome = '\"?\"' WHERE id = 3");
    let other_state = stored(4);
    sql(
        &other_state,
        "UPDATE job SET state = 'failed', finished = 1, outcome = '{\"Cancelled\":\"BotStopped\"}'",
    );
    let wrong_index = stored(4);
    let root: usize = Connection::open(wrong_index.path().join(Store::FILE))
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'job_origin'", [], |row| row.get(0))
        .map(|root: u32| root as usize)
        .unwrap();
    overwrite(&wrong_index, Store::FILE, |bytes| bytes[4096 * (root - 1)..4096 * root].fill(0xA5));
    let nonsense = stored(200);
    let (store, _) = open(&nonsense);
    store.close();
    overwrite(&nonsense, Store::FILE, |bytes| {
        let length = bytes.len();
        bytes[4096 * 2..length / 2].fill(0xA5);
    });
    for folder in
        [without_version, without_table, wrong_spec, wrong_state, other_state, wrong_index, nonsense]
    {
        let error = refused(&folder);
        assert!(matches!(error, OpenError::Damaged(_)), "{error}");
        // A line, not a page.
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn a_crash_of_many_jobs_is_counted_only_when_all_can_be_read() {
    let folder = stored(4);
    // More than SQLite holds back by itself.
    sql(
        &folder,
        "WITH RECURSIVE more (id) AS (SELECT 5 UNION ALL SELECT id + 1 FROM more WHERE id < 9000)
         INSERT INTO job (chat, id, message, callback, person, person_name, spec, submitted, state, attempt)
         SELECT chat, more.id, 0, '', 0, hex(zeroblob(400)), spec, 0, 'running', 1 FROM job, more WHERE seq = 1;
         UPDATE job SET spec = '?' WHERE id = 9000",
    );
    assert!(matches!(refused(&folder), OpenError::Damaged(_)));
}

#[test]
fn an_empty_file_with_a_log_is_not_begun_anew() {
    let folder = stored(4);
    overwrite(&folder, Store::FILE, Vec::clear);
    assert!(matches!(refused(&folder), OpenError::Damaged(_)));
    fs::remove_file(folder.path().join(Store::FILE)).unwrap();
    assert!(matches!(refused(&folder), OpenError::Damaged(_)));
}

#[test]
fn a_log_cut_anywhere_gives_what_was_committed_before() {
    let folder = stored(40);
    let log = "jobboard.db-wal";
    let length = fs::metadata(folder.path().join(log)).unwrap().len();
    let mut random = StdRng::seed_from_u64(SEED);
    let mut cuts: Vec<u64> = (0..60).map(|_| random.random_range(0..=length)).collect();
    cuts.extend([0, 1, 31, 32, length - 1, length]);
    cuts.sort_unstable();
    let mut least = 20;
    for cut in cuts {
        let copy = crashed(&folder);
        overwrite(&copy, log, |bytes| bytes.truncate(usize::try_from(cut).unwrap()));
        let (_store, loaded) = open(&copy);
        let count = loaded.jobs.len() as u64;
        assert_eq!(ids(&loaded), (1..=count).collect::<Vec<_>>(), "cut at {cut}");
        // The longer it is, the more there is; and each had been started before the next was accepted.
        assert!(count >= least, "cut at {cut}: {count} jobs, {least} before");
        assert!(loaded.jobs.iter().rev().skip(1).all(|job| job.crashes == 1));
        least = count;
    }
    assert_eq!(least, 40);
}

#[test]
fn a_log_with_a_wrong_byte_gives_what_was_committed_before() {
    let folder = stored(40);
    let mut random = StdRng::seed_from_u64(SEED);
    for _ in 0..30 {
        let copy = crashed(&folder);
        overwrite(&copy, "jobboard.db-wal", |bytes| {
            let place = random.random_range(0..bytes.len());
            bytes[place] ^= 1 << random.random_range(0..8);
        });
        let (_store, loaded) = open(&copy);
        let count = loaded.jobs.len() as u64;
        assert!((20..=40).contains(&count));
        assert_eq!(ids(&loaded), (1..=count).collect::<Vec<_>>());
    }
}

#[test]
fn a_file_cut_anywhere_opens_whole_or_is_refused() {
    // Without its log, and with one.
    let closed = stored(200);
    open(&closed).0.close();
    for folder in [closed, stored(200)] {
        let length = fs::metadata(folder.path().join(Store::FILE)).unwrap().len();
        let mut random = StdRng::seed_from_u64(SEED);
        let mut cuts: Vec<u64> = (0..40).map(|_| random.random_range(1..length)).collect();
        cuts.extend([1, 16, 60, 71, 72, 99, 100, 4096, length - 1]);
        for cut in cuts {
            let copy = crashed(&folder);
            overwrite(&copy, Store::FILE, |bytes| bytes.truncate(usize::try_from(cut).unwrap()));
            let before = bytes(&copy);
            match Store::open(copy.path(), ALL) {
                Ok((_store, loaded)) => {
                    assert_eq!(ids(&loaded), (1..=200).collect::<Vec<_>>(), "cut at {cut}");
                }
                Err(error) => {
                    assert!(matches!(error, OpenError::Damaged(_)), "cut at {cut}: {error}");
                    assert!(bytes(&copy) == before, "cut at {cut}: it was touched");
                }
            }
        }
    }
}

/// A column that only the last look before the start reads.
#[test]
fn damage_in_the_tables_own_text_leaves_all_as_it_was() {
    let folder = folder();
    let (store, _) = open(&folder);
    write(&store, accept(CHAT, 1));
    store.close();
    let path = folder.path().join(Store::FILE);
    // As a restored backup has it: without a log, of which nothing would be in the file yet.
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    connection.close().unwrap();
    let mut content = fs::read(&path).unwrap();
    let name = b"digits_file   TEXT";
    let at = content.windows(name.len()).position(|window| window == name).unwrap();
    content[at] = b'c';
    fs::write(&path, &content).unwrap();
    let error = refused(&folder);
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
}
