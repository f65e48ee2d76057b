//! The program itself: flags, exit statuses, signals.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
};

use jobboard::sandbox::{Options, Sandbox};

/// The program in a clean environment and an empty folder.
pub(crate) fn jobboard(folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobboard"));
    command
        .env_clear()
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[track_caller]
fn check_refusal(output: &Output, words: &[&str]) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(words.iter().all(|word| line.contains(word)), "{line}");
}

#[test]
fn a_bad_setting_is_one_line_that_names_it() {
    let folder = folder();
    let run = |name: &str, value: &str| jobboard(&folder).env(name, value).output().unwrap();
    check_refusal(&jobboard(&folder).output().unwrap(), &["TELOXIDE_TOKEN"]);
    check_refusal(&run("TELOXIDE_TOKEN", ""), &["TELOXIDE_TOKEN"]);
    for (name, value) in [
        ("JOBBOARD_CPU_WORKERS", "0"),
        ("JOBBOARD_CPU_WORKERS", "many"),
        ("JOBBOARD_CPU_WORKERS", "100000000"),
        ("JOBBOARD_MEMORY", "0"),
        ("JOBBOARD_MEMORY", "0GB"),
        ("JOBBOARD_MEMORY", "512"),
        ("JOBBOARD_MEMORY", "lots"),
        ("JOBBOARD_MEMORY", "99999999TB"),
        ("JOBBOARD_MAX_FIB", "0"),
        ("JOBBOARD_MAX_FIB", "1000000001"),
        ("JOBBOARD_JOB_TIMEOUT", "soon"),
        ("JOBBOARD_JOB_TIMEOUT", "0s"),
        ("JOBBOARD_OWNERS", "1,ann"),
        ("JOBBOARD_POKEAPI_URL", "pokeapi"),
        ("TELOXIDE_API_URL", "ftp://example.org"),
        ("JOBBOARD_LOG_FORMAT", "xml"),
        ("JOBBOARD_RATE_ALL", "-1"),
    ] {
        check_refusal(&run(name, value), &[name]);
    }
    // An empty variable is one that is not set.
    check_refusal(&run("JOBBOARD_CPU_WORKERS", ""), &["TELOXIDE_TOKEN"]);
    check_refusal(&jobboard(&folder).args(["--max-fib", "x"]).output().unwrap(), &["--max-fib"]);
    check_refusal(&run("JOBBOARD_LOG_FORMAT", "xml"), &["text, json"]);
    check_refusal(&jobboard(&folder).arg("backup").output().unwrap(), &["<FILE>"]);
    check_refusal(&jobboard(&folder).arg("--nonsense").output().unwrap(), &["--nonsense"]);
    check_refusal(&run("RUST_LOG", "a=b=c"), &["RUST_LOG"]);
    for line in ["TELOXIDE_TOKEN=4242:secret extra", "TELOXIDE_TOKEN=\"4242:secret"] {
        std::fs::write(folder.path().join(".env"), line).unwrap();
        let output = jobboard(&folder).output().unwrap();
        check_refusal(&output, &[".env"]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"));
    }
    std::fs::write(folder.path().join(".env"), "JOBBOARD_IO_CONCURRENCY=none\n").unwrap();
    check_refusal(&jobboard(&folder).output().unwrap(), &["JOBBOARD_IO_CONCURRENCY"]);
}

/// However the words stand: one order is read by hand, the others by the parser of all settings.
#[test]
fn one_number_is_printed_for_scripts() {
    let folder = folder();
    let run = |words: &str| jobboard(&folder).arg("fib").args(words.split(' ')).output().unwrap();
    for (words, digits) in [
        ("1", "0"),
        ("100", "218922995834555169026"),
        ("1_0", "34"),
        ("10 --threads 2", "34"),
        ("10 --threads=2", "34"),
        ("--threads 2 10", "34"),
        ("-- 10", "34"),
    ] {
        let output = run(words);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "fib {words}: {line}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{digits}\n"), "fib {words}");
        assert!(
            line.starts_with("seconds ") && line.ends_with(&format!(" digits {}\n", digits.len())),
            "{line}"
        );
        assert!(!words.contains("threads") || line.contains(" threads 2 "), "fib {words}: {line}");
    }
    for (words, named) in [
        ("0", "<NUM>"),
        ("x", "<NUM>"),
        ("+1", "<NUM>"),
        ("_1", "<NUM>"),
        ("1000000001", "<NUM>"),
        ("10 11", "11"),
        ("10 --threads", "--threads"),
        ("10 --threads 0", "--threads"),
        ("10 --threads x", "--threads"),
        ("10 --threads 1025", "--threads"),
    ] {
        check_refusal(&run(words), &[named]);
    }
    check_refusal(&jobboard(&folder).arg("fib").output().unwrap(), &["required"]);
}

#[test]
fn help_example_and_readme_have_the_same_settings_in_the_same_order() {
    let output = jobboard(&folder()).arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout);
    let in_help: Vec<_> =
        help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).collect();
    let example = include_str!("../../.env.example");
    let names = example.lines().filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='));
    let is_name =
        |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && *name != "RUST_LOG";
    let in_example: Vec<_> = names.map(|(name, _)| name).filter(is_name).collect();
    assert!(in_help.len() > 10, "{help}");
    assert_eq!(in_help, in_example);
    // Each row of the README's table: | `--flag` | `VARIABLE` |
    let rows = include_str!("../../README.md").lines().filter(|line| line.starts_with("| `--"));
    let in_readme: Vec<_> = rows.filter_map(|row| row.split('`').nth(3)).collect();
    assert_eq!(in_help, in_readme);
}

#[tokio::test]
async fn a_wrong_token_is_one_line_and_is_not_shown() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (folder, url) = (folder(), sandbox.url());
    for token in ["4242:a-wrong-secret", "no-token-at-all"] {
        let mut command = jobboard(&folder);
        command.env("TELOXIDE_TOKEN", token).env("TELOXIDE_API_URL", &url).env("RUST_LOG", "warn");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        check_refusal(&output, &["TELOXIDE_TOKEN"]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains(token));
    }
    sandbox.stop().await;
}

/// A sandbox in a process of its own, and the address it printed.
fn sandbox(folder: &tempfile::TempDir) -> (Child, String) {
    let mut child = jobboard(folder).args(["sandbox", "--port", "0"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split(' ').nth(1).unwrap_or_default().to_owned();
    assert!(
        line.starts_with("Open http://127.0.0.1:") && line.trim_end().ends_with(" in your browser"),
        "{line}"
    );
    (child, url)
}

#[tokio::test]
async fn every_signal_stops_in_good_order() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM, rustix::process::Signal::HUP]
    {
        let folder = folder();
        let (mut child, url) = sandbox(&folder);
        let page = reqwest::get(&url).await.unwrap();
        assert!(page.status().is_success());
        // A long job must not keep the process.
        let world: serde_json::Value =
            reqwest::get(format!("{url}/sandbox/world")).await.unwrap().json().await.unwrap();
        let (chat, person) = (&world["chats"][0]["id"], &world["chats"][0]["people"][0]);
        let say = serde_json::json!({"chat": chat, "person": person, "text": "fib 1000000000"});
        let said = reqwest::Client::new().post(format!("{url}/sandbox/say")).json(&say).send().await.unwrap();
        assert!(said.status().is_success());
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        let (status, log) = tokio::task::spawn_blocking(move || {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            (child.wait().unwrap(), log)
        })
        .await
        .unwrap();
        assert_eq!(status.code(), Some(0), "{signal:?}: {log}");
        assert!(!log.contains("did not stop in time"), "{log}");
    }
}
