//! The picture of a chat's last tasks, and the ways of a task's members.

use jobboard::sandbox::{Failure, Fault, File, Message};

use crate::{
    process::Ground,
    world::{Held, Speaker, World},
};

/// Width and colours of a picture: those of a row are told one after the other, each once.
fn look(file: &File) -> (u32, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file.bytes.clone())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    let pixels = pixels.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    (info.width, pixels)
}

fn labels(message: &Message) -> Vec<&str> {
    message.buttons.iter().map(|(label, _)| label.as_str()).collect()
}

/// The picture that answers a command.
async fn timeline(ann: &Speaker<'_>, command: &str) -> (Message, File) {
    let said = ann.writes(command);
    let answer = ann.answer_to(said).await;
    let photo = answer.photo.clone().unwrap_or_else(|| panic!("no picture: {}", answer.text));
    (answer, photo)
}

#[tokio::test]
async fn a_timeline_is_a_picture_with_words_and_its_colors_can_be_changed() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.runs("fib-multi 30000 40000 50000", "succeeded").await;
    ann.runs("dex-multi 1 2 3", "succeeded").await;
    ann.runs("dex nobody", "failed").await;
    ann.runs("fib 10", "is 34").await;
    let (answer, light) = timeline(&ann, "timeline").await;
    let lines: Vec<_> = answer.text.lines().collect();
    assert!(lines[0].starts_with("Tasks 1–4 · 20") && lines[0].ends_with(" UTC"), "{}", answer.text);
    assert!(lines[1].contains("of 2 CPU workers busy in parallel, up to"), "{}", answer.text);
    assert_eq!(lines[2], "1 failed");
    assert_eq!(labels(&answer), ["Refresh", "Dark"]);
    let (width, pixels) = look(&light);
    assert_eq!((width, pixels[0]), (1_080, [255; 3]));
    let failed = [0xc2, 0x41, 0x0c];
    assert!(pixels.contains(&[0x0b, 0x63, 0xab]) && pixels.contains(&failed), "what ran, and what failed");

    // The same message, in dark; and back.
    assert_eq!(ann.presses(&answer, "Dark").await, "");
    let dark = ann.sees("the dark one", |found| found.id == answer.id && labels(found)[1] == "Light").await;
    let (_, pixels) = look(&dark.photo.unwrap());
    assert!(pixels[0][0] < 64 && !pixels.contains(&failed), "{:?}", pixels[0]);
    assert_eq!(dark.text, answer.text);
    ann.presses(&answer, "Light").await;
    let again = ann.sees("the light one", |found| found.id == answer.id && labels(found)[1] == "Dark").await;
    // All has ended: nothing moves any more.
    assert_eq!(again.photo.unwrap().bytes, light.bytes);
    let (answer, _) = timeline(&ann, "timeline dark").await;
    assert_eq!(labels(&answer), ["Refresh", "Light"]);
    world.stop().await;
}

#[tokio::test]
async fn what_runs_and_waits_is_drawn_up_to_now_and_refreshed() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let board = ann.says("/timeline").await;
    assert_eq!((board.text.as_str(), board.photo), ("The board is empty. Try: fib 100", None));
    let card = ann.says("/fib-multi 11 12 13").await;
    held.began(2).await;
    let (answer, _) = timeline(&ben, "/timeline@jobboard_sandbox_bot").await;
    assert!(
        answer.text.ends_with("up to 2 of 2 CPU workers busy in parallel\n1 not finished yet"),
        "{}",
        answer.text
    );
    let still = ann.says("/job 1").await;
    assert!(still.text.starts_with("Still waiting"), "{}", still.text);
    assert!(
        still.text.contains("▸ fib 11 · runs for") && still.text.ends_with("fib 13 · waits"),
        "{}",
        still.text
    );
    held.release();
    ann.sees_in(&card, "succeeded").await;
    ben.presses(&answer, "Refresh").await;
    let done = ben.sees("the refreshed one", |found| found.id == answer.id && found.edits > 0).await;
    assert!(done.text.ends_with("busy in parallel"), "{}", done.text);
    assert!(done.photo.is_some());
    world.stop().await;
}

#[tokio::test]
async fn a_worker_that_another_chat_has_is_shown_without_a_name() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    ann.writes("fib 101");
    held.began(1).await;
    ben.writes("fib-multi 11 12");
    held.began(1).await;
    let (answer, picture) = timeline(&ben, "timeline").await;
    let others = [0xd3, 0xda, 0xe2];
    assert!(look(&picture).1.contains(&others), "{}", answer.text);
    assert!(answer.text.starts_with("Task 1 · ") && answer.text.contains("up to 1 of 2 CPU workers"));
    // To Ann, Ben's is the other one.
    let (_, picture) = timeline(&ann, "timeline").await;
    assert!(look(&picture).1.contains(&others));
    held.release();
    world.stop().await;
}

#[tokio::test]
async fn the_members_of_a_task_tell_where_they_ran_and_how_they_ended() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let ann = world.person("Ann");
    ann.writes("fib-multi 11 12 13");
    held.began(2).await;
    ann.says("kill 1").await;
    let killed = ann.says("job 1").await;
    let members: Vec<_> = killed.text.lines().filter(|line| line.starts_with('✗')).collect();
    assert!(members[0].starts_with("✗ fib 11 · cancelled after ") && members[0].ends_with("worker 1"));
    assert!(members[1].starts_with("✗ fib 12 · cancelled after ") && members[1].ends_with("worker 2"));
    assert_eq!(members[2..], ["✗ fib 13 · cancelled before it began"]);
    held.release();
    ann.runs("dex-multi 1 nobody", "succeeded").await;
    let found = ann.says("job 2").await;
    assert!(
        found.text.contains("\n✗ dex nobody · failed after ") && found.text.contains("\ndex 1 · "),
        "{}",
        found.text
    );
    assert!(found.text.contains(" · request 1") && found.text.contains(" · request 2"), "{}", found.text);
    world.stop().await;
}

#[tokio::test]
async fn where_pictures_are_not_wanted_its_words_come_alone() {
    let world = World::new().await;
    let ann = world.person("Ann");
    ann.runs("fib 30000", "succeeded").await;
    let refused = Failure::BadRequest("not enough rights to send photos to the chat".to_owned());
    let fired = world.telegram.fault(Fault::on("sendPhoto").answer(refused));
    let told = ann.says("timeline").await;
    assert!(told.text.starts_with("Task 1 · 20") && told.photo.is_none(), "{}", told.text);
    assert_eq!((fired.count(), told.buttons.len()), (1, 0));
    timeline(&ann, "timeline").await;
    world.stop().await;
}

#[tokio::test]
async fn a_restart_changes_nothing_in_the_picture_and_a_crash_loses_none() {
    let ground = Ground::new().await;
    let ann = ground.telegram.person("Ann");
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let card = talk.says("fib-multi 30000 40000 50000 10").await;
    talk.sees_in(&card, "succeeded").await;
    talk.says("fib 20").await;
    let card = talk.says("dex-multi 1 2 3").await;
    talk.sees_in(&card, "succeeded").await;
    let before = talk.says("timeline").await;
    assert!(before.text.starts_with("Tasks 1–3 · "), "{}", before.text);
    bot.stop().await;

    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    let after = talk.says("timeline").await;
    assert_eq!(after.text, before.text);
    assert!(after.photo == before.photo && after.photo.is_some());
    // One that could not be sent before a crash comes at the next start.
    let fault = Fault::on("sendPhoto").always().answer(Failure::Server(502));
    let fired = ground.telegram.fault(fault);
    let command = talk.writes("timeline dark");
    talk.until("a photo that fails", |_| (fired.count() > 0).then_some(())).await;
    bot.kill();
    ground.telegram.clear_faults();
    let bot = ground.start();
    let talk = ground.private(&bot, ann);
    assert!(talk.answer_to(command).await.photo.is_some());
    bot.stop().await;
}
