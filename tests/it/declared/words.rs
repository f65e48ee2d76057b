//! What people read of declared commands, and what is wrong with what they say.

use std::time::Duration;

use jobboard::sandbox::{ChatId, PersonId, View};

use super::{OLGA, Yard, olga};
use crate::world::World;

const JOBS: &str = r#"
[jobs.backup_all]
help = "Back up a database <now> & tell"
program = "true"
args = ["{db}", "{keep}", "{note}"]
parameters = [
    { name = "db", type = "choice", values = ["shop", "wiki"] },
    { name = "keep", type = "int", min = 1, max = 365, optional = true },
    { name = "note", type = "text", optional = true },
]

[jobs.deploy]
help = "Deploy a version"
program = "true"
args = ["{version}"]
parameters = [{ name = "version", type = "word" }]
allow = "admins"
confirm = true

[jobs.reboot]
help = "Start the machine again"
program = "true"
allow = "owners"
"#;

/// A bot that has these commands.
async fn declaring(yard: &Yard) -> World {
    std::fs::write(yard.file(), JOBS).unwrap();
    yard.world(|_| ()).await
}

#[tokio::test]
async fn help_tells_each_what_they_may_run() {
    let yard = Yard::new();
    let world = declaring(&yard).await;
    let olga = olga(&world);
    let ann = world.person("Ann");
    let help = ann.says("help").await.text;
    assert!(help.contains("\nbackup_all shop|wiki [KEEP] [NOTE]  Back up a database <now> & tell"), "{help}");
    assert!(!help.contains("deploy") && !help.contains("reboot"), "{help}");
    let start = ann.says("/start").await.text;
    assert!(start.contains("backup_all shop|wiki"), "{start}");
    let help = olga.says("help").await.text;
    for line in ["\nbackup_all ", "\ndeploy VERSION  Deploy a version", "\nreboot  Start the machine again"] {
        assert!(help.contains(line), "{line:?} is not in {help}");
    }
    let one = ann.says("help backup-all").await.text;
    for line in [
        "backup_all shop|wiki [KEEP] [NOTE]\n",
        "DB: one of shop, wiki\n",
        "KEEP: a whole number from 1 to 365 (may be left out)\n",
        "For example: backup_all shop 10 note",
    ] {
        assert!(one.contains(line), "{line:?} is not in {one}");
    }
    assert!(ann.says("help deploy").await.text.starts_with("I do not know \"deploy\""));
    assert!(olga.says("help deploy").await.text.contains("You are asked once more before it runs."));
    let [ben, _] = world.group(["Ben", "Cleo"]);
    let help = ben.says("/help").await.text;
    assert!(help.contains("/backup_all@jobboard_sandbox_bot shop|wiki [KEEP]"), "{help}");
    world.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_would_be_right() {
    let yard = Yard::new();
    let world = declaring(&yard).await;
    let ann = world.person("Ann");
    for (text, answer) in [
        ("backup_al shop", "did you mean backup_all?"),
        (
            "BACKUP-ALL wikki",
            "backup_all: I do not know \"wikki\": did you mean wiki? For example: backup_all shop",
        ),
        ("backup_all", "backup_all wants DB: one of shop, wiki: backup_all shop 10 note"),
        ("backup_all shop 366", "\"366\" does not fit KEEP: a whole number from 1 to 365."),
        ("backup_all shop ten", "\"ten\" does not fit KEEP: a whole number from 1 to 365."),
        ("backup_all \u{201c}shop", "\u{201c}shop begins with a quotation mark that nothing ends."),
        ("backup_all sh\"op\"", "in sh\"op\" a quotation mark stands within a word."),
        ("backup_all shop 1 --force", "\"--force\" begins with a hyphen"),
        ("backup_all shop 1 a\u{202e}b", "\"a<U+202E>b\" holds something that cannot be seen"),
        ("backup_all <b>", "\"<b>\" does not fit DB: one of shop, wiki."),
        ("deploy v1", "In a private chat, deploy is for owners of this bot only."),
        ("deploi v1", "I do not know \"deploi\". help tells"),
        ("reboot", "You may not run reboot here: it is for others."),
    ] {
        let told = ann.says(text).await.text;
        assert!(told.contains(answer), "{text}: {told}");
    }
    world.telegram.speaks(ann.person, "de");
    let told = ann.says("backup_all shop 366").await.text;
    assert!(told.contains("„366“ passt nicht zu KEEP: eine ganze Zahl von 1 bis 365."), "{told}");
    world.stop().await;
}

/// Waits until the declared commands that somebody's app lists in a chat are these.
async fn sees(world: &World, chat: ChatId, person: PersonId, expected: &[&str]) {
    let shown = |view: &View<'_>| {
        let menu = view.menu(chat, person);
        let names: Vec<_> = menu.iter().map(|(name, _)| name.as_str()).collect();
        let declared = ["backup_all", "deploy", "reboot", "other"];
        let found: Vec<_> = declared.into_iter().filter(|name| names.contains(name)).collect();
        (names.contains(&"fib") && found == expected).then_some(())
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), world.telegram.until(shown)).await;
    assert!(seen.is_ok(), "{expected:?}, not {:?}", world.telegram.view(|view| view.menu(chat, person)));
}

#[tokio::test]
async fn the_menu_has_what_is_declared_and_loses_what_is_not() {
    let yard = Yard::new();
    let mut world = declaring(&yard).await;
    let ann = world.telegram.person("Ann");
    let group = world.telegram.group("Lab", &[ann, OLGA]);
    let [alone, private] = [ann, OLGA].map(|person| world.telegram.private_chat(person));
    sees(&world, alone, ann, &["backup_all"]).await;
    // Ann has made the group, so she is an admin there.
    sees(&world, group, ann, &["backup_all", "deploy"]).await;
    sees(&world, group, OLGA, &["backup_all"]).await;
    sees(&world, private, OLGA, &["backup_all", "deploy", "reboot"]).await;
    let line = world.telegram.view(|view| view.menu(alone, ann));
    let line = line.into_iter().find(|(name, _)| name == "backup_all").unwrap().1;
    assert_eq!(line, "Back up a database <now> & tell (shop|wiki [KEEP] [NOTE])");
    // After a reload.
    let with_other =
        format!("{JOBS}[jobs.other]\nhelp = 'x'\nprogram = 'true'\nallow = {{ chats = [{}] }}\n", group.0);
    std::fs::write(yard.file(), with_other).unwrap();
    olga(&world).says("reload").await;
    sees(&world, group, OLGA, &["backup_all", "other"]).await;
    sees(&world, group, ann, &["backup_all", "deploy", "other"]).await;
    // The next bot takes away what this one leaves.
    world.stop_bot().await;
    world.change(|config| config.jobs_file = None);
    world.start_again(jobboard::work::Engine::new());
    sees(&world, group, ann, &[]).await;
    sees(&world, group, OLGA, &[]).await;
    sees(&world, private, OLGA, &[]).await;
    world.stop().await;
}
