//! What programs print.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use jobboard::{
    declared::Files,
    job::{Printed, ProgramEnd},
};

use super::{Place, failed, until};
use crate::{nats::say, process::Ground};

#[tokio::test]
async fn one_that_prints_a_gigabyte() {
    let place = Place::new();
    let before = memory();
    let printed = place.succeeds("yes 123456789 | head -c 1000000000; echo; echo the end").await;
    assert_eq!(printed.bytes, 1_000_000_009);
    assert!(printed.tail.ends_with("the end"), "{printed:?}");
    assert!(printed.tail.len() <= Printed::TAIL);
    let kept = printed.file.clone().unwrap();
    assert!(kept.bytes <= 10_000_100 && kept.bytes > 9_900_000, "{kept:?}");
    let text = String::from_utf8(place.read(&kept)).unwrap();
    assert!(text.starts_with("123456789\n123456789\n") && text.ends_with("\nthe end\n"));
    assert!(text.contains("\n[… 99"), "nothing says that something is left out");
    assert_eq!(printed.lost, 0);
    let more = memory().saturating_sub(before);
    assert!(more < 50_000_000, "it took {more} bytes");
}

/// Bytes of this process.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_line_without_end() {
    let place = Place::new();
    let printed = place.succeeds("head -c 100000000 /dev/zero | tr '\\0' x").await;
    assert_eq!(printed.bytes, 100_000_000);
    assert!(printed.tail.len() <= Printed::TAIL && printed.tail.ends_with("xxx"));
}

#[tokio::test]
async fn why_it_failed_is_shown_however_it_is_printed() {
    let place = Place::new();
    let json = r#"printf '{"json":"' >&2; head -c 200000 /dev/zero | tr '\0' x >&2; printf ' no space"}\n' >&2; exit 2"#;
    let failure = place.fails(json).await;
    let tail = &failure.printed.tail;
    assert!(tail.starts_with("…xxx") && tail.ends_with("xxx no space\"}"), "{failure:?}");
    assert!(Printed::is_shown_whole(tail), "a card shows all of it: {tail}");
    assert_eq!(failure.printed.file.unwrap().bytes, 200_021);
    let place = Place::new();
    let failure = place.fails(r"printf 'it begins\n\033]0;a title\nno space\n' >&2; exit 2").await;
    assert_eq!(failure.printed.tail, "it begins\n\nno space");
}

#[tokio::test]
async fn what_fits_is_kept_byte_by_byte() {
    let place = Place::with(|settings| settings.max_output = 300_000);
    let printed = place.succeeds("i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done").await;
    let lines: Vec<_> = (0..30_000).map(|n| format!("{n}\n")).collect();
    let wanted = lines.concat();
    let kept = printed.file.unwrap();
    assert_eq!(String::from_utf8(place.read(&kept)).unwrap(), wanted);
    assert_eq!(kept.bytes, printed.bytes);
    // Nothing else is there.
    assert_eq!(place.names("results"), ["-7-3.out"]);
}

#[tokio::test]
async fn binary_output() {
    let place = Place::new();
    // At random, the cursor ends anywhere: the last sequence is a terminal's reset.
    let bytes = r"printf 'a\000\377\376\033[999999999999C\033]0;x\007b\n'; head -c 100000 /dev/urandom; printf '\033cend\n'";
    let printed = place.succeeds(bytes).await;
    assert!(printed.tail.ends_with("end"), "{:?}", printed.tail);
    assert!(printed.tail.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(place.read(&printed.file.unwrap()).starts_with(b"a\0\xff\xfe\x1b["));
}

#[tokio::test]
async fn its_screen_is_live_as_a_terminal_shows_it() {
    let place = Place::new();
    let script = r"
        printf 'begin\n'; printf '\033[31mred\033[0m\n'
        printf '10%%\r'; printf '20%%\r'; printf '42%%'
        while [ ! -e go ]; do sleep 0.05; done
        printf '\r\033[K::progress 0.5 half of it\n3/4 done\n::progress 0.9 nearly\n'
        while [ ! -e on ]; do sleep 0.05; done";
    let running = place.start(place.script(script));
    let shown = running.shows(|shown| shown.share.is_some()).await;
    assert_eq!((shown.tail.as_str(), shown.share), ("begin\nred\n42%", Some(0.42)));
    fs::write(place.path("data/work/go"), "").unwrap();
    let shown = running.shows(|shown| shown.words.is_some()).await;
    assert_eq!((shown.share, shown.words.as_deref()), (Some(0.9), Some("nearly")));
    assert!(shown.tail.ends_with("3/4 done"), "{shown:?}");
    assert_eq!(running.control.progress(), Some(0.9));
    fs::write(place.path("data/work/on"), "").unwrap();
    let printed = running.end().await.unwrap();
    assert!(!printed.tail.contains("nearly"), "{printed:?}");
}

#[tokio::test]
async fn one_that_keeps_a_terminal_busy() {
    let place = Place::new();
    let mut program = place.script(r#"yes "$(printf 'x\033[65535b\033[65535L\033[99;99H')""#);
    program.timeout = Some(Duration::from_secs(2));
    let failure = failed(place.run(program).await);
    assert!(matches!(failure.end, ProgramEnd::TookTooLong(_)));
}

/// A disk of a few bytes at a folder, until it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None` where none can be made.
    fn at(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(&folder).status();
        if !mount.is_ok_and(|status| status.success()) {
            say("skipped: no disk can be made here that fills up");
            return None;
        }
        Some(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().unwrap();
    }
}

#[tokio::test]
async fn a_disk_that_is_full() {
    let place = Place::new();
    let Some(_disk) = Disk::at(place.path("data/results"), "1m") else { return };
    let printed = place.succeeds("yes | head -c 5000000; echo; echo the end").await;
    assert!(printed.tail.ends_with("the end"), "it went on: {printed:?}");
    assert_eq!(printed.bytes, 5_000_009);
    let kept = printed.file.unwrap();
    assert!(kept.bytes > 500_000 && kept.bytes <= 3 << 18, "a quarter stays free: {kept:?}");
    assert_eq!(kept.bytes + printed.lost, printed.bytes);
    assert!(place.read(&kept).starts_with(b"y\ny\n"));
    assert_eq!(place.names("results"), [kept.file]);
}

#[tokio::test]
async fn files_that_are_made_leave_room_too() {
    let place = Place::new();
    let Some(_disk) = Disk::at(place.path("data/results"), "1m") else { return };
    fs::create_dir_all(place.path("made")).unwrap();
    let make = "head -c 400000 /dev/zero > a.bin; head -c 500000 /dev/zero > b.bin; echo little > c.txt";
    let mut program = place.script(make);
    program.folder = Some(place.path("made"));
    program.files = Some(Files { patterns: vec!["*".to_owned()], max_size: 1_000_000 });
    let printed = place.run(program).await.unwrap();
    let names: Vec<_> = printed.made.iter().map(|made| (made.name.as_str(), made.kept.bytes)).collect();
    assert_eq!((names, printed.left_out), (vec![("a.bin", 400_000), ("c.txt", 7)], 1));
}

/// A small disk has the data of a bot with a program that fills it; everybody else goes on.
async fn goes_on_after(script: &str) {
    let mut ground = Ground::new().await;
    let Some(_disk) = Disk::at(ground.folder().path().join("data"), "24m") else { return };
    let jobs = ground.folder().path().join("jobs.toml");
    let text = "[jobs.fill]\nhelp = \"It fills\"\nprogram = \"/bin/sh\"\nargs = [\"-c\", ";
    fs::write(&jobs, format!("{text}\"{script}\"]\n")).unwrap();
    ground.set("JOBBOARD_JOBS_FILE", &jobs.display().to_string());
    ground.set("JOBBOARD_MAX_OUTPUT", "100MB");
    let (ann, ben) = (ground.telegram.person("Ann"), ground.telegram.person("Ben"));
    let bot = ground.start();
    let (talk, other) = (ground.private(&bot, ann), ground.private(&bot, ben));
    let card = talk.says("fill").await;
    let card = talk.sees_in(&card, "of its output could not be kept.").await;
    assert!(card.text.contains("succeeded") && card.text.contains("the end"), "{}", card.text);
    let card = other.says("fib 10").await;
    other.sees_in(&card, "is 34").await;
    bot.stop().await;
}

#[tokio::test]
async fn an_output_that_is_larger_than_the_disk() {
    goes_on_after("yes | head -c 60000000; echo the end").await;
}

#[tokio::test]
async fn an_output_gives_its_room_back_where_somebody_takes_the_rest() {
    // Its own file has what the output leaves, when all of that is written but what is too little for a write.
    goes_on_after(
        "yes | head -c 8000000; until [ $(stat -c %s ../results/*.part) -gt 7934464 ]; do sleep 0.02; done; \
         head -c 60000000 /dev/zero > all; yes | head -c 2000000; echo the end",
    )
    .await;
}

#[tokio::test]
async fn much_on_both_streams_at_once() {
    let place = Place::new();
    let printed = place.succeeds("yes out | head -c 3000000 & yes err | head -c 3000000 >&2; wait").await;
    assert_eq!(printed.bytes, 6_000_000);
    assert_eq!(printed.file.unwrap().bytes, 6_000_000);
}

#[tokio::test]
async fn one_that_closes_its_output_goes_on() {
    let place = Place::new();
    let running = place.start(
        place.script("echo last words; exec >&- 2>&-; while [ ! -e go ]; do sleep 0.05; done; exit 4"),
    );
    running.shows(|shown| shown.tail == "last words").await;
    until(|| fs::write(place.path("data/work/go"), "").ok()).await;
    assert_eq!(failed(running.end().await).end, ProgramEnd::Exited(4));
}

#[tokio::test]
async fn one_whose_output_a_stranger_goes_on_to_fill() {
    let place = Place::new();
    let running = place.start(place.script("echo $$; while [ ! -e go ]; do sleep 0.05; done"));
    let shown = running.shows(|shown| !shown.tail.is_empty()).await;
    let mut stranger =
        Command::new("sh").args(["-c", &format!("exec yes > /proc/{}/fd/1", shown.tail)]).spawn().unwrap();
    running.shows(|shown| shown.tail.ends_with('y')).await;
    fs::write(place.path("data/work/go"), "").unwrap();
    let end = running.end().await;
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    end.unwrap();
}

#[tokio::test]
async fn what_is_printed_at_the_end_is_read() {
    let place = Place::new();
    for _ in 0..10 {
        let printed = place.succeeds("head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2").await;
        assert_eq!(printed.bytes, 120_000);
    }
}
