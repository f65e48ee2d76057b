//! Another file, while the bot runs.

use rustix::fs::{CWD, Mode, mkfifoat};

use super::{Yard, olga};

#[tokio::test]
async fn a_new_file_holds_from_then_on_and_a_bad_one_changes_nothing() {
    let yard = Yard::new();
    yard.declare(&[("greet", "hello", ""), ("old", "hold", "")]);
    let world = yard.world(|_| ()).await;
    let (owner, ann) = (olga(&world), world.person("Ann"));
    let card = ann.says("old x").await;
    yard.began(1).await;
    assert_eq!(owner.says("reload").await.text, "The file declares 2 commands.\nNothing has changed.");

    std::fs::write(yard.file(), "[jobs.greet]\nhelp = \"It greets\"\nprogram = \"./nobody\"\n").unwrap();
    let refusal = owner.says("reload").await.text;
    assert!(refusal.starts_with("Nothing has changed: the file has a mistake.\n"), "{refusal}");
    assert!(refusal.contains("jobs.toml:3: jobs.greet.program: "), "{refusal}");
    ann.runs("greet you", "hello you").await;
    std::fs::remove_file(yard.file()).unwrap();
    assert!(owner.says("reload").await.text.contains("jobs.toml: "));
    ann.runs("greet you", "hello you").await;

    yard.declare(&[("greet", "hello", "timeout = \"1m\""), ("wave", "hello", "")]);
    let told = "The file declares 2 commands.\nNew: wave\nChanged: greet\nRemoved: old";
    assert_eq!(owner.says("reload").await.text, told);
    ann.runs("wave you", "hello you").await;
    assert!(ann.says("old x").await.text.starts_with("I do not know \"old\""));
    // What runs goes on as it began.
    yard.release();
    ann.sees_in(&card, "held x").await;

    assert!(ann.says("reload").await.text.contains("is for owners of this bot"));
    assert!(!ann.says("help").await.text.contains("reload"));
    assert!(owner.says("help").await.text.contains("reload"));
    world.stop().await;
}

#[tokio::test]
async fn what_is_no_regular_file_holds_nobody_up() {
    let yard = Yard::new();
    yard.declare(&[("greet", "hello", "")]);
    let world = yard.world(|_| ()).await;
    let (owner, ann) = (olga(&world), world.person("Ann"));
    ann.runs("greet you", "hello you").await;
    std::fs::remove_file(yard.file()).unwrap();
    mkfifoat(CWD, yard.file(), Mode::RUSR | Mode::WUSR).unwrap();
    let told = owner.says("reload").await.text;
    assert!(told.starts_with("Nothing has changed: ") && told.ends_with(": it is no regular file"), "{told}");
    ann.runs("greet them", "hello them").await;
    world.stop().await;
}

#[tokio::test]
async fn a_new_bound_lets_begin_what_waits() {
    let yard = Yard::new();
    yard.declare(&[("backup", "hold", "at_once = 1")]);
    let world = yard.world(|_| ()).await;
    let ann = world.person("Ann");
    ann.says("backup a").await;
    yard.began(1).await;
    let second = ann.says("backup b").await;
    ann.sees_in(&second, "waits for another backup").await;
    yard.declare(&[("backup", "hold", "at_once = 2")]);
    olga(&world).says("reload").await;
    yard.began(2).await;
    yard.release();
    ann.sees_in(&second, "held b").await;
    world.stop().await;
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_read() {
    let yard = Yard::new();
    let world = yard.world(|setup| setup.config.jobs_file = None).await;
    let told = olga(&world).says("reload").await.text;
    assert_eq!(told, "There is no file of declared commands: the operator sets JOBBOARD_JOBS_FILE.");
    assert!(world.person("Ann").says("greet you").await.text.starts_with("I do not know"));
    world.stop().await;
}

#[tokio::test]
async fn a_bad_file_does_not_start() {
    let yard = Yard::new();
    std::fs::write(yard.file(), "[jobs.fib]\nhelp = \"x\"\nprogram = \"./hello\"\n").unwrap();
    let mut ground = crate::process::Ground::new().await;
    ground.set("JOBBOARD_JOBS_FILE", &yard.file().display().to_string());
    let (status, log) = ground.start().ended().await;
    assert!(!status.success());
    assert!(log.contains("JOBBOARD_JOBS_FILE: ") && log.contains("jobs.toml:1: jobs.fib: "), "{log}");
}
