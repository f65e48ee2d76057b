//! What survives the process: one SQLite file and a folder of long results.
//!
//! One thread writes. It commits what waits as a group, so that a hundred people who write at once cost one sync of the
//! disk. Nothing here knows what an answer or a kill looks like: those are texts that their owners read again.

mod apply;
mod backup;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod inspect;
mod loaded;
mod open;
pub mod replica;
mod results;
mod retain;
mod rows;
mod schema;
mod writer;

use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use self::replica::{Keeper, Replica};
pub use self::{
    backup::{BackupError, Copied},
    inspect::{Found, Inspected},
    loaded::{Loaded, LoadedDash, LoadedJob},
    open::OpenError,
    writer::Committed,
};
use crate::{
    job::{ChatId, Digits, Job, JobId, Kept, MessageId, Outcome},
    metrics::Metrics,
};

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store(Option<Arc<writer::Writer>>);

/// What boards keep of finished jobs; what is over it is dropped, the oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Finished jobs a chat.
    pub jobs: usize,
    /// Since they finished.
    pub time: Duration,
    /// Bytes of all files of results together.
    pub bytes: u64,
    /// A whole board, since its chat has removed the bot.
    pub away: Duration,
}

/// Made at random once, with the store, and never shown: what is signed with it is known again after a restart.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// One thing that has to survive. Writes are done in the order in which they are [queued](Store::write).
#[derive(Clone, Debug)]
pub enum Write {
    /// A job was accepted. Its state is queued.
    Accept(ChatId, Box<Job>),
    /// A job begins to run, for the `attempt`-th time.
    Start {
        /// Whose board.
        chat: ChatId,
        /// Which job.
        id: JobId,
        /// From 1.
        attempt: u32,
        /// When.
        started: SystemTime,
    },
    /// The bot stops in good order: a job that runs is queued again, and that it ran counts for no crash.
    Pause(ChatId, JobId),
    /// A job has finished.
    Finish {
        /// Whose board.
        chat: ChatId,
        /// Which job.
        id: JobId,
        /// When it began to run, if it did.
        started: Option<SystemTime>,
        /// When it ended.
        finished: SystemTime,
        /// How; as [`Store::keep`] returned it.
        outcome: Arc<Outcome>,
    },
    /// What is known of the way of a job's members; to be written before the job's end.
    Times {
        /// Whose board.
        chat: ChatId,
        /// Which job.
        id: JobId,
        /// For its owner to read again; replaces what was there.
        body: String,
    },
    /// A kill was asked for.
    Kill {
        /// Whose board.
        chat: ChatId,
        /// The kill's number within its chat.
        kill: u64,
        /// These are to stop, also after a restart.
        ids: Vec<JobId>,
        /// Who asked; kept for each job that nobody had killed before.
        by: String,
        /// The kill, for its owner to read again.
        body: String,
    },
    /// A job's card was sent or edited.
    Card {
        /// Whose board.
        chat: ChatId,
        /// Which job.
        id: JobId,
        /// The message.
        message: Option<MessageId>,
        /// It shows the end of the job: nothing is to be said of it any more.
        done: bool,
    },
    /// Something is to be said.
    Say {
        /// Where.
        chat: ChatId,
        /// The answer's number, of all chats together.
        answer: u64,
        /// The answer, for its owner to read again.
        body: String,
        /// What is done with it, in the same moment.
        instead: Option<Instead>,
    },
    /// It was said, or nobody wants to hear it any more.
    Said(u64),
    /// Something was asked for that not everybody may have, and who asks has to be found out first.
    Ask {
        /// Where.
        chat: ChatId,
        /// The question's number, of all chats together.
        question: u64,
        /// The question, for its owner to read again.
        body: String,
    },
    /// It was found out, and what was asked for is done or refused.
    Asked(u64),
    /// The chat has removed the bot: nothing is to be said there any more, and its board is kept for [`Keep::away`].
    Leave(ChatId, SystemTime),
    /// It has taken the bot back.
    Return(ChatId),
    /// A dash was sent, or turned: it is the live one of its topic, and no other is.
    Dash {
        /// Where.
        chat: ChatId,
        /// The topic, if the chat has topics.
        thread: Option<i32>,
        /// The message.
        message: MessageId,
        /// What it shows, for its owner to read again.
        body: String,
    },
    /// This dash does not say that it is live any more, or is not there.
    DashGone(ChatId, MessageId),
    /// The last updates that were handled, with what tells them from others of the same number; replaces those before.
    Handled(Vec<(i64, u64)>),
    /// Nothing but that the store can be written, and when that was.
    Alive(SystemTime),
    /// A chat has chosen something; replaces what it chose before.
    Set {
        /// Which.
        chat: ChatId,
        /// What is set.
        key: &'static str,
        /// To what.
        value: String,
    },
    /// An owner has let a chat in, or out; replaces what was said of it before.
    Access {
        /// Which.
        chat: ChatId,
        /// In.
        allowed: bool,
    },
    /// An owner has paused the bot, or let it go on.
    Paused(bool),
    /// The command menus that may be registered at Telegram, in words of their owner's.
    Menus(String),
    /// A schedule was made, or comes again at another time; without a body it is gone. Its number is not given again.
    Schedule {
        /// Whose.
        chat: ChatId,
        /// The schedule's number within its chat.
        number: u64,
        /// The schedule, for its owner to read again; replaces what was there.
        body: Option<String>,
    },
    /// A group became a supergroup: all that is the old chat's is the new one's. Origins of its jobs mean nothing any
    /// more ([`MessageId`] 0, no thread), but for occurrences of schedules, nor do the messages of their cards and of the dash, nor what its kills, answers,
    /// questions and schedules reply to: the `reply_to` of their bodies, which are JSON.
    Move {
        /// The group.
        from: ChatId,
        /// The supergroup.
        to: ChatId,
    },
}

/// What an answer replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// The kill that it reports.
    Kill(u64),
    /// The card, in this message, whose job's end it announces: the card shows that end.
    Card(JobId, MessageId),
    /// Another answer, which was said: this one goes on where it ended.
    Answer(u64),
    /// The schedule of this number as it was before what is told; see [`Write::Schedule`].
    Schedule(u64, Option<String>),
}

/// Why something could not be written. Nothing of it is in the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// No space is left.
    #[error("no space is left in the data folder")]
    Full,
    /// The file or its folder is read-only.
    #[error("the data folder is read-only")]
    ReadOnly,
    /// Too much waits for the disk.
    #[error("the disk is too slow for all that is to be stored")]
    Busy,
    /// Anything else.
    #[error("the data folder cannot be written: {0}")]
    Io(String),
}

/// What retention dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// These are not on their boards any more.
    pub jobs: Vec<(ChatId, JobId)>,
    /// These have lost their files.
    pub files: Vec<(ChatId, JobId)>,
}

impl Store {
    /// The name of the database's file in its folder.
    pub const FILE: &str = "jobboard.db";

    /// Opens the store in `folder`, makes it where there is none, brings an older one up to date, and counts a crash
    /// for each job that was running. Blocks.
    ///
    /// # Errors
    /// [`OpenError`]. What is newer, damaged or another bot's is left as it was.
    pub fn open(folder: &Path, keep: Keep) -> Result<(Self, Loaded), OpenError> {
        Self::open_measured(folder, keep, Metrics::new())
    }

    /// The same, counted by somebody.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_measured(
        folder: &Path,
        keep: Keep,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Loaded), OpenError> {
        open::open(folder, keep, metrics)
    }

    /// Opens the store of a folder that has [followed](replica::Follower) until now, as the one that leads: each commit is in
    /// the log on NATS before it is told of. Blocks.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`OpenError::Io`] where another bot leads meanwhile.
    pub fn lead(
        folder: &Path,
        keep: Keep,
        metrics: Arc<Metrics>,
        leading: (File, Replica),
    ) -> Result<(Self, Loaded), OpenError> {
        let (lock, replica) = leading;
        open::open_locked(folder, keep, metrics, (lock, Some(replica)))
    }

    /// Who keeps the log on NATS short; `None` where nobody follows, or where somebody has it already.
    pub fn keeper(&self) -> Option<Keeper> {
        self.0.as_ref().and_then(|writer| writer.keeper())
    }

    /// Looks at the store in `folder`, also while a bot runs on it, and changes nothing. Blocks.
    ///
    /// # Errors
    /// [`OpenError`]: what a start would say.
    pub fn inspect(folder: &Path) -> Result<Inspected, OpenError> {
        inspect::inspect(folder)
    }

    /// Writes a tar of the store in `folder` as it is at one moment, also while a bot runs on it. `scratch` is an empty
    /// folder with room for the database. Blocks.
    ///
    /// # Errors
    /// [`BackupError`]; what was written is no backup then.
    pub fn backup(folder: &Path, scratch: &Path, to: impl io::Write) -> Result<Copied, BackupError> {
        backup::backup(folder, scratch, to)
    }

    /// Fills `folder`, in which there is no store, from a backup. Blocks.
    ///
    /// # Errors
    /// [`BackupError`]; there is no store then.
    pub fn restore(folder: &Path, from: impl Read) -> Result<Copied, BackupError> {
        backup::restore(folder, from)
    }

    /// A store that keeps nothing and says so to nobody: to measure what the other costs, and for tests of the rest.
    pub fn none() -> Self {
        Self(None)
    }

    /// Queues a write, now; the future is ready when it is on the disk, or cannot get there.
    pub fn write(&self, write: Write) -> Committed {
        match &self.0 {
            Some(writer) => writer.write(write),
            None => Committed::now(),
        }
    }

    /// Moves what is long of an outcome into a file, written and synced when it returns. The rest is what is to be
    /// recorded with [`Write::Finish`], and to be kept in memory.
    ///
    /// # Errors
    /// [`WriteError`]; no file is left over.
    pub async fn keep(&self, chat: ChatId, id: JobId, outcome: Outcome) -> Result<Outcome, WriteError> {
        let Some(writer) = self.0.clone() else { return Ok(outcome) };
        let outcome = results::keep(writer.folder(), chat, id, outcome).await?;
        if let Some((files, term)) = writer.files() {
            let names = results::files(writer.folder(), chat, id, &outcome).await;
            files.keep(writer.folder(), names, term).await?;
        }
        Ok(outcome)
    }

    /// Reads the digits of a number, from the highest on; `None` where they were dropped. What is opened stays
    /// readable, also when they are dropped meanwhile. Blocks.
    ///
    /// # Errors
    /// Where the file cannot be read, or is shorter than the digits.
    pub fn digits(&self, digits: &Digits) -> io::Result<Option<Box<dyn Read + Send>>> {
        match (digits, &self.0) {
            (Digits::Here(text), _) => Ok(Some(Box::new(Cursor::new(Shared(text.clone()))))),
            (Digits::Filed(filed), Some(writer)) => {
                Ok(results::open(writer.folder(), filed)?.map(|file| Box::new(file) as _))
            }
            (Digits::Filed(_), None) => Ok(None),
        }
    }

    /// Opens what a program left, from a place on; `None` where it was dropped. Blocks.
    ///
    /// # Errors
    /// Where the file cannot be read, or is shorter than it was.
    pub fn kept(&self, kept: &Kept, from: u64) -> io::Result<Option<Box<dyn Read + Send>>> {
        let Some(writer) = &self.0 else { return Ok(None) };
        let (offset, wanted) = (kept.offset.saturating_add(from), kept.bytes.saturating_sub(from));
        let opened = results::open_at(writer.folder(), &kept.file, offset, wanted)?;
        Ok(opened.map(|file| Box::new(file) as _))
    }

    /// An empty file beside the results, where there is room for large ones. It has no name and is gone when it is
    /// closed, in whatever way the process ends. Blocks.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn scratch(&self) -> io::Result<File> {
        match &self.0 {
            Some(writer) => tempfile::tempfile_in(writer.folder()),
            None => tempfile::tempfile(),
        }
    }

    /// Writes that wait for the disk, and the bytes of the file and its log. Blocks.
    pub fn load(&self) -> (usize, u64) {
        self.0.as_ref().map_or((0, 0), |writer| (writer.waiting(), open::database_size(writer.folder())))
    }

    /// Bytes of the database, its log and all results. Blocks.
    pub fn size(&self) -> u64 {
        self.0.as_ref().map_or(0, |writer| open::size(writer.folder()))
    }

    /// Drops what is over the bounds of [`Keep`]. Blocks.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn retain(&self, now: SystemTime) -> Result<Dropped, WriteError> {
        match &self.0 {
            Some(writer) => retain::retain(writer, now),
            None => Ok(Dropped::default()),
        }
    }

    /// Waits until all that was queued is on the disk, and closes the file. Writes that come later fail. Blocks.
    pub fn close(&self) {
        if let Some(writer) = &self.0 {
            writer.close();
        }
    }
}

/// Digits as bytes, without a copy.
struct Shared(Arc<String>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests;
