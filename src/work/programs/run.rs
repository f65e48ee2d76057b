//! One run of a program, from its start until the last of its processes is gone.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::{Instant, Interval, MissedTickBehavior, Sleep, interval, sleep, timeout},
};

use super::{
    output::{Output, Stream},
    records::Killed,
    screen::Screen,
    supervised::{PIPE, Streams, Supervised},
};
use crate::{
    supervise::protocol::{Ended, Refusal, Report},
    work::{Control, Shown},
};

/// Between two looks at what a program shows.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes that are read at once.
const READ: usize = 64 * 1024;
/// After so many bytes in one go, the program waits for a moment: one that prints without end takes a small part of a core.
const BREATH_AFTER: usize = 1 << 20;
const BREATH: Duration = Duration::from_millis(4);
/// When the last process is gone, what it printed is in the pipes; somebody else may have their other end.
const DRAIN: Duration = Duration::from_millis(500);
/// How long after the grace everybody should be gone. Then this process looks after it itself.
const OVERDUE: Duration = Duration::from_secs(10);

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It was killed, or the process ends.
    Cancelled,
    /// Its time was over.
    TookTooLong,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, or as it was asked to.
    Ended(Ended),
    /// It did not begin.
    Refused(Refusal),
    /// Its supervisor was killed.
    Unwatched,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// The run.
    pub(super) limit: Duration,
    /// Between SIGTERM and SIGKILL.
    pub(super) grace: Duration,
    /// The same where this process ends.
    pub(super) exit_grace: Duration,
}

/// A program on its way.
pub(super) struct Run<'a> {
    control: &'a Arc<Control>,
    supervised: Supervised,
    streams: Streams,
    output: Output,
    screen: Screen,
    times: Times,
    stopped: Option<Stopped>,
    /// The process ends, and so has to this.
    exits: bool,
    /// Read without a pause.
    read: usize,
}

/// What a run waits for.
enum Event {
    Report(Option<Report>),
    Printed(Stream, usize),
    Stop(Stopped),
    Exit,
    Look,
    Overdue,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        control: &'a Arc<Control>,
        (supervised, streams): (Supervised, Streams),
        output: Output,
        times: Times,
    ) -> Self {
        let screen = Screen::new();
        Self { control, supervised, streams, output, screen, times, stopped: None, exits: false, read: 0 }
    }

    /// Returns when nobody of it is left: how it ended, who stopped it, and what it printed.
    pub(super) async fn run(mut self) -> (End, Option<Stopped>, Output) {
        let limit = sleep(self.times.limit);
        tokio::pin!(limit);
        // Far away until somebody stops it.
        let overdue = sleep(Duration::from_hours(24 * 365));
        tokio::pin!(overdue);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffers = (vec![0; READ], vec![0; READ]);
        let mut open = (true, true);
        let end = loop {
            let event =
                self.event(&mut buffers, &mut open, (limit.as_mut(), overdue.as_mut()), &mut looks).await;
            match event {
                Event::Report(Some(Report::Gone(ended))) => break End::Ended(ended),
                Event::Report(Some(Report::Refused(refusal))) => break End::Refused(refusal),
                Event::Report(Some(Report::Started { pid })) => tracing::debug!(pid, "a program runs"),
                Event::Report(None) | Event::Overdue => break End::Unwatched,
                Event::Printed(stream, read) => {
                    let buffer = if stream == Stream::Out { &buffers.0 } else { &buffers.1 };
                    self.printed(stream, &buffer[..read]).await;
                }
                Event::Stop(why) => {
                    self.stopped = Some(why);
                    let grace = if self.control.exits() { self.exit_grace() } else { self.times.grace };
                    overdue.as_mut().reset(Instant::now() + grace + OVERDUE);
                    self.supervised.stop(grace).await;
                }
                Event::Exit => {
                    let grace = self.exit_grace();
                    overdue.as_mut().reset(Instant::now() + grace + OVERDUE);
                    self.supervised.stop(grace).await;
                }
                Event::Look => self.look().await,
            }
        };
        if end == End::Unwatched {
            // First, since somebody may still print.
            let Killed { killed, left } = self.supervised.take_over().await;
            tracing::warn!(
                killed,
                left,
                "a program's supervisor did not end in good order; what was left is killed"
            );
        }
        self.drain(&mut buffers).await;
        self.look().await;
        self.supervised.end().await;
        (end, self.stopped, self.output)
    }

    /// Waits for what comes first.
    async fn event(
        &mut self,
        buffers: &mut (Vec<u8>, Vec<u8>),
        open: &mut (bool, bool),
        (limit, overdue): (Pin<&mut Sleep>, Pin<&mut Sleep>),
        looks: &mut Interval,
    ) -> Event {
        let (runs, control) = (self.stopped.is_none(), self.control);
        // By chance among what is ready, so that neither stream keeps the other waiting.
        tokio::select! {
            () = control.cancelled(), if runs => Event::Stop(Stopped::Cancelled),
            () = control.exited(), if !runs && !self.exits => Event::Exit,
            () = limit, if runs => Event::Stop(Stopped::TookTooLong),
            () = overdue, if !runs => Event::Overdue,
            _ = looks.tick() => Event::Look,
            report = self.supervised.report() => Event::Report(report),
            read = self.streams.err.read(&mut buffers.1), if open.1 => {
                open.1 = read.as_ref().is_ok_and(|read| *read > 0);
                Event::Printed(Stream::Err, read.unwrap_or_default())
            }
            read = self.streams.out.read(&mut buffers.0), if open.0 => {
                open.0 = read.as_ref().is_ok_and(|read| *read > 0);
                Event::Printed(Stream::Out, read.unwrap_or_default())
            }
        }
    }

    fn exit_grace(&mut self) -> Duration {
        self.exits = true;
        self.times.exit_grace.min(self.times.grace)
    }

    async fn printed(&mut self, stream: Stream, printed: &[u8]) {
        self.output.take(stream, printed);
        self.screen.print(printed);
        self.output.spill().await;
        self.read += printed.len();
        if self.read >= BREATH_AFTER {
            self.read = 0;
            sleep(BREATH).await;
        }
    }

    /// Shows what it shows now.
    async fn look(&mut self) {
        self.read = 0;
        if self.stopped.is_some() {
            self.supervised.wake();
        }
        if self.screen.is_still() {
            return;
        }
        let mut screen = std::mem::replace(&mut self.screen, Screen::new());
        let looked = tokio::task::spawn_blocking(move || {
            let tail = screen.look();
            (tail, screen)
        });
        if let Ok((tail, screen)) = looked.await {
            self.screen = screen;
            let said = self.screen.said();
            self.control.show(Shown { tail, share: said.share, words: said.words.clone() });
        }
    }

    /// Reads what is still in the pipes. Of one that somebody else goes on to fill, no more than it holds once the time is over.
    async fn drain(&mut self, buffers: &mut (Vec<u8>, Vec<u8>)) {
        let until = Instant::now() + DRAIN;
        let goes_on = |drained| drained < PIPE || Instant::now() < until;
        let mut drained = 0;
        while goes_on(drained)
            && let Some(read) = rest(&mut self.streams.err, &mut buffers.1, until).await
        {
            drained += read;
            self.printed(Stream::Err, &buffers.1[..read]).await;
        }
        drained = 0;
        while goes_on(drained)
            && let Some(read) = rest(&mut self.streams.out, &mut buffers.0, until).await
        {
            drained += read;
            self.printed(Stream::Out, &buffers.0[..read]).await;
        }
    }
}

/// What is there at once, or within the time; `None` at the end.
async fn rest(stream: &mut (impl AsyncRead + Unpin), buffer: &mut [u8], until: Instant) -> Option<usize> {
    let left = until.saturating_duration_since(Instant::now());
    timeout(left, stream.read(buffer)).await.ok()?.ok().filter(|read| *read > 0)
}
