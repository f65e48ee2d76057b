//! The bot's side of a supervisor: started, told what to run, asked to stop, and heard.

use std::{
    io,
    os::fd::OwnedFd,
    os::unix::net::UnixStream as StdStream,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, ChildStderr, ChildStdout, Command},
};

use super::records::{Killed, Record, Recorded};
use crate::supervise::protocol::{Order, Report, SUPERVISE, Word, line};

/// Bytes that a program may print ahead of who reads it: fewer and larger reads.
pub(super) const PIPE: usize = 1 << 20;

/// A supervisor that runs. When it is dropped, it kills all that is below it, and ends.
pub(super) struct Supervised {
    child: Child,
    pid: u32,
    reports: Lines<BufReader<OwnedReadHalf>>,
    words: OwnedWriteHalf,
    recorded: Option<Recorded>,
}

/// What a program prints.
pub(super) struct Streams {
    /// Results.
    pub(super) out: ChildStdout,
    /// Errors.
    pub(super) err: ChildStderr,
}

impl Supervised {
    /// Starts a supervisor; its run is recorded before its program can begin.
    pub(super) async fn start(
        binary: PathBuf,
        runs: PathBuf,
        mark: String,
        order: &Order,
    ) -> io::Result<(Self, Streams)> {
        let started = tokio::task::spawn_blocking(move || spawn(&binary, &runs, mark)).await;
        let (mut child, control, recorded) = started.map_err(io::Error::other)??;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        // Where the user has too many pipes, it stays small.
        let _ = rustix::pipe::fcntl_setpipe_size(&out, PIPE);
        let (read, mut words) = UnixStream::from_std(control)?.into_split();
        words.write_all(&line(order)?).await?;
        let (pid, reports) = (child.id().unwrap_or_default(), BufReader::new(read).lines());
        Ok((Self { child, pid, reports, words, recorded: Some(recorded) }, Streams { out, err }))
    }

    /// What it says next; `None` when it is gone. May be dropped and called again.
    pub(super) async fn report(&mut self) -> Option<Report> {
        let line = self.reports.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Asks it to end its program; again, with a shorter grace, where it takes too long.
    pub(super) async fn stop(&mut self, grace: Duration) {
        if let Ok(word) = line(&Word::stop(grace)) {
            // Where it is gone, that is heard as well.
            let _ = self.words.write_all(&word).await;
        }
        self.wake();
    }

    /// Its program may have stopped it: they are of the same user.
    pub(super) fn wake(&self) {
        // It is this process's child and was not waited for, so the number is its own.
        if self.child.id().is_some()
            && let Some(pid) = Pid::from_raw(self.pid.cast_signed())
        {
            let _ = kill_process(pid, Signal::CONT);
        }
    }

    /// It has said its last word.
    pub(super) async fn end(mut self) {
        drop(self.words);
        let _ = self.child.wait().await;
    }

    /// It is not there, or does not do what it should: this process does it instead. Returns when nobody is left, or who is
    /// cannot be killed.
    pub(super) async fn take_over(&mut self) -> Killed {
        let nobody = Killed { killed: 0, left: 0 };
        let Some(recorded) = self.recorded.take() else { return nobody };
        let killed = tokio::task::spawn_blocking(move || recorded.kill()).await.unwrap_or(nobody);
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
        killed
    }
}

fn spawn(binary: &Path, runs: &Path, mark: String) -> io::Result<(Child, StdStream, Recorded)> {
    let (control, its_end) = StdStream::pair()?;
    control.set_nonblocking(true)?;
    let child = Command::new(binary)
        .arg(SUPERVISE)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(its_end)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let record = child.id().and_then(|pid| Record::of(pid, mark)).ok_or(io::ErrorKind::NotFound)?;
    Ok((child, control, record.write(runs)?))
}
