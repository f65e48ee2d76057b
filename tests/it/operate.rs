//! What an operator asks: beside a bot that runs, before it starts, and of what it left.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use jobboard::sandbox::Options;

use crate::{
    pokeapi::{Behaviour, PokeApi},
    process::{Ground, Talk},
    program::{folder, jobboard},
};

/// Runs a command beside the tests' servers.
pub(crate) async fn output(mut command: Command) -> (Option<i32>, String, String) {
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A command with the settings of the ground's bot.
pub(crate) fn beside(ground: &Ground, words: &[&str]) -> Command {
    let mut command = jobboard(ground.folder());
    command.envs(ground.settings()).args(words);
    command
}

/// The bot takes a task and does it; the first words may be of its place, on a busy machine.
async fn goes_on(talk: &Talk<'_>) {
    let card = talk.says("fib 11").await;
    talk.sees_in(&card, "is 55").await;
}

#[tokio::test]
async fn health_asks_the_bot_and_says_why_not() {
    let folder = folder();
    let ask = |words: &[&str], address: Option<&str>| {
        let mut command = jobboard(&folder);
        command.arg("health").args(words);
        if let Some(address) = address {
            command.env("JOBBOARD_HTTP_ADDR", address.trim_start_matches("http://"));
        }
        output(command)
    };
    let well = PokeApi::start(Behaviour::Answer(200, "ok".to_owned())).await;
    assert_eq!(ask(&[], Some(&well.origin())).await, (Some(0), String::new(), String::new()));
    assert_eq!(ask(&["--ready"], Some(&well.origin())).await.0, Some(0));
    assert_eq!(well.paths(), ["/healthz", "/readyz"]);

    let ill = PokeApi::start(Behaviour::Answer(503, "the store\ncannot be written".to_owned())).await;
    let (status, _, line) = ask(&["--ready"], Some(&ill.origin())).await;
    assert_eq!((status, line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.contains("503") && line.contains("the store cannot be written"), "{line}");
    // What only sends elsewhere is not well.
    let elsewhere = Behaviour::Headed(302, format!("Location: {}/healthz", well.origin()), String::new());
    let elsewhere = PokeApi::start(elsewhere).await;
    assert_eq!(ask(&[], Some(&elsewhere.origin())).await.0, Some(1));

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (status, _, line) = ask(&[], Some(&nobody)).await;
    assert_eq!((status, line.lines().count()), (Some(1), 1), "{line}");
    let (status, _, line) = ask(&[], None).await;
    assert_eq!((status, line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.contains("JOBBOARD_HTTP_ADDR"), "{line}");
}

#[tokio::test]
async fn a_bot_that_runs_is_well_and_one_that_stopped_is_not() {
    let mut ground = Ground::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    ground.set("JOBBOARD_HTTP_ADDR", &free);
    let bot = ground.start();
    ground.private(&bot, ground.telegram.person("Ann")).says("fib 10").await;
    for words in [&["health"][..], &["health", "--ready"]] {
        let asked = output(beside(&ground, words)).await;
        assert_eq!(asked, (Some(0), String::new(), String::new()), "{words:?}");
    }
    let check = async || output(beside(&ground, &["check"])).await.1;
    let told = check().await;
    assert!(told.contains(&format!("ok       HTTP: a bot answers at {free}\n")), "{told}");
    // The address is waited for as the folder is.
    let next = ground.start();
    next.logs("waiting for the end of the bot").await;
    bot.stop().await;
    goes_on(&ground.private(&next, ground.telegram.person("Ben"))).await;
    assert_eq!(output(beside(&ground, &["health"])).await.0, Some(0));
    next.stop().await;
    let (status, _, line) = output(beside(&ground, &["health"])).await;
    assert!(status == Some(1) && line.contains("nobody answers"), "{line}");
    let told = check().await;
    assert!(told.contains(&format!("ok       HTTP: {free} is free\n")), "{told}");
}

/// What the image says is what the program takes; the image itself cannot be built here.
#[tokio::test]
async fn the_images_health_check_asks_where_the_images_bot_listens() {
    let dockerfile = include_str!("../../Dockerfile");
    let command = dockerfile.lines().find_map(|line| line.trim().strip_prefix("CMD ")).unwrap();
    assert_eq!(command, r#"["/usr/local/bin/jobboard", "health"]"#);
    let folder = folder();
    let mut command = jobboard(&folder);
    let settings = dockerfile.split("\nENV ").nth(1).unwrap().split("\nWORKDIR").next().unwrap();
    for (name, value) in settings.split_whitespace().filter_map(|word| word.split_once('=')) {
        command.env(name, value);
    }
    command.arg("check");
    let (_, told, _) = output(command).await;
    assert!(told.contains("JOBBOARD_HTTP_ADDR: 127.0.0.1:9090 (variable)"), "{told}");
    assert!(told.contains("JOBBOARD_DATA_DIR: /data (variable)"), "{told}");
}

#[tokio::test]
async fn check_says_how_everything_stands() {
    let ground = Ground::new().await;
    let token = Options::default().token;
    let bot_id = token.split(':').next().unwrap();
    // Nothing is there yet, and nothing is made.
    let (status, told, _) = output(beside(&ground, &["check", "--max-live-jobs", "7"])).await;
    assert_eq!(status, Some(0), "{told}");
    for line in [
        "ok       JOBBOARD_MAX_LIVE_JOBS: 7 (flag)",
        "ok       JOBBOARD_CPU_WORKERS: 2 (variable)",
        "ok       JOBBOARD_KEEP_FOR: 30d (default)",
        "ok       TELOXIDE_TOKEN: set (not shown) (variable)",
        &format!("ok       token: of @jobboard_sandbox_bot (id {bot_id})"),
        "ok       updates: by polling; 0 wait at Telegram",
        "ok       clock: as Telegram's",
        "ok       PokeAPI: answers",
    ] {
        assert!(told.lines().any(|found| found == line), "{line:?} is not in\n{told}");
    }
    assert!(told.contains("is not there yet, and can be made"), "{told}");
    assert!(!told.contains(&token) && !told.contains("a-bot-of"), "{told}");
    assert!(!ground.store().parent().unwrap().exists(), "a look made a folder");

    // Beside a bot, which goes on.
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    talk.says("fib 10").await;
    let (status, told, _) = output(beside(&ground, &["check"])).await;
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("1 tasks") && told.contains("in use by a running bot"), "{told}");
    goes_on(&talk).await;
    bot.stop().await;
    let (_, told, _) = output(beside(&ground, &["check"])).await;
    assert!(told.contains("2 tasks") && told.contains("no bot runs on it"), "{told}");
}

#[tokio::test]
async fn check_tells_what_is_wrong_from_what_may_pass() {
    let mut ground = Ground::new().await;
    let (url, pokeapi) = (ground.sandbox.url(), ground.sandbox.pokeapi_url());
    let wrong = async |ground: &Ground, status: i32, line: &str| {
        let (found, told, last) = output(beside(ground, &["check"])).await;
        assert!(told.lines().any(|found| found.starts_with(line)), "{line:?} is not in\n{told}");
        assert_eq!(found, Some(status), "{told}\n{last}");
        assert!(!told.contains("some-secret") && !last.contains("some-secret"), "{told}");
    };
    ground.set("TELOXIDE_TOKEN", "4242:some-secret-of-another");
    wrong(&ground, 2, "wrong    token: Telegram does not know it").await;
    ground.set("TELOXIDE_TOKEN", "");
    wrong(&ground, 2, "wrong    token: there is none").await;
    ground.set("TELOXIDE_TOKEN", &Options::default().token);
    ground.set("TELOXIDE_API_URL", "http://127.0.0.1:1");
    wrong(&ground, 1, "wrong    Telegram: no answer").await;
    ground.set("TELOXIDE_API_URL", &url);
    ground.set("JOBBOARD_POKEAPI_URL", "http://ann:some-secret@127.0.0.1:1");
    wrong(&ground, 0, "warning  PokeAPI: cannot be reached").await;
    ground.set("JOBBOARD_POKEAPI_URL", &format!("{pokeapi}/nothing"));
    wrong(&ground, 0, "warning  PokeAPI: status 404").await;
    ground.set("JOBBOARD_POKEAPI_URL", &pokeapi);
    let late = "Date: Thu, 01 Jan 2015 00:00:00 GMT".to_owned();
    let late = PokeApi::start(Behaviour::Headed(404, late, String::new())).await;
    ground.set("TELOXIDE_API_URL", &late.origin());
    wrong(&ground, 1, "warning  clock: ").await;
    assert!(late.paths().iter().any(|path| path == "/"), "the clock is asked for without the token");
    ground.set("TELOXIDE_API_URL", &url);
    ground.set("JOBBOARD_HTTP_ADDR", late.origin().trim_start_matches("http://"));
    wrong(&ground, 1, "wrong    HTTP: 127.0.0.1:").await;
    ground.set("JOBBOARD_HTTP_ADDR", "");
    std::fs::create_dir_all(ground.store().parent().unwrap()).unwrap();
    std::fs::write(ground.store(), "somebody's letters").unwrap();
    wrong(&ground, 2, "wrong    store: jobboard.db is no store of Jobboard").await;
    assert_eq!(std::fs::read(ground.store()).unwrap(), b"somebody's letters");
}

#[tokio::test]
async fn check_shows_what_is_declared_as_people_see_it() {
    let mut ground = Ground::new().await;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/jobs.toml");
    ground.set("JOBBOARD_JOBS_FILE", example);
    let (status, told, _) = output(beside(&ground, &["check"])).await;
    assert_eq!(status, Some(0), "{told}");
    for line in [
        &format!("ok       JOBBOARD_JOBS_FILE: {example} (variable)"),
        &format!("ok       JOBBOARD_JOBS_FILE: {example} declares 3 commands"),
        "ok       backup: backup shop|wiki [KEEP]",
        "ok       backup: Back up a database",
        "ok       backup: DB: one of shop, wiki",
        "ok       backup: KEEP: a whole number from 1 to 365 (may be left out)",
        "ok       backup: It is stopped after 30 min.",
        "ok       backup: For example: backup shop 10",
        "ok       deploy: It is for the admins of a group, and for the bot's owners.",
        "ok       deploy: You are asked once more before it runs.",
    ] {
        assert!(told.lines().any(|found| found == line), "{line:?} is not in\n{told}");
    }
    let one = ground.folder().path().join("one.toml");
    std::fs::write(&one, "[jobs.one]\nhelp = 'x'\nprogram = 'true'\n").unwrap();
    ground.set("JOBBOARD_JOBS_FILE", one.to_str().unwrap());
    let (_, of_one, _) = output(beside(&ground, &["check"])).await;
    assert!(of_one.contains("one.toml declares 1 command\n"), "{of_one}");
    let runs = told.lines().find(|line| line.starts_with("ok       render: runs /")).unwrap();
    for part in ["contrib/jobs/render, in /", "at once 1", "CPU slots 2", "memory 2000 MB", "sends *.pgm"] {
        assert!(runs.contains(part), "{part} is not in {runs}");
    }
}

#[tokio::test]
async fn check_tells_every_mistake_of_the_jobs_file_and_a_start_the_first() {
    let mut ground = Ground::new().await;
    let file = ground.folder().path().join("jobs.toml");
    let name = file.to_str().unwrap().to_owned();
    ground.set("JOBBOARD_JOBS_FILE", &name);
    let wrong = "wrong    JOBBOARD_JOBS_FILE: ";
    let (status, told, _) = output(beside(&ground, &["check"])).await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains(&format!("{wrong}{name}: No such file or directory")), "{told}");
    let text = "[jobs.fib]\nhelp = 'Ours'\nprogram = 'sh'\n[jobs.backup]\nhelp = 'x'\nprogram = './none'\n\
                parameters = [\n    { name = 'db', type = 'wrd' },\n]\n";
    std::fs::write(&file, text).unwrap();
    let (status, told, last) = output(beside(&ground, &["check"])).await;
    assert_eq!(status, Some(2), "{told}\n{last}");
    let mistakes = [
        format!("{wrong}{name}:1: jobs.fib: the bot has a command of this name itself"),
        format!("{wrong}{name}:6: jobs.backup.program: \"./none\": "),
        format!(
            "{wrong}{name}:8: jobs.backup.parameters[0].type: \"wrd\" is no type: did you mean \"word\"?"
        ),
    ];
    for line in &mistakes {
        assert!(told.lines().any(|found| found.starts_with(line)), "{line:?} is not in\n{told}");
    }
    // A bot does not start with it.
    let (status, _, last) = output(beside(&ground, &[])).await;
    assert_eq!((status, last.trim().lines().count()), (Some(2), 1), "{last}");
    assert!(
        last.contains(&format!("JOBBOARD_JOBS_FILE: {name}:1: jobs.fib: ")) && last.contains("(and 2 more"),
        "{last}"
    );
}

/// People who keep a bot busy while it is looked at.
async fn under_load<T>(ground: &Ground, bot: &crate::process::Bot, look: impl Future<Output = T>) -> T {
    let people: Vec<_> = (0..4).map(|number| ground.telegram.person(&format!("Busy {number}"))).collect();
    let busy = futures_util::future::join_all(people.iter().map(async |person| {
        let talk = ground.private(bot, *person);
        for n in 1.. {
            talk.says(&format!("fib {}", n % 500 + 1)).await;
        }
    }));
    tokio::select! {
        _ = busy => unreachable!("they go on for ever"),
        seen = look => seen,
    }
}

#[tokio::test]
async fn a_backup_of_a_running_bot_becomes_the_same_bot_elsewhere() {
    let mut ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let long = talk.says("fib 100000").await;
    let long = talk.sees_in(&long, "succeeded").await;
    talk.says("fib 10").await;
    talk.says("settings language de").await;
    let unfinished = talk.says("fib 1000000000").await;
    talk.sees_in(&unfinished, "1000000000").await;

    let file = ground.folder().path().join("jobboard.tar");
    let name = file.to_str().unwrap();
    let (status, _, said) = under_load(&ground, &bot, output(beside(&ground, &["backup", name]))).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.starts_with("backed up: "), "{said}");
    // Readable by its owner alone, and nothing else is left there.
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let names = |folder: &Path| -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(ground.folder().path()), ["data", "jobboard.tar"]);
    // One that is there is replaced only where that is wanted.
    let before = std::fs::read(&file).unwrap();
    let (status, _, said) = output(beside(&ground, &["backup", name])).await;
    assert_eq!((status, said.contains("--force")), (Some(1), true), "{said}");
    assert!(std::fs::read(&file).unwrap() == before);
    assert_eq!(output(beside(&ground, &["backup", "--force", name])).await.0, Some(0));
    // The bot goes on.
    goes_on(&talk).await;
    bot.kill();

    let results = ground.store().with_file_name("results");
    let digits = std::fs::read(results.join(format!("{ann}-1.txt"))).unwrap();
    std::fs::remove_dir_all(ground.store().parent().unwrap()).unwrap();
    let other = ground.folder().path().join("other");
    ground.set("JOBBOARD_DATA_DIR", other.to_str().unwrap());
    let (status, _, said) = output(beside(&ground, &["restore", name])).await;
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(std::fs::read(other.join(format!("results/{ann}-1.txt"))).unwrap(), digits);
    // Only where nothing is.
    let (status, _, said) = output(beside(&ground, &["restore", name])).await;
    assert_eq!((status, said.contains("already")), (Some(1), true), "{said}");

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let board = talk.says("dash").await.text;
    for command in ["fib 100000", "fib 10", "fib 1000000000"] {
        assert!(board.contains(command), "{board}");
    }
    assert!(board.contains("laufend"), "the settings are lost: {board}");
    // A button of a card that was sent before works on, and its result is whole.
    ground.telegram.press(talk.chat, ann, long.id, &long.buttons[0].1);
    let is_whole = |found: &jobboard::sandbox::Message| found.document.is_some();
    let document = talk.sees("the whole number", is_whole).await.document.unwrap();
    assert_eq!(document.bytes.trim_ascii_end(), digits.trim_ascii_end());
    assert!(talk.says("kill 3").await.text.contains("fib 1000000000"));
    bot.stop().await;
    // Nobody runs: a backup all the same, and to stdout.
    let mut command = beside(&ground, &["backup", "-"]);
    let piped = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(piped.status.success() && piped.stdout.len() > digits.len());
    let third = ground.folder().path().join("third");
    ground.set("JOBBOARD_DATA_DIR", third.to_str().unwrap());
    let mut child = beside(&ground, &["restore", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&piped.stdout).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(third.join("jobboard.db").exists());
}

#[tokio::test]
async fn what_is_no_backup_is_refused_and_leaves_nothing() {
    let mut ground = Ground::new().await;
    let file = ground.folder().path().join("backup.tar");
    let name = file.to_str().unwrap().to_owned();
    let (status, _, said) = output(beside(&ground, &["backup", &name])).await;
    assert_eq!((status, said.contains("no store")), (Some(1), true), "{said}");
    assert!(!file.exists());

    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let card = ground.private(&bot, ann).says("fib 100000").await;
    ground.private(&bot, ann).sees_in(&card, "succeeded").await;
    bot.stop().await;
    assert_eq!(output(beside(&ground, &["backup", &name])).await.0, Some(0));
    let whole = std::fs::read(&file).unwrap();
    let evil = |path: &str, kind: tar::EntryType| {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, &b""[..]).unwrap();
        tar.into_inner().unwrap()
    };
    let files = [
        Vec::new(),
        b"no tar at all".repeat(100),
        // Cut in the database, and before it.
        whole[..whole.len() - whole.len() / 4].to_owned(),
        whole[..1024].to_owned(),
        evil("../evil.txt", tar::EntryType::Regular),
        evil("results/../../evil.txt", tar::EntryType::Regular),
        evil("/tmp/evil.txt", tar::EntryType::Regular),
        evil("results/evil.sh", tar::EntryType::Regular),
        evil("results/evil.txt", tar::EntryType::Symlink),
        evil("jobboard.db", tar::EntryType::Regular),
    ];
    let other = ground.folder().path().join("other");
    ground.set("JOBBOARD_DATA_DIR", other.to_str().unwrap());
    for (number, content) in files.iter().enumerate() {
        std::fs::write(&file, content).unwrap();
        let (status, _, said) = output(beside(&ground, &["restore", &name])).await;
        assert!(status != Some(0) && said.lines().count() == 1, "file {number}: {status:?} {said}");
        assert!(
            !other.join("jobboard.db").exists() && !other.join("jobboard.db.new").exists(),
            "file {number}"
        );
        assert_eq!(std::fs::read_dir(other.join("results")).unwrap().count(), 0, "file {number}");
        assert!(!ground.folder().path().join("evil.txt").exists());
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(output(beside(&ground, &["restore", &name])).await.0, Some(0));
}

#[tokio::test]
async fn a_start_waits_for_the_end_of_the_bot_before_it() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let old = ground.start();
    ground.private(&old, ann).says("fib 10").await;
    let new = ground.start();
    new.logs("waiting for the end of the bot").await;
    old.stop().await;
    let talk = ground.private(&new, ann);
    let next = talk.says("fib 11").await;
    assert!(next.text.starts_with("Task 2 is submitted"), "{}", next.text);
    talk.sees_in(&next, "is 55").await;
    // One that waits can be stopped, too.
    let third = ground.start();
    third.logs("waiting for the end of the bot").await;
    third.stop().await;
    assert!(talk.says("job 1").await.text.contains("is 34"));
    new.stop().await;
}

#[test]
fn shells_complete_what_can_be_said() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut command = jobboard(&folder);
        let output =
            command.args(["completions", shell]).env("TELOXIDE_TOKEN", "1:a-secret").output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{shell}");
        for word in ["backup", "restore", "check", "health", "sandbox", "kill-policy"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert!(!script.contains("a-secret"));
        if shell == "bash" {
            let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
            bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            assert!(bash.wait().unwrap().success());
        }
    }
}
