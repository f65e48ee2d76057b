//! The supervisor: starts the program, tells how it ended, and leaves nothing of it.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{
        DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process_group, pidfd_open,
        set_child_subreaper, set_dumpable_behavior, setsid, wait,
    },
    stdio::{dup2_stderr, dup2_stdout},
};

use super::{
    meter::Meter,
    processes::{Process, below, kill_all},
    protocol::{Ended, LAUNCH, Limits, Order, Refusal, Report, Word, hear, say},
};
use crate::job::Excess;

/// What a program leaves running is given this long to end by itself: a `tee` writes what it has read.
const LINGER: Duration = Duration::from_secs(1);
/// What it left and that does not end by itself gets SIGTERM, and then so long.
const LEFT_GRACE: Duration = Duration::from_secs(2);
/// Between two looks for what has ended, while nothing is awaited or bounded.
const IDLE: Duration = Duration::from_secs(1);
/// The same while something is.
const BUSY: Duration = Duration::from_millis(10);

/// Runs the program that the other side of stdin orders, and is told by it when to stop.
pub(super) fn supervise() -> ExitCode {
    // Its memory is nothing for programs, which may be of the same user.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    match begin() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn begin() -> io::Result<()> {
    setsid().or_else(|error| if error == Errno::PERM { Ok(getpid()) } else { Err(error) })?;
    set_child_subreaper(Some(getpid()))?;
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut words = BufReader::new(control.try_clone()?);
    let Some(order) = hear::<Order>(&mut words)? else { return Ok(()) };
    let (main, launcher) = match launch(&order) {
        Ok(launched) => launched,
        Err(error) => return say(&control, &Report::Refused(Refusal::Other(error.to_string()))),
    };
    // What was said right after the order is read already.
    let heard = words.buffer().to_vec();
    let report = Watch::new(control.try_clone()?, heard, (main, launcher), order.limits).run();
    say(&control, &report)
}

/// Starts what becomes the program: its process, and where it says why it could not.
fn launch(order: &Order) -> io::Result<(Pid, UnixStream)> {
    let (control, its_end) = UnixStream::pair()?;
    let child = Command::new("/proc/self/exe")
        .arg(LAUNCH)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(its_end)))
        .process_group(0)
        .spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed()).ok_or(Errno::SRCH)?;
    if let Err(error) = give(&control, order) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
        let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
        return Err(error);
    }
    Ok((pid, control))
}

fn give(control: &UnixStream, order: &Order) -> io::Result<()> {
    // The program alone holds the ends of its output.
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdout(&nowhere)?;
    dup2_stderr(&nowhere)?;
    say(control, order)
}

/// How far the end of a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It runs.
    Running,
    /// It has ended, and what it left may end by itself until then.
    Lingering(Instant),
    /// Everybody was asked to end, and may until then.
    Asked(Instant),
    /// Everybody is killed.
    Killing,
}

struct Watch {
    /// `None` once the bot is gone.
    control: Option<UnixStream>,
    /// What was heard of the next word.
    heard: Vec<u8>,
    /// The launcher, until it is the program: it hangs where the program's file does, and is ended as the program is.
    launcher: Option<UnixStream>,
    /// Why it could not, as far as that was heard.
    refusal: Vec<u8>,
    main: Pid,
    main_fd: Option<OwnedFd>,
    ended: Option<Ended>,
    phase: Phase,
    meter: Meter,
    /// Why all of it is killed.
    excess: Option<Excess>,
}

impl Watch {
    fn new(control: UnixStream, heard: Vec<u8>, (main, launcher): (Pid, UnixStream), limits: Limits) -> Self {
        let main_fd = pidfd_open(main, PidfdFlags::empty()).ok();
        Self {
            control: Some(control),
            heard,
            launcher: Some(launcher),
            refusal: Vec::new(),
            main,
            main_fd,
            ended: None,
            phase: Phase::Running,
            meter: Meter::new(limits),
            excess: None,
        }
    }

    /// Returns when the last process is gone.
    fn run(mut self) -> Report {
        self.obey();
        while self.reap() {
            self.step();
            self.wait();
        }
        // It ends where everybody has: what a launcher said may not be read yet.
        while self.launcher.is_some() {
            self.hear_launcher();
        }
        if self.refusal.is_empty() {
            let ended = self.excess.map(Ended::TookTooMuch).or(self.ended);
            return Report::Gone(ended.unwrap_or(Ended::Signalled(Signal::KILL.as_raw())));
        }
        let refusal = serde_json::from_slice(&self.refusal);
        Report::Refused(refusal.unwrap_or_else(|error| Refusal::Other(error.to_string())))
    }

    /// Takes note of all that has ended. Whether anybody is left: all of them are below this process, so where it has no child,
    /// nobody is.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.main => {
                    self.ended = Some(match (status.exit_status(), status.terminating_signal()) {
                        (Some(status), _) => Ended::Exited(status),
                        (None, signal) => Ended::Signalled(signal.unwrap_or_default()),
                    });
                    self.main_fd = None;
                    if self.phase == Phase::Running {
                        self.phase = Phase::Lingering(Instant::now() + LINGER);
                    }
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn step(&mut self) {
        match self.phase {
            Phase::Lingering(until) if Instant::now() >= until => self.ask(LEFT_GRACE),
            Phase::Asked(until) if Instant::now() >= until => self.phase = Phase::Killing,
            _ => {}
        }
        if self.phase != Phase::Killing {
            self.measure();
        }
        if self.phase == Phase::Killing {
            kill_all(everybody);
        }
    }

    /// Who takes too much is not asked: it could go on.
    fn measure(&mut self) {
        self.excess = self.meter.look(getpid().as_raw_nonzero().get(), everybody);
        if self.excess.is_some() {
            self.phase = Phase::Killing;
        }
    }

    /// Asks everybody to end.
    fn ask(&mut self, grace: Duration) {
        let until = Instant::now() + grace;
        match self.phase {
            Phase::Killing => return,
            Phase::Asked(sooner) => {
                self.phase = Phase::Asked(sooner.min(until));
                return;
            }
            Phase::Running | Phase::Lingering(_) => self.phase = Phase::Asked(until),
        }
        // At once, so that nobody of the group is born in between; then those that have left it.
        // Where nobody of them is left, the group's number may be a stranger's.
        if everybody().iter().any(|process| group(process.pid) == Some(self.main)) {
            let _ = kill_process_group(self.main, Signal::TERM);
        }
        for process in everybody() {
            if group(process.pid) != Some(self.main) {
                process.signal(Signal::TERM);
            }
            // Who was stopped could not hear it.
            process.signal(Signal::CONT);
        }
    }

    /// Waits for whatever comes first.
    fn wait(&mut self) {
        let pause = match self.phase {
            Phase::Running => self.meter.pause().unwrap_or(IDLE).min(IDLE),
            _ => BUSY,
        };
        let timeout = Timespec::try_from(pause).ok();
        let sockets =
            self.control.iter().chain(&self.launcher).map(|socket| PollFd::new(socket, PollFlags::IN));
        let main = self.main_fd.iter().map(|fd| PollFd::new(fd, PollFlags::IN));
        let mut fds: Vec<_> = sockets.chain(main).collect();
        let _ = poll(&mut fds, timeout.as_ref());
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let is_said = self.control.is_some() && ready.next() == Some(true);
        let is_launched = self.launcher.is_some() && ready.next() == Some(true);
        if is_said {
            self.listen();
        }
        if is_launched {
            self.hear_launcher();
        }
    }

    /// Hears why the program did not begin, or, where that is nothing, that it has.
    fn hear_launcher(&mut self) {
        let mut buffer = [0; 256];
        let Some(launcher) = &mut self.launcher else { return };
        match launcher.read(&mut buffer) {
            Ok(read) if read > 0 => return self.refusal.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            Ok(_) | Err(_) => self.launcher = None,
        }
        if let (true, Some(control)) = (self.refusal.is_empty(), &self.control) {
            // Where the bot is gone, that is heard next.
            let _ = say(control, &Report::Started { pid: self.main.as_raw_nonzero().get().unsigned_abs() });
        }
    }

    fn listen(&mut self) {
        let mut buffer = [0; 256];
        let Some(control) = &mut self.control else { return };
        match control.read(&mut buffer) {
            Ok(read) if read > 0 => self.heard.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The bot is gone.
            Ok(_) | Err(_) => {
                self.phase = Phase::Killing;
                self.control = None;
                return;
            }
        }
        self.obey();
    }

    /// Does what was said.
    fn obey(&mut self) {
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let word: Vec<u8> = self.heard.drain(..=end).collect();
            if let Ok(Word::Stop { grace }) = serde_json::from_slice(&word) {
                self.ask(Duration::from_millis(grace));
            }
        }
    }
}

/// Everybody below this process.
fn everybody() -> Vec<Process> {
    let me = getpid().as_raw_nonzero().get();
    let mut all = below(&Process::all(), [me]);
    all.retain(|process| process.pid != me);
    all
}

fn group(pid: i32) -> Option<Pid> {
    rustix::process::getpgid(Some(Pid::from_raw(pid)?)).ok()
}
