//! The operator's file.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::OFlags;
use toml::de::DeTable;

use super::{
    Catalog, Declaration,
    item::{Notes, Table},
    program::Beside,
    twice,
};

/// Bytes of a file; what is larger is another file by mistake.
const MAX_FILE: u64 = 1_000_000;
/// Telegram's menu has 100 places, of which the bot's own commands take some.
const MAX_COMMANDS: usize = 70;

/// Why a file declares nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// Reading it took too long, and still goes on.
    Slow {
        /// The file.
        file: PathBuf,
        /// How long was waited for it.
        within: Duration,
    },
    /// Something in it is wrong.
    Wrong {
        /// The file.
        file: PathBuf,
        /// What; never empty.
        mistakes: Vec<Mistake>,
    },
}

/// Something that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its line, from 1.
    pub line: usize,
    /// The field, `jobs.backup.parameters[0].type`; empty where the file is no TOML, but for keys that are there
    /// twice.
    pub field: String,
    /// A sentence for the operator, in one line.
    pub why: String,
}

impl FileError {
    /// A line for each mistake: `jobs.toml:12: jobs.backup.program: …`.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Unreadable { file, why } => vec![format!("{}: {why}", file.display())],
            Self::Slow { file, within } => {
                vec![format!("{}: it could not be read in {} s", file.display(), within.as_secs())]
            }
            Self::Wrong { file, mistakes } => {
                mistakes.iter().map(|mistake| format!("{}:{mistake}", file.display())).collect()
            }
        }
    }
}

/// One line: the first mistake, and how many more there are.
impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        match lines.as_slice() {
            [] => Ok(()),
            [line] => f.write_str(line),
            [line, more @ ..] => write!(f, "{line} (and {} more: jobboard check)", more.len()),
        }
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.line, self.why),
            field => write!(f, "{}: {field}: {}", self.line, self.why),
        }
    }
}

impl Catalog {
    /// Reads a file; `taken` are the names of the bot's own commands. Where it `is_here` that what it declares runs, its programs and
    /// folders have to be there. It blocks.
    ///
    /// # Errors
    /// [`FileError`], with everything that is wrong.
    pub fn read<'a>(
        file: &Path,
        is_here: bool,
        taken: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, FileError> {
        let unreadable = |why: String| FileError::Unreadable { file: file.to_owned(), why };
        let text = contents(file).map_err(|error| unreadable(error.to_string()))?;
        let folder = std::path::absolute(file).map_err(|error| unreadable(error.to_string()))?;
        let taken: Vec<_> = taken.into_iter().map(|name| name.replace('-', "_")).collect();
        let folder = folder.parent().unwrap_or(Path::new("/"));
        parse(&text, Beside { folder, is_here }, &taken)
            .map_err(|mistakes| FileError::Wrong { file: file.to_owned(), mistakes })
    }
}

impl Catalog {
    /// How long reading a file may take: one on a disk that is away never answers.
    pub const READ_WITHIN: Duration = Duration::from_secs(5);

    /// The same beside what else there is to do, and within a time. `reading` is dropped when reading has ended, which may be later.
    ///
    /// # Errors
    /// The same.
    pub async fn read_soon(
        file: PathBuf,
        is_here: bool,
        taken: impl Iterator<Item = &'static str> + Send + 'static,
        reading: impl Send + 'static,
    ) -> Result<Self, FileError> {
        let its = file.clone();
        let read = move || {
            let _reading = reading;
            Self::read(&its, is_here, taken)
        };
        within(Self::READ_WITHIN, file, read).await
    }
}

async fn within<T: Send + 'static>(
    within: Duration,
    file: PathBuf,
    read: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    match tokio::time::timeout(within, tokio::task::spawn_blocking(read)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => Err(FileError::Unreadable { file, why: error.to_string() }),
        Err(_) => Err(FileError::Slow { file, within }),
    }
}

fn contents(file: &Path) -> io::Result<String> {
    let regular =
        |is_file: bool| if is_file { Ok(()) } else { Err(io::Error::other("it is no regular file")) };
    regular(fs::metadata(file)?.is_file())?;
    // A pipe that has come in its place meanwhile must not hold anybody up.
    let opened =
        OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(file)?;
    regular(opened.metadata()?.is_file())?;
    let mut text = String::new();
    opened.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("more than {MAX_FILE} bytes: is it the right file?")));
    }
    Ok(text)
}

/// Reads what stands in a file that is in `folder`.
pub(super) fn parse(text: &str, beside: Beside<'_>, taken: &[String]) -> Result<Catalog, Vec<Mistake>> {
    let notes = Notes::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let (place, why) = (error.span().unwrap_or_default(), error.message());
        let is_twice = why == "duplicate key";
        let field =
            if is_twice { twice::field(text, document.get_ref(), place.clone()) } else { String::new() };
        notes.add(place, &field, if is_twice { "this stands there before" } else { why });
    }
    // What could be read of a file with such mistakes is half of it: more would be said of what is right.
    let declarations =
        if errors.is_empty() { all(&Table::new(&notes, &document), beside, taken) } else { Vec::new() };
    let mistakes = notes.all();
    if mistakes.is_empty() { Ok(declarations.into_iter().collect()) } else { Err(mistakes) }
}

fn all(document: &Table<'_>, beside: Beside<'_>, taken: &[String]) -> Vec<Declaration> {
    let jobs = document.need("jobs", super::item::Item::table);
    document.nothing_more(|_| {
        Some("there is no such field: each command is a table of its own, as [jobs.backup]")
    });
    let Some(jobs) = jobs else { return Vec::new() };
    let jobs = jobs.all();
    if let Some((_, _, item)) = jobs.get(MAX_COMMANDS) {
        let _: Option<()> = item.wrong(format!("one command more than the {MAX_COMMANDS} that there may be"));
    }
    jobs.into_iter()
        .filter_map(|(name, place, item)| Declaration::read((name, place), &item, beside, taken))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_long_for_a_file() {
        let (let_go, held) = mpsc::channel::<()>();
        let file = PathBuf::from("/far/jobs.toml");
        let read = move || held.recv().or(Ok(()));
        let slow = within(Duration::from_millis(1), file.clone(), read).await.unwrap_err();
        drop(let_go);
        assert_eq!(slow, FileError::Slow { file, within: Duration::from_millis(1) });
        let slow = FileError::Slow { file: "/far/jobs.toml".into(), within: Catalog::READ_WITHIN };
        assert_eq!(slow.to_string(), "/far/jobs.toml: it could not be read in 5 s");
    }
}
