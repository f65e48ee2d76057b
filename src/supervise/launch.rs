//! What becomes the program: it bounds itself, then executes it.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufReader, Read},
    ops::Range,
    os::{
        fd::AsFd,
        unix::{ffi::OsStrExt, fs::FileTypeExt, net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
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

use super::{
    processes::threads_of_user,
    protocol::{Limits, Order, Refusal, hear, say},
};

/// As the workers of CPU jobs: the chat comes first.
const NICE: i32 = 10;
/// Seconds between the signal that a program may handle and the one that it may not, when its CPU time is over.
pub(super) const CPU_GRACE: u64 = 5;

/// So many more than it may have does a program have before the supervisor, which counts them, looks again.
const UNCOUNTED: u64 = 1_000;

/// Bytes of a file by which the kernel tells what it is.
const BEGINNING: u64 = 256;
/// How often a script may be run by a script: as many as the kernel takes.
const SCRIPTS: usize = 5;

/// Where a binary says whether it is of 32 or 64 bits and in which order its bytes are, what it is, and for which machine.
const ELF_CLASS_AND_ORDER: Range<usize> = 4..6;
const ELF_TYPE: Range<usize> = 16..18;
const ELF_MACHINE: Range<usize> = 18..20;
/// What a binary is that can be executed.
const EXECUTABLE: u16 = 2;
/// The same, where it may be anywhere in memory.
const SHARED: u16 = 3;

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
    if let Err(refusal) = look(&order.program, &order.folder) {
        return refusal;
    }
    if let Err(error) = rustix::process::chdir(&order.folder) {
        return Refusal::At(format!("its folder: {}", io::Error::from(error)), order.folder.clone());
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
        Refusal::Missing => Refusal::At("what it is run by is not there".to_owned(), run_by(&order.program)),
        refusal => refusal,
    }
}

/// What a script is run by; of what is no script, itself: it names its loader.
fn run_by(program: &Path) -> PathBuf {
    let start = beginning(program).unwrap_or_default();
    interpreter(&start).map_or_else(|| program.to_owned(), Path::to_owned)
}

/// Whether the kernel can execute it. What it cannot, exec's wrapper in the C library would hand to a shell.
fn look(program: &Path, folder: &Path) -> Result<(), Refusal> {
    let mut run_by = look_at(program)?;
    for _ in 0..SCRIPTS {
        let Some(interpreter) = run_by else { return Ok(()) };
        run_by = match look_at(&folder.join(interpreter)) {
            // Which is not the program itself: exec's own error says so.
            Err(Refusal::Missing) => return Ok(()),
            looked => looked?,
        };
    }
    // Here exec fails, and hands it to nobody.
    Ok(())
}

/// Whether this file is one that can be executed, and by what, where it is a script.
fn look_at(program: &Path) -> Result<Option<PathBuf>, Refusal> {
    let kind = fs::metadata(program).map_err(|error| refusal(&error))?.file_type();
    if !kind.is_file() || kind.is_fifo() {
        return Err(Refusal::NotExecutable);
    }
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK).map_err(|error| refusal(&error.into()))?;
    let start = match beginning(program) {
        Ok(start) => start,
        // What can be executed but not read is no script.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        Err(error) => return Err(refusal(&error)),
    };
    match interpreter(&start) {
        Some(interpreter) => Ok(Some(interpreter.to_owned())),
        None if is_binary(&start, &beginning(Path::new("/proc/self/exe")).unwrap_or_default()) => Ok(None),
        None => Err(Refusal::NotExecutable),
    }
}

fn beginning(file: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(file)?.take(BEGINNING).read_to_end(&mut start)?;
    Ok(start)
}

/// What a script names after its `#!`, if the kernel finds it there, too.
fn interpreter(start: &[u8]) -> Option<&Path> {
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = &line[line.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?..];
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t' | 0));
    // A name that is cut off is another one.
    let is_cut = end.is_none() && start.len() as u64 == BEGINNING && !start.contains(&b'\n');
    let name = &line[..end.unwrap_or(line.len())];
    (!is_cut && !name.is_empty()).then(|| Path::new(OsStr::from_bytes(name)))
}

/// Whether it is a program for this machine: as this one is.
fn is_binary(start: &[u8], own: &[u8]) -> bool {
    // The order of bytes comes first, so the type is in this machine's.
    let is_same = |bytes: Range<usize>| start.get(bytes.clone()).is_some_and(|is| Some(is) == own.get(bytes));
    let kind = start.get(ELF_TYPE).and_then(|kind| Some(u16::from_ne_bytes(kind.try_into().ok()?)));
    start.starts_with(b"\x7fELF")
        && is_same(ELF_CLASS_AND_ORDER)
        && is_same(ELF_MACHINE)
        && matches!(kind, Some(EXECUTABLE | SHARED))
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

/// What the system bounds of each process. Its bound of processes is one of all that the user has, the bot's own threads included,
/// and none of root's: it is for who makes them faster than the supervisor counts.
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
    let processes = limits.processes.map(|own| own.saturating_add(threads_of_user() + UNCOUNTED));
    set(Resource::Nproc, processes, 0)?;
    set(Resource::Fsize, limits.file_size, 0)?;
    set(Resource::Cpu, limits.cpu_seconds, CPU_GRACE)?;
    set(Resource::As, limits.memory, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_what_it_is_run_by() {
        let named = |start: &[u8]| interpreter(start).map(|path| path.display().to_string());
        for (start, name) in [
            ("#!/bin/sh", "/bin/sh"),
            ("#! \t/bin/sh -e\necho", "/bin/sh"),
            ("#!/usr/bin/env python3\n", "/usr/bin/env"),
        ] {
            assert_eq!(named(start.as_bytes()).as_deref(), Some(name), "{start}");
        }
        let cut = format!("#!/{}", "x".repeat(253));
        for start in ["", "#", "#!", "#!\n/bin/sh", "#! \t\n", "#!\0", " #!/bin/sh", &cut] {
            assert_eq!(named(start.as_bytes()), None, "{start}");
        }
    }

    #[test]
    fn a_binary_is_of_this_machine() {
        let own = beginning(Path::new("/proc/self/exe")).unwrap();
        assert!(is_binary(&own, &own));
        for byte in [0, 4, 5, 16, 18] {
            let mut other = own.clone();
            other[byte] ^= 0x40;
            assert!(!is_binary(&other, &own), "{byte}");
        }
        assert!(!is_binary(&own[..19], &own));
    }
}
