//! What programs get to see of the bot, and what they may take.

use std::{
    fs,
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    time::Duration,
};

use jobboard::{declared::Bounds, job::ProgramEnd};

use super::{Place, failed, until};

#[tokio::test]
async fn an_environment_of_its_own() {
    let place = Place::new();
    let mut program = place.script("/usr/bin/env");
    program.environment =
        vec![("DECLARED".to_owned(), "a b".to_owned()), ("LANG".to_owned(), "de_DE.UTF-8".to_owned())];
    let printed = place.run(program).await.unwrap();
    let mut variables: Vec<_> = printed.tail.lines().filter_map(|line| line.split_once('=')).collect();
    variables.sort_unstable();
    let value = |name| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| *value);
    assert_eq!(value("DECLARED"), Some("a b"));
    assert_eq!(value("LANG"), Some("de_DE.UTF-8"));
    assert_eq!(value("PATH"), Some("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    assert_eq!((value("JOBBOARD_TASK"), value("JOBBOARD_CHAT")), (Some("3"), Some("-7")));
    // Some are the shell's.
    let known = [
        "DECLARED",
        "HOME",
        "JOBBOARD_CHAT",
        "JOBBOARD_RUN",
        "JOBBOARD_TASK",
        "LANG",
        "OLDPWD",
        "PATH",
        "PWD",
        "SHLVL",
        "TZ",
        "_",
    ];
    let others: Vec<_> = variables.iter().filter(|(name, _)| !known.contains(name)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn an_empty_stdin_and_no_file_of_the_bot_s() {
    let place = Place::new();
    // One that does not close itself, as a shell may leave them to the bot.
    let inherited = fs::File::open("/proc/self/status").unwrap();
    rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).unwrap();
    assert!(inherited.as_raw_fd() > 2);
    let _socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let printed = place
        .succeeds("cat; for fd in /proc/$$/fd/*; do printf '%s ' ${fd##*/}; readlink $fd || echo; done")
        .await;
    // The shell has its script open, and had the folder.
    let is_its = |line: &&str| !line.contains("/program-") && line.contains(' ');
    let open: Vec<_> = printed.tail.lines().filter(is_its).collect();
    assert_eq!(open.len(), 3, "{open:?}");
    assert_eq!(open[0], "0 /dev/null");
    assert!(open[1].starts_with("1 pipe:") && open[2].starts_with("2 pipe:"), "{open:?}");
}

#[tokio::test]
async fn groups_sessions_and_rights() {
    let place = Place::new();
    let printed =
        place.succeeds("cat /proc/$$/stat; grep -E 'NoNewPrivs|CapBnd' /proc/$$/status; umask; nice").await;
    let mut lines = printed.tail.lines();
    let stat = lines.next().unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let pid = stat.split_whitespace().next().unwrap();
    assert_eq!(fields[2], pid, "a group of its own");
    assert_ne!(fields[3], own_session(), "a session of its own");
    let status: Vec<_> = lines.collect();
    assert!(status.iter().any(|line| line.split_whitespace().eq(["NoNewPrivs:", "1"])), "{status:?}");
    let bounding = status.iter().find_map(|line| Some(line.strip_prefix("CapBnd:")?.trim())).unwrap();
    assert_eq!(u64::from_str_radix(bounding, 16).unwrap() >> 19 & 1, 0, "it may trace others");
    assert!(status[2].ends_with("22"), "{status:?}");
    assert_eq!(status[3], "10");
}

/// As `/proc` tells it: 0 where who leads this session is outside the container, which is no number of a process.
fn own_session() -> String {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let session = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(3).map(ToOwned::to_owned);
    session.unwrap()
}

#[tokio::test]
async fn no_look_at_bot_and_supervisor() {
    let place = Place::new();
    let (data, seen) = (place.path("data"), place.path("data/seen"));
    fs::create_dir(&data).unwrap();
    // Whose rights are root's may look everywhere.
    let as_nobody = rustix::process::geteuid().is_root();
    if as_nobody {
        for path in [place.root.path(), &data] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
    }
    let script = format!(
        "bot=$(cut -d ' ' -f 4 /proc/$PPID/stat)
         look() {{ cat $1 > /dev/null 2>&1 && echo $1 >> {0}; }}
         for pid in $$ $bot $PPID; do for file in environ maps mem fd/0; do look /proc/$pid/$file; done; done
         echo $$ $bot $PPID >> {0}; sleep 1000",
        seen.display()
    );
    let mut bot = super::gone::bot(&place, &script, as_nobody);
    let (own, seen) = until(|| {
        let seen = fs::read_to_string(&seen).ok()?;
        let (seen, pids) = seen.trim_end().rsplit_once('\n')?;
        let pids: Vec<_> = pids.split(' ').collect();
        (pids.get(1)? == &bot.id().to_string()).then(|| (pids[0].to_owned(), seen.to_owned()))
    })
    .await;
    bot.kill().unwrap();
    bot.wait().unwrap();
    // Its own, which tells that it would have seen them.
    let seen: Vec<_> = seen.lines().collect();
    assert_eq!(seen, ["environ", "maps", "fd/0"].map(|file| format!("/proc/{own}/{file}")));
}

#[tokio::test]
async fn what_it_may_take_is_bounded() {
    let place = Place::new();
    let bounded = |text: &str, bounds| {
        let mut program = place.script(text);
        program.bounds = bounds;
        program
    };
    let all = Bounds {
        memory: Some(1 << 30),
        cpu_time: Some(Duration::from_millis(6_500)),
        open_files: Some(64),
        processes: Some(5),
        file_size: Some(5 << 20),
    };
    let printed = place.run(bounded("cat /proc/self/limits", all)).await.unwrap();
    let limit = |name: &str| {
        let line =
            printed.tail.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{printed:?}"));
        let fields: Vec<_> = line[name.len()..].split_whitespace().take(2).map(ToOwned::to_owned).collect();
        (fields[0].clone(), fields[1].clone())
    };
    let both = |value: &str| (value.to_owned(), value.to_owned());
    assert_eq!(limit("Max address space"), both("1073741824"));
    assert_eq!(limit("Max cpu time"), ("7".to_owned(), "12".to_owned()));
    assert_eq!(limit("Max open files"), both("64"));
    // The user's: those that there are already, and some more.
    let processes: u64 = limit("Max processes").0.parse().unwrap();
    assert!((1_006..100_000).contains(&processes), "{processes}");
    assert_eq!(limit("Max file size"), both("5242880"));
    assert_eq!(limit("Max core file size"), both("0"));

    let size = Bounds { file_size: Some(1_000_000), ..Bounds::default() };
    let failure = failed(place.run(bounded("exec head -c 2000000 /dev/zero > large", size)).await);
    assert_eq!(failure.end, ProgramEnd::Signalled(25), "the bot's own limits are not meant: {failure:?}");
    assert_eq!(fs::metadata(place.path("data/work/large")).unwrap().len(), 1_000_000);

    let time = Bounds { cpu_time: Some(Duration::from_secs(1)), ..Bounds::default() };
    let failure = failed(place.run(bounded("while :; do :; done", time)).await);
    assert_eq!(failure.end, ProgramEnd::Signalled(24));

    let memory = Bounds { memory: Some(200_000_000), ..Bounds::default() };
    let failure = failed(
        place.run(bounded("exec head -c 1000000000 /dev/zero | tail -c 900000000 >/dev/null", memory)).await,
    );
    assert!(failure.printed.tail.contains("memory"), "{failure:?}");
}
