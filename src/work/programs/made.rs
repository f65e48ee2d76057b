//! Files that a program made and that are to be sent: found below its folder, and nowhere else.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use glob::MatchOptions;
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::{
    declared::{Files, PatternPart as Part, parts},
    hidden::is_hidden,
};

/// Files of one job that are sent.
const MOST: usize = 10;
/// Telegram takes no larger document of a bot.
const MAX_SIZE: u64 = 50_000_000;
/// Folders and files that are looked at.
const LOOKS: usize = 100_000;
/// Folders below each other.
const DEPTH: usize = 32;
/// The clock of files is that much behind, at most: it goes in steps.
const CLOCK: Duration = Duration::from_millis(20);

/// `*.log` is no `.log`, which is hidden.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Names without folders, and the files, open; in the order of their paths.
    pub(super) files: Vec<(String, File, u64)>,
    /// Files beyond these: too many, too large, empty, or not to be read.
    pub(super) left_out: usize,
}

/// Looks for files that were made or changed since then. No link is followed. Blocks.
pub(super) fn find(folder: &Path, files: &Files, since: SystemTime) -> Found {
    let mut search = Search {
        patterns: files.patterns.iter().filter_map(|pattern| parts(pattern).ok()).collect(),
        since: since.checked_sub(CLOCK).unwrap_or(since),
        looks: LOOKS,
        paths: Vec::new(),
    };
    let states: Vec<State> = (0..search.patterns.len()).map(|pattern| (pattern, 0)).collect();
    search.walk(folder, Path::new(""), &states, 0);
    let mut paths = search.paths;
    paths.sort_unstable();
    let mut found = Found::default();
    let most = files.max_size.min(MAX_SIZE);
    for path in paths {
        match open(folder, &path) {
            // Telegram takes no empty ones.
            Ok((file, size)) if (1..=most).contains(&size) && found.files.len() < MOST => {
                found.files.push((name(&path), file, size));
            }
            Ok(_) => found.left_out += 1,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "what a program made cannot be read");
                found.left_out += 1;
            }
        }
    }
    found
}

/// As people see it, and as a form may carry it: a name may hold line ends, and what turns round the letters of others.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().map(|c| if is_hidden(c) { '_' } else { c }).collect()
}

/// A pattern, and how many of its parts are behind.
type State = (usize, usize);

struct Search {
    patterns: Vec<Vec<Part>>,
    since: SystemTime,
    looks: usize,
    /// Below the folder.
    paths: Vec<PathBuf>,
}

impl Search {
    fn walk(&mut self, folder: &Path, below: &Path, states: &[State], depth: usize) {
        let Ok(entries) = fs::read_dir(folder.join(below)) else { return };
        for entry in entries.flatten() {
            if self.looks == 0 {
                tracing::warn!(folder = %folder.display(), "too many files to look at for what a program made");
                return;
            }
            self.looks -= 1;
            let name = entry.file_name();
            let Some(text) = name.to_str() else { continue };
            // Of the entry itself, not of what it leads to.
            let Ok(kind) = entry.file_type() else { continue };
            let (next, is_wanted) = self.after(states, text);
            let path = below.join(&name);
            if kind.is_dir() && !next.is_empty() && depth < DEPTH {
                self.walk(folder, &path, &next, depth + 1);
            } else if kind.is_file() && is_wanted && self.is_new(&entry) {
                self.paths.push(path);
            }
        }
    }

    /// Where the patterns are after a name, and whether one of them ends with it.
    fn after(&self, states: &[State], name: &str) -> (Vec<State>, bool) {
        let (mut next, mut is_wanted) = (Vec::new(), false);
        for &(pattern, mut part) in states {
            let parts = &self.patterns[pattern];
            while let Some(Part::Any) = parts.get(part) {
                if !name.starts_with('.') {
                    next.push((pattern, part));
                }
                part += 1;
            }
            match parts.get(part) {
                Some(Part::One(wanted)) if wanted.matches_with(name, OPTIONS) => {
                    is_wanted |= part + 1 == parts.len();
                    next.push((pattern, part + 1));
                }
                _ => {}
            }
        }
        next.sort_unstable();
        next.dedup();
        (next, is_wanted)
    }

    /// By the time that nobody can set.
    fn is_new(&self, entry: &fs::DirEntry) -> bool {
        let Ok(metadata) = entry.metadata() else { return false };
        let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
        let nanos = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos) >= self.since
    }
}

/// Opens a file below a folder without going over any link, whatever became of the path meanwhile.
fn open(folder: &Path, path: &Path) -> io::Result<(File, u64)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    // The folder itself may be a link: it is its operator's.
    let mut at = openat(CWD, folder, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY, Mode::empty())?;
    for parent in path.parent().into_iter().flat_map(Path::components) {
        at = openat(&at, parent.as_os_str(), flags | OFlags::DIRECTORY, Mode::empty())?;
    }
    // A pipe in its place must not hold anybody up.
    let file = File::from(openat(
        &at,
        path.file_name().unwrap_or_default(),
        flags | OFlags::NONBLOCK,
        Mode::empty(),
    )?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no file"));
    }
    Ok((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path, patterns: &[&str], max_size: u64, since: SystemTime) -> (Vec<String>, usize) {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let found = find(folder, &Files { patterns, max_size }, since);
        (found.files.into_iter().map(|(name, ..)| name).collect(), found.left_out)
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "content").unwrap();
        }
        folder
    }

    #[test]
    fn patterns_are_of_paths_below_the_folder() {
        let folder = folder(&["a.png", "b.txt", ".hidden.png", "out/c.png", "out/deep/d.png", "other/e.png"]);
        let check = |patterns: &[&str], wanted: &[&str]| {
            let (names, left_out) = names(folder.path(), patterns, 100, SystemTime::UNIX_EPOCH);
            assert_eq!((names.as_slice(), left_out), (wanted.map_owned().as_slice(), 0), "{patterns:?}");
        };
        check(&["*.png"], &["a.png"]);
        check(&["out/*.png"], &["c.png"]);
        check(&["out/**/*.png"], &["c.png", "d.png"]);
        check(&["**/*.png"], &["a.png", "e.png", "c.png", "d.png"]);
        check(&["./b.txt", "b.*"], &["b.txt"]);
        check(&["*/[cd].png"], &["c.png"]);
        check(&["../*", "/etc/passwd", "out/../../*", "out"], &[]);
    }

    trait Owned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl Owned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|name| (*name).to_owned()).collect()
        }
    }

    #[test]
    fn names_hold_nothing_that_cannot_be_seen() {
        let folder = folder(&["x\r\nContent-Type: evil\r\n.txt", "\u{202e}gnp.txt", "für Eva 👩‍🚀.txt"]);
        let (names, _) = names(folder.path(), &["*.txt"], 100, SystemTime::UNIX_EPOCH);
        assert_eq!(names, ["für Eva 👩‍🚀.txt", "x__Content-Type: evil__.txt", "_gnp.txt"]);
    }

    #[test]
    fn no_link_is_followed() {
        let (folder, other) = (folder(&["real.txt"]), folder(&["secret.txt"]));
        symlink(other.path().join("secret.txt"), folder.path().join("link.txt")).unwrap();
        symlink(other.path(), folder.path().join("sub")).unwrap();
        let (names, left_out) =
            names(folder.path(), &["*.txt", "**/*.txt", "sub/*.txt"], 100, SystemTime::UNIX_EPOCH);
        assert_eq!((names, left_out), (vec!["real.txt".to_owned()], 0));
        // Also where it became one after it was found.
        assert!(open(folder.path(), Path::new("link.txt")).is_err());
        assert!(open(folder.path(), Path::new("sub/secret.txt")).is_err());
        assert!(open(folder.path(), Path::new("real.txt")).is_ok());
    }

    #[test]
    fn what_is_old_too_large_or_one_too_many_is_not_sent() {
        let folder = folder(&["old.txt"]);
        std::thread::sleep(2 * CLOCK);
        let since = SystemTime::now();
        let write = |name: &str, bytes| fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
        write("large.txt", 101);
        write("empty.txt", 0);
        (0..12).for_each(|n| write(&format!("{n:02}.txt"), 100));
        let (names, left_out) = names(folder.path(), &["*.txt"], 100, since);
        assert_eq!(names, (0..10).map(|n| format!("{n:02}.txt")).collect::<Vec<_>>());
        assert_eq!(left_out, 4);
    }
}
