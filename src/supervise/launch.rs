//! What becomes the program: it bounds itself, then executes it.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    os::{
        fd::AsFd,
        unix::{fs::FileTypeExt, net::UnixStream, process::CommandExt},
    },
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use rustix::{
    fs::Mode,
    io::Errno,
    process::{
        Pid, Resource, Rlimit, Signal, getppid, getpriority_process, set_parent_process_death_signal,
        setpriority_process, setrlimit, umask,
    },
    thread::{CapabilitySet, remove_capability_from_bounding_set, set_no_new_privs},
};

use super::protocol::{Limits, Order, Refusal, hear, say};

/// As the workers of CPU jobs: the chat comes first.
const NICE: i32 = 10;
/// Seconds between the signal that a program may handle and the one that it may not, when its CPU time is over.
const CPU_GRACE: u64 = 5;

/// Nobody but the owner writes what a program makes, unless it says so itself.
const UMASK: Mode = Mode::WGRP.union(Mode::WOTH);

/// Reads the order from stdin and executes it. What it says on the way back is why it could not: nothing, where it could.
pub(super) fn launch() -> ExitCode {
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else { return ExitCode::FAILURE };
    let control = UnixStream::from(control);
    let Ok(Some(order)) = hear::<Order>(BufReader::new(&control)) else { return ExitCode::FAILURE };
    let refusal = execute(&order);
    // Nobody listens only where the supervisor is gone.
    let _ = say(&control, &refusal);
    ExitCode::FAILURE
}

/// Returns only where it could not.
fn execute(order: &Order) -> Refusal {
    if let Err(refusal) = look(&order.program) {
        return refusal;
    }
    if let Err(error) = rustix::process::chdir(&order.folder) {
        return Refusal::Other(format!("{}: {}", order.folder.display(), io::Error::from(error)));
    }
    if let Err(error) = confine() {
        return Refusal::Other(io::Error::from(error).to_string());
    }
    let mut command = Command::new(&order.program);
    command.args(&order.arguments).env_clear().stdin(Stdio::null());
    command.envs(order.environment.iter().map(|(name, value)| (name, value)));
    // Last: this process itself may not fit.
    if let Err(error) = limit(&order.limits) {
        return Refusal::Other(io::Error::from(error).to_string());
    }
    match refusal(&command.exec()) {
        // The file itself is there.
        Refusal::Missing => Refusal::Other(interpreter(&order.program)),
        refusal => refusal,
    }
}

/// What is not there where a script is.
fn interpreter(program: &Path) -> String {
    let mut start = Vec::new();
    let read = File::open(program).and_then(|file| file.take(256).read_to_end(&mut start));
    let line = start.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"#!"));
    match (read, line) {
        (Ok(_), Some(line)) => format!("{} is not there", String::from_utf8_lossy(line).trim()),
        _ => "its loader is not there".to_owned(),
    }
}

/// Whether the kernel can execute it. What it cannot, exec's wrapper in the C library would hand to a shell.
fn look(program: &Path) -> Result<(), Refusal> {
    let kind = fs::metadata(program).map_err(|error| refusal(&error))?.file_type();
    if !kind.is_file() || kind.is_fifo() {
        return Err(Refusal::NotExecutable);
    }
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK).map_err(|error| refusal(&error.into()))?;
    let mut start = [0; 4];
    match File::open(program).and_then(|mut file| file.read(&mut start)) {
        Ok(read) if is_known(&start[..read]) => Ok(()),
        Ok(_) => Err(Refusal::NotExecutable),
        // What can be executed but not read is no script.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(refusal(&error)),
    }
}

fn is_known(start: &[u8]) -> bool {
    start.starts_with(b"#!") || start.starts_with(b"\x7fELF")
}

fn refusal(error: &io::Error) -> Refusal {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT | Errno::NOTDIR) => Refusal::Missing,
        Some(Errno::ACCESS | Errno::NOEXEC | Errno::ISDIR | Errno::PERM) => Refusal::NotExecutable,
        _ => Refusal::Other(error.to_string()),
    }
}

/// What holds for every program.
fn confine() -> rustix::io::Result<()> {
    let supervisor = getppid();
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before.
    if getppid() != supervisor || supervisor == Some(Pid::INIT) {
        return Err(Errno::SRCH);
    }
    // Nothing that it executes gets another user's rights: who cannot be stopped could not be killed.
    set_no_new_privs(true)?;
    // Root's processes may look into others, the bot's memory included, unless they cannot have this. Others have it not.
    let _ = remove_capability_from_bounding_set(CapabilitySet::SYS_PTRACE);
    umask(umask(UMASK) | UMASK);
    let nice = getpriority_process(None).unwrap_or_default().max(NICE);
    let _ = setpriority_process(None, nice);
    close_inherited();
    Ok(())
}

/// The bot's own files close themselves; those that the bot was started with may not.
fn close_inherited() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        let is_ours =
            fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).is_ok_and(|info| closes_itself(&info));
        if !is_ours {
            let _ = nix::unistd::close(fd);
        }
    }
}

/// Whether a file of `/proc/self/fdinfo` is of one that exec closes: the flag is the octal digit of 02000000.
fn closes_itself(info: &str) -> bool {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_none_or(|flags| flags & 0o2_000_000 != 0)
}

fn limit(limits: &Limits) -> rustix::io::Result<()> {
    let set = |resource, soft: Option<u64>, more: u64| {
        let Some(soft) = soft else { return Ok(()) };
        // What is bounded already stays so.
        let hard = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let new =
            Rlimit { current: Some(soft.min(hard)), maximum: Some(soft.saturating_add(more).min(hard)) };
        setrlimit(resource, new)
    };
    set(Resource::Core, Some(0), 0)?;
    set(Resource::Nofile, limits.open_files, 0)?;
    set(Resource::Nproc, limits.processes, 0)?;
    set(Resource::Fsize, limits.file_size, 0)?;
    set(Resource::Cpu, limits.cpu_seconds, CPU_GRACE)?;
    set(Resource::As, limits.memory, 0)
}
