//! Commands that the operator declares: what people read of them, and what is wrong with what they say.

use std::path::Path;

use jobboard::sandbox::View;

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

/// The bot's owner.
const OLGA: &str = "1000001";

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    let file = folder.join("jobs.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// A bot that has these commands; the first person of its Telegram owns it.
async fn declaring(folder: &Path) -> World {
    let file = write(folder, JOBS);
    World::with(|setup| {
        setup.config.jobs_file = Some(file);
        setup.config.owners = OLGA.parse().unwrap();
    })
    .await
}

#[tokio::test]
async fn help_tells_each_what_they_may_run() {
    let folder = tempfile::tempdir().unwrap();
    let world = declaring(folder.path()).await;
    let olga = world.person("Olga");
    assert_eq!(olga.person.to_string(), OLGA);
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
    let folder = tempfile::tempdir().unwrap();
    let world = declaring(folder.path()).await;
    let (_, ann) = (world.person("Olga"), world.person("Ann"));
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
        ("deploy v1", "deploy: It is for the admins of a group, and for the bot's owners."),
        ("deploi v1", "I do not know \"deploi\". help tells"),
        ("reboot", "reboot: It is for the bot's owners alone."),
    ] {
        let told = ann.says(text).await.text;
        assert!(told.contains(answer), "{text}: {told}");
    }
    world.telegram.speaks(ann.person, "de");
    let told = ann.says("backup_all shop 366").await.text;
    assert!(told.contains("„366“ passt nicht zu KEEP: eine ganze Zahl von 1 bis 365."), "{told}");
    world.stop().await;
}

#[tokio::test]
async fn the_menu_has_what_is_declared_and_loses_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = declaring(folder.path()).await;
    let (olga, ann) = (world.telegram.person("Olga"), world.telegram.person("Ann"));
    let group = world.telegram.group("Lab", &[ann, olga]);
    let alone = world.telegram.private_chat(ann);
    let sees = |world: &World, chat, person, expected: &'static [&'static str]| {
        let telegram = world.telegram.clone();
        async move {
            let shown = |view: &View<'_>| {
                let menu = view.menu(chat, person);
                let names: Vec<_> = menu.iter().map(|(name, _)| name.as_str()).collect();
                let declared = ["backup_all", "deploy", "reboot"];
                let found: Vec<_> = declared.into_iter().filter(|name| names.contains(name)).collect();
                (names.contains(&"fib") && found == expected).then_some(())
            };
            let seen = tokio::time::timeout(std::time::Duration::from_secs(20), telegram.until(shown)).await;
            assert!(seen.is_ok(), "{expected:?}, not {:?}", telegram.view(|view| view.menu(chat, person)));
        }
    };
    sees(&world, alone, ann, &["backup_all"]).await;
    // Ann has made the group, so she is an admin there.
    sees(&world, group, ann, &["backup_all", "deploy"]).await;
    sees(&world, group, olga, &["backup_all"]).await;
    sees(&world, world.telegram.private_chat(olga), olga, &["backup_all", "deploy", "reboot"]).await;
    let line = world.telegram.view(|view| view.menu(alone, ann));
    let line = line.into_iter().find(|(name, _)| name == "backup_all").unwrap().1;
    assert_eq!(line, "Back up a database <now> & tell (shop|wiki [KEEP] [NOTE])");
    world.stop_bot().await;
    world.change(|config| config.jobs_file = None);
    world.start_again(jobboard::work::Engine::new());
    sees(&world, group, ann, &[]).await;
    sees(&world, alone, ann, &[]).await;
    world.stop().await;
}
