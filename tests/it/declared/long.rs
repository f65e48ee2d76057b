//! Texts that would be longer than a message, and output that is longer than a card: all of it is said, or can be had.

use std::fmt::Write;

use jobboard::sandbox::Message;

use super::{Yard, olga};
use crate::world::{Speaker, World};

async fn declaring(yard: &Yard, jobs: &str) -> World {
    std::fs::write(yard.file(), jobs).unwrap();
    yard.world(|_| ()).await
}

/// Lines of declared commands in a text, and what stands behind the last of them.
#[track_caller]
fn check_help(text: &str, prefix: &str, more: (&str, &str), last: &str) {
    assert!(text.encode_utf16().count() <= 4_096, "{}", text.len());
    let lines = text.lines().filter(|line| line.starts_with(prefix)).count();
    assert!((5..70).contains(&lines), "{lines} lines in {text}");
    let told = format!("\n{} {} {}", more.0, 70 - lines, more.1);
    assert!(text.contains(&told), "{told:?} is not in {text}");
    assert!(text.lines().last().unwrap().contains(last), "{text}");
}

#[tokio::test]
async fn help_of_many_commands_fits_a_message() {
    let yard = Yard::new();
    let jobs = (10..80).fold(String::new(), |mut jobs, n| {
        let help = format!("Number {n} {}", "does <a thing> & ".repeat(6));
        write!(jobs, "[jobs.command_{n}]\nhelp = \"{}\"\nprogram = \"true\"\n", &help[..100]).unwrap();
        jobs
    });
    let world = declaring(&yard, &jobs).await;
    let olga = olga(&world);
    let ann = world.person("Ann");
    let [ben, _] = world.group(["Ben", "Cleo"]);
    let more = ("… and", "more: the command menu has them, and help NAME tells of each.");
    let end = "A reply to a card with kill, job or retry means its task.";
    for person in [&ann, &olga] {
        for text in ["help", "/start"] {
            check_help(&person.says(text).await.text, "command_", more, end);
        }
    }
    assert!(olga.says("help").await.text.contains("\nquit  "), "owners are told of theirs");
    let end = "kill as a reply to a card kills its task.";
    for text in ["/help", "/start"] {
        check_help(&ben.says(text).await.text, "/command_", more, end);
    }
    let more = ("… und", "mehr: Das Befehlsmenü hat sie, und help NAME erklärt jeden.");
    world.telegram.speaks(ann.person, "de");
    ben.says("/settings language de").await;
    for text in ["/help", "/start"] {
        check_help(&ann.says(text).await.text, "command_", more, "");
        check_help(&ben.says(text).await.text, "/command_", more, "");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_choice_of_many_values_shows_the_first_and_how_many_more_there_are() {
    let yard = Yard::new();
    let values: Vec<_> = (1_000..3_000).map(|n| format!("\"version-{n}\"")).collect();
    let parameter = format!("{{ name = \"version\", type = \"choice\", values = [{}] }}", values.join(", "));
    let job = format!(
        "[jobs.deploy]\nhelp = 'x'\nprogram = 'true'\nargs = ['{{version}}']\nparameters = [{parameter}]\n"
    );
    let world = declaring(&yard, &job).await;
    let ann = world.person("Ann");
    for text in ["help deploy", "deploy", "deploy nonsense"] {
        let told = ann.says(text).await.text;
        assert!(told.contains("VERSION: one of version-1000, version-1001, "), "{text}: {told}");
        assert!(told.contains(" and 1,979 more"), "{text}: {told}");
        assert!(told.contains("deploy version-1000") && told.len() < 1_000, "{text}: {told}");
    }
    world.telegram.speaks(ann.person, "de");
    assert!(ann.says("deploy").await.text.contains(" und 1.979 mehr"));
    world.stop().await;
}

#[tokio::test]
async fn what_is_too_long_for_a_message_all_the_same_is_cut_and_not_lost() {
    let yard = Yard::new();
    let values: Vec<_> = (0..100).map(|n| format!("'value-<{n}>'")).collect();
    let (values, names) = (values.join(", "), ('a'..='t').map(String::from).collect::<Vec<_>>());
    let parameters: Vec<_> = names
        .iter()
        .map(|name| format!("{{ name = '{name}', type = 'choice', values = [{values}] }}"))
        .collect();
    let args: Vec<_> = names.iter().map(|name| format!("'{{{name}}}'")).collect();
    let job = format!(
        "[jobs.deploy]\nhelp = 'x'\nprogram = 'true'\nargs = [{}]\nparameters = [{}]\n",
        args.join(", "),
        parameters.join(", ")
    );
    let world = declaring(&yard, &job).await;
    let told = world.person("Ann").says("help deploy").await.text;
    assert!(told.starts_with("deploy A B ") && told.ends_with(" more\n…"), "{told}");
    assert!((3_500..=4_096).contains(&told.encode_utf16().count()), "{told}");
    world.stop().await;
}

/// The document that a card's button brings.
async fn whole(ann: &Speaker<'_>, card: &Message) -> String {
    ann.presses(card, "Whole output").await;
    let is_it = |found: &Message| found.document.is_some() && found.reply_to == Some(card.id);
    let found = ann.sees("the whole output", is_it).await;
    String::from_utf8(found.document.unwrap().bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn what_a_card_does_not_show_is_behind_its_button() {
    let yard = Yard::new();
    let url = format!("https://example.org/{}", "x".repeat(400));
    yard.script("count", "seq 1 $1");
    yard.script("link", &format!("echo {url}"));
    yard.script("both", "echo what it did; echo why it failed >&2; exit 2");
    yard.script("turned", r"printf 'fdp.\342\200\256gpj.exe\n'");
    let programs = ["count", "link", "both", "turned"];
    yard.declare(&programs.map(|name| (name, name, "")));
    let world = yard.world(|_| ()).await;
    let ann = world.person("Ann");
    let lines = |count: u32| (1..=count).map(|n| n.to_string() + "\n").collect::<String>();
    let card = ann.runs("count 20", "succeeded").await;
    assert!(card.text.contains("\n1\n2\n") && card.buttons.is_empty(), "{card:?}");
    let card = ann.runs("count 21", "succeeded").await;
    assert!(card.text.contains("\n\n2\n3\n"), "{}", card.text);
    assert_eq!(whole(&ann, &card).await, lines(21));
    let card = ann.runs("link", "succeeded").await;
    assert!(card.text.ends_with("xxx…"), "{}", card.text);
    assert_eq!(whole(&ann, &card).await, format!("{url}\n"));
    let card = ann.runs("both", "failed").await;
    assert!(card.text.ends_with("\n\nwhy it failed"), "{}", card.text);
    assert_eq!(whole(&ann, &card).await, "what it did\nwhy it failed\n");
    // What cannot be seen is in the file alone.
    let card = ann.runs("turned", "succeeded").await;
    assert!(card.text.ends_with("fdp.gpj.exe"), "{:?}", card.text);
    assert_eq!(whole(&ann, &card).await, "fdp.\u{202e}gpj.exe\n");
    world.stop().await;
}
