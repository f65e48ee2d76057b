//! Bots that are gone, and what they leave: nothing.

use std::{
    io::{Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jobboard::work::Programs;

use super::{Place, processes, sleep, stopped, until};

/// A bot that is killed: another process, which runs this.
#[tokio::test]
#[ignore = "runs for another test"]
async fn a_bot_of_its_own() {
    let (Ok(data), Ok(script)) = (std::env::var("TEST_DATA"), std::env::var("TEST_SCRIPT")) else { return };
    let place = Place::with(|settings| settings.data = data.into());
    Programs::hide_this_process().unwrap();
    let _ = place.start(place.script(&script)).end().await;
}

/// Starts a bot that runs this; with the user's rights of `nobody`, if need be.
pub(super) fn bot(place: &Place, script: &str, as_nobody: bool) -> Child {
    let binary = std::env::current_exe().unwrap();
    let mut command = if as_nobody {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command
        .args(["--exact", "programs::gone::a_bot_of_its_own", "--ignored"])
        .env("TEST_DATA", place.path("data"))
        .env("TEST_SCRIPT", script)
        .env("TELOXIDE_TOKEN", "1:secret")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_bot_that_is_killed_leaves_no_orphan() {
    let (place, sleep) = (Place::new(), sleep());
    let script = format!("trap '' TERM HUP; setsid -f {sleep}; {sleep}; {sleep}");
    let mut bot = bot(&place, &script, false);
    until(|| (processes(&sleep).len() == 2).then_some(())).await;
    bot.kill().unwrap();
    bot.wait().unwrap();
    let begun = Instant::now();
    until(|| processes(&sleep).is_empty().then_some(())).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    // The next one finds the record, and nobody but perhaps the supervisor, which ends in this moment.
    assert_eq!(place.names("runs").len(), 1);
    assert!(place.programs().sweep().unwrap() <= 1);
    assert!(place.names("runs").is_empty());
}

#[tokio::test]
async fn a_start_ends_what_bot_and_supervisor_left() {
    let (place, sleep) = (Place::new(), sleep());
    let script = format!("setsid -f {sleep}; exec {sleep}");
    let mut bot = bot(&place, &script, false);
    until(|| (processes(&sleep).len() == 2).then_some(())).await;
    let supervisor = {
        let record = std::fs::read(place.path("data/runs").join(&place.names("runs")[0])).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        record["pid"].as_i64().unwrap().to_string()
    };
    // Neither sees the other one die.
    let kill = |signal: &str, pid: &str| {
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
    };
    kill("-STOP", &supervisor);
    bot.kill().unwrap();
    bot.wait().unwrap();
    kill("-KILL", &supervisor);
    // The program itself dies with its supervisor, but not what has forked away.
    until(|| (processes(&sleep).len() == 1).then_some(())).await;
    // A stranger that looks alike is left alone.
    let mut stranger = Command::new("sh").args(["-c", &format!("exec {sleep}")]).spawn().unwrap();
    let programs = place.programs();
    let killed = tokio::task::spawn_blocking(move || programs.sweep().unwrap()).await.unwrap();
    assert_eq!(killed, 1);
    until(|| (processes(&sleep) == [stranger.id()]).then_some(())).await;
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert!(place.names("runs").is_empty());
}

#[tokio::test]
async fn a_record_of_another_start_of_the_machine_is_nobody_s() {
    let place = Place::new();
    let running = place.start(place.script("echo up; sleep 1000"));
    running.shows(|shown| shown.tail == "up").await;
    let record = place.path("data/runs").join(&place.names("runs")[0]);
    let text = std::fs::read_to_string(&record).unwrap();
    let other = Place::new();
    std::fs::create_dir_all(other.path("data/runs")).unwrap();
    let moved = text.replacen("machine\":\"", "machine\":\"x", 1);
    std::fs::write(other.path("data/runs/a.json"), moved).unwrap();
    std::fs::write(other.path("data/runs/b.json"), "{").unwrap();
    // What is no record at all keeps nobody from the rest.
    std::fs::create_dir(other.path("data/runs/folder")).unwrap();
    assert_eq!(other.programs().sweep().unwrap(), 0);
    assert_eq!(other.names("runs"), ["folder"]);
    stopped(running).await;
}

/// A supervisor that was told this at once: its reports, once it has ended.
fn supervised(words: &str) -> String {
    let (mut control, its_end) = UnixStream::pair().unwrap();
    let mut supervisor = Command::new(env!("CARGO_BIN_EXE_jobboard"))
        .arg("supervise-program")
        .stdin(Stdio::from(OwnedFd::from(its_end)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    control.write_all(words.as_bytes()).unwrap();
    control.set_read_timeout(Some(super::LONG)).unwrap();
    let mut reports = String::new();
    let read = control.read_to_string(&mut reports);
    drop(control);
    supervisor.wait().unwrap();
    read.expect("it does not end");
    reports
}

/// A supervisor's order.
fn order(program: &Path, argument: &str) -> String {
    let order = serde_json::json!({
        "program": program, "arguments": [argument], "folder": "/", "environment": [], "limits": {}
    });
    format!("{order}\n")
}

#[test]
fn a_stop_that_comes_with_the_order_is_heard() {
    let order = order(Path::new("/bin/sleep"), "1000");
    let reports = supervised(&format!("{order}{{\"Stop\":{{\"grace\":5000}}}}\n"));
    assert!(reports.ends_with("{\"Gone\":{\"Signalled\":15}}\n"), "{reports}");
}
