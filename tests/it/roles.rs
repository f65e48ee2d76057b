//! Who may do what: whose a task is, admins, owners, and those whom Telegram does not tell.

use std::time::Duration;

use jobboard::sandbox::{Failure, Fault, Gate, Message, View};

use crate::{
    process::Ground,
    world::{Held, Speaker, World, config},
};

/// A bot whose work goes on until it is killed.
async fn endless() -> (World, Held) {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    (world, held)
}

/// Somebody's task in the group, running.
async fn runs(person: &Speaker<'_>, n: u64) -> Message {
    let card = person.says(&format!("/fib {n}")).await;
    person.sees_in(&card, "running").await
}

async fn goes_on(person: &Speaker<'_>, task: u64) {
    assert!(person.says(&format!("/job {task}")).await.text.starts_with("Still waiting"));
}

#[tokio::test]
async fn a_task_is_its_senders_and_nobody_elses() {
    let (world, _held) = endless().await;
    let [_ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    let card = runs(&ben, 11).await;
    let refusal = "Task 1 is Ben's: only Ben, an admin of this chat or an owner of this bot may kill it.";
    assert_eq!(cleo.presses(&card, "Kill").await, refusal);
    assert_eq!(cleo.says("/kill 1").await.text, refusal);
    assert_eq!(cleo.replies(card.id, "kill").await.text, refusal);
    goes_on(&cleo, 1).await;
    // Nobody asks them whether they mean it.
    assert_eq!(ben.presses(&card, "Kill").await, "Killing task 1 …");
    let card = ben.sees_in(&card, "Cancelled by Ben").await;

    let refusal = cleo.presses(&card, "Retry").await;
    assert!(
        refusal.starts_with("Task 1 is Ben's: only Ben,") && refusal.ends_with("may run it again."),
        "{refusal}"
    );
    assert!(cleo.says("/retry 1").await.text.contains("only Ben"));
    assert_eq!(ben.presses(&card, "Retry").await, "Task 2 is submitted");
    world.stop().await;
}

#[tokio::test]
async fn an_admin_is_asked_first_and_the_card_says_who_it_was() {
    let (world, _held) = endless().await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    world.telegram.set_admin(ann.chat, cleo.person, true);
    let card = runs(&ben, 11).await;
    assert_eq!(cleo.presses(&card, "Kill").await, "It is Ben's task: confirm it in my answer.");
    assert!(cleo.presses(&card, "Kill").await.contains("asked for a moment ago"));
    let question = cleo.sees("the question", |found| found.reply_to == Some(card.id)).await;
    assert_eq!(question.text, "Kill Ben's task 1, fib 11?");
    goes_on(&ben, 1).await;
    assert_eq!(ann.answers_to(card.id).len(), 1, "asked twice");

    cleo.presses(&question, "Keep").await;
    cleo.sees_in(&question, "Nothing was killed").await;
    goes_on(&ben, 1).await;
    let question = cleo.says("/kill 1").await;
    assert_eq!(question.text, "Kill Ben's task 1, fib 11?");
    // Another one who may answers it: the group's owner.
    assert_eq!(ann.presses(&question, "Kill").await, "");
    ann.sees_in(&question, "Killing 1 task …").await;
    let report = ann.sees("the report", |found| found.reply_to == Some(question.id)).await;
    assert_eq!(report.text, "Task \"fib 11\" is killed");
    ben.sees_in(&card, "Cancelled by Ann").await;
    // An old question says what is true now, once more.
    let query = world.telegram.press(ann.chat, cleo.person, question.id, &question.buttons[0].1);
    assert_eq!(ann.toast(&query).await, "");
    ann.sees_in(&question, "Task 1 is cancelled already").await;
    assert_eq!(ann.answers_to(question.id).len(), 1);
    // Each was looked up once.
    let looked_up = world.telegram.view(|view| view.count_calls("getChatMember"));
    assert_eq!(looked_up, 2);
    world.stop().await;
}

#[tokio::test]
async fn a_question_is_answered_by_who_may_only() {
    let (world, _held) = endless().await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    runs(&ben, 11).await;
    let question = ann.says("/kill 1").await;
    assert!(cleo.presses(&question, "Kill").await.contains("only Ben"));
    assert!(cleo.presses(&question, "Keep").await.starts_with("Only who was asked"));
    goes_on(&cleo, 1).await;
    // It is Ben's own task.
    ben.presses(&question, "Kill").await;
    ben.sees("the end", |found| found.text.contains("Cancelled by Ben")).await;
    world.stop().await;
}

#[tokio::test]
async fn several_tasks_of_several_people() {
    let (world, _held) = endless().await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    runs(&ann, 11).await;
    runs(&ben, 12).await;
    cleo.says("/fib 13").await;
    // Ben is no admin: his own, and why not the others.
    let report = ben.says("/kill 2 3 57").await.text;
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(lines[0], "Task \"fib 12\" is killed");
    assert!(lines[1].starts_with("Task 3 is Cleo's: only Cleo,"), "{report}");
    assert_eq!(lines[2], "There is no task 57");
    // Ann is: her own at once, and a question about the others.
    ben.says("/fib 14").await;
    let command = ann.writes("/kill 4 1 3");
    let answer = |start: &'static str| {
        move |found: &Message| found.reply_to == Some(command) && found.text.starts_with(start)
    };
    ann.sees("the report", answer("Task \"fib 11\" is killed")).await;
    let question = ann.sees("the question", answer("Kill these 2 tasks of others?")).await;
    assert!(question.text.ends_with("\nCleo's task 3, fib 13\nBen's task 4, fib 14"), "{}", question.text);
    ann.presses(&question, "Kill 2").await;
    let report = ann.sees("the report", |found| found.reply_to == Some(question.id)).await;
    assert_eq!(report.text, "Task \"fib 13\" is killed\nTask \"fib 14\" is killed");
    world.stop().await;
}

#[tokio::test]
async fn kill_all_takes_what_one_may_and_says_what_it_left() {
    let (world, _held) = endless().await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    runs(&ann, 11).await;
    let none = ben.says("/kill all").await.text;
    assert!(
        none.starts_with("The one unfinished task is not yours: only who sent a task, an admin"),
        "{none}"
    );
    for n in [12, 13] {
        ben.says(&format!("/fib {n}")).await;
    }
    let question = ben.says("/kill all").await;
    assert!(
        question.text.starts_with("Kill your 2 unfinished tasks? 1 task of others goes on"),
        "{}",
        question.text
    );
    assert!(cleo.presses(&question, "Kill 2").await.contains("only Ben"));
    ben.presses(&question, "Kill 2").await;
    ben.sees_in(&question, "Killing 2 tasks …\n1 task of others goes on").await;
    let report = ben.sees("the report", |found| found.reply_to == Some(question.id)).await;
    assert_eq!(report.text, "Task \"fib 12\" is killed\nTask \"fib 13\" is killed");
    goes_on(&ben, 1).await;

    cleo.says("/fib 14").await;
    let question = ann.says("/kill all").await;
    assert_eq!(question.text, "Kill all 2 unfinished tasks? 1 of them is somebody else's.");
    ann.presses(&question, "Kill 2").await;
    let report = ann.sees("the report", |found| found.reply_to == Some(question.id)).await;
    assert_eq!(report.text, "Task \"fib 11\" is killed\nTask \"fib 14\" is killed");
    world.stop().await;
}

#[tokio::test]
async fn an_owner_of_the_bot_may_all_and_the_policy_may_let_anyone() {
    for flags in [["--owners", "1000002"], ["--kill-policy", "anyone"]] {
        let held = Held::new();
        let world = World::with(|setup| {
            setup.engine = held.attentive();
            setup.config = config(&flags);
        })
        .await;
        let [ann, ben] = world.group(["Ann", "Ben"]);
        assert_eq!(ben.person.0, 1_000_002);
        runs(&ann, 11).await;
        let question = ben.says("/kill 1").await;
        assert_eq!(question.text, "Kill Ann's task 1, fib 11?");
        ben.presses(&question, "Kill").await;
        ann.sees("the end", |found| found.text.contains("Cancelled by Ben")).await;
        assert_eq!(world.telegram.view(|view| view.count_calls("getChatMember")), 0);
        world.stop().await;
    }
}

#[tokio::test]
async fn an_anonymous_admin_is_an_admin_and_a_channel_is_a_person() {
    let (world, _held) = endless().await;
    let [_ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    let telegram = &world.telegram;
    telegram.set_admin(ben.chat, ben.person, true);
    telegram.set_anonymous(ben.chat, ben.person, true);
    let channel = telegram.channel("Cleo's news");
    let card = cleo.answer_to(telegram.say_as(cleo.chat, cleo.person, channel, "/fib 11")).await;
    cleo.sees_in(&card, "running").await;
    // Who presses is Cleo, and the task is the channel's.
    let refusal = cleo.presses(&card, "Kill").await;
    assert!(refusal.starts_with("Task 1 is Cleo's news's: only Cleo's news, an admin"), "{refusal}");
    // The anonymous admin is asked, and answers as Ben.
    let question = ben.says("/kill 1").await;
    assert_eq!(question.text, "Kill Cleo's news's task 1, fib 11?");
    assert_eq!(telegram.view(|view| view.count_calls("getChatMember")), 1, "only Cleo was looked up");
    ben.presses(&question, "Kill").await;
    cleo.sees_in(&card, "Cancelled by Ben").await;

    // The channel may with its own what a person may.
    let second = cleo.answer_to(telegram.say_as(cleo.chat, cleo.person, channel, "/fib 12")).await;
    cleo.sees_in(&second, "running").await;
    let killed = cleo.answer_to(telegram.say_as(cleo.chat, cleo.person, channel, "/kill 2")).await;
    assert_eq!(killed.text, "Task \"fib 12\" is killed");
    cleo.sees_in(&second, "Cancelled by Cleo's news").await;
    // And nothing with others'.
    let third = runs(&ben, 13).await;
    assert!(third.text.contains("Task 3"));
    let refused = cleo.answer_to(telegram.say_as(cleo.chat, cleo.person, channel, "/kill 3")).await;
    assert!(refused.text.starts_with("Task 3 is Engineers's: only Engineers, an admin"), "{}", refused.text);
    world.stop().await;
}

#[tokio::test]
async fn names_and_a_move_to_a_supergroup_are_survived() {
    let (world, _held) = endless().await;
    let [ann, ben] = world.group(["Ann", "<b>Ben & Co"]);
    runs(&ben, 11).await;
    let supergroup = world.telegram.migrate(ann.chat);
    let (ann, ben) = (ann.in_chat(supergroup), ben.in_chat(supergroup));
    // Its card is a new one there, with buttons of that chat.
    let card = ben.sees("the card", |found| found.text.starts_with("Task 1 is submitted")).await;
    assert!(ann.presses(&card, "Kill").await.starts_with("It is <b>Ben & Co's task"));
    let question = ann.sees("the question", |found| found.reply_to == Some(card.id)).await;
    assert_eq!(question.text, "Kill <b>Ben & Co's task 1, fib 11?");
    ann.presses(&question, "Keep").await;
    ann.sees_in(&question, "Nothing was killed").await;
    assert_eq!(ben.presses(&card, "Kill").await, "Killing task 1 …");
    ann.sees_in(&card, "Cancelled by <b>Ben & Co").await;
    world.stop().await;
}

#[tokio::test]
async fn a_yes_from_the_old_group_edits_no_message_of_the_new_one() {
    let (world, _held) = endless().await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    world.telegram.set_admin(ann.chat, cleo.person, true);
    runs(&ben, 11).await;
    let question = ann.says("/kill 1").await;
    let gate = Gate::new();
    let asked = world.telegram.fault(Fault::on("getChatMember").answer(Failure::Hold(gate.clone())));
    let yes = world.telegram.press(ann.chat, cleo.person, question.id, &question.buttons[0].1);
    world.until("the look-up", ann.chat, |_| (asked.count() > 0).then_some(())).await;

    let there = ann.in_chat(world.telegram.migrate(ann.chat));
    let card = there.sees("the card", |found| found.text.starts_with("Task 1 is submitted")).await;
    let mut same = card;
    while same.id < question.id {
        same = there.says("/help").await;
    }
    assert_eq!(same.id, question.id, "the number is another message's now");
    gate.release();
    assert_eq!(cleo.toast(&yes).await, "");
    there.sees("the report", |found| found.text == "Task \"fib 11\" is killed").await;
    there.says("/dash").await;
    assert_eq!(there.sees("the message", |found| found.id == question.id).await.text, same.text);
    world.stop().await;
}

#[tokio::test]
async fn settings_are_the_admins_whatever_the_policy_for_tasks() {
    for policy in ["anyone", "owner-or-admin"] {
        let world = World::with(|setup| setup.config = config(&["--kill-policy", policy])).await;
        let [ann, ben] = world.group(["Ann", "Ben"]);
        let refusal = "Only an admin of this group may change its settings.";
        assert_eq!(ben.says("/settings rich on").await.text, refusal, "{policy}");
        assert!(ann.says("/settings rich on").await.text.starts_with("Rich messages are on"));
        world.stop().await;
    }
}

#[tokio::test]
async fn hidden_members_are_found_among_the_admins() {
    let (world, _held) = endless().await;
    let [ann, ben, cleo] = world.group(["Ann", "Ben", "Cleo"]);
    world.telegram.hide_members(ann.chat);
    runs(&ben, 11).await;
    assert!(cleo.says("/kill 1").await.text.contains("an admin of this chat"));
    assert_eq!(ann.says("/kill 1").await.text, "Kill Ben's task 1, fib 11?");
    world.stop().await;
}

#[tokio::test]
async fn who_is_not_known_to_be_an_admin_is_told_so() {
    for failure in [
        Failure::BadRequest("member list is inaccessible".to_owned()),
        Failure::TooManyRequests { retry_after: 30 },
        Failure::Server(502),
        Failure::DropBefore,
    ] {
        let (world, _held) = endless().await;
        let [ann, ben] = world.group(["Ann", "Ben"]);
        for method in ["getChatMember", "getChatAdministrators"] {
            world.telegram.fault(Fault::on(method).always().answer(failure.clone()));
        }
        let card = runs(&ben, 11).await;
        let unknown = "You are not known to be an admin: Telegram did not tell me.";
        let refusal = ann.presses(&card, "Kill").await;
        assert!(refusal.starts_with("Task 1 is Ben's: only Ben,") && refusal.ends_with(unknown), "{refusal}");
        assert!(ann.says("/kill 1").await.text.ends_with(unknown));
        assert!(ann.says("/kill all").await.text.ends_with(unknown));
        // It is not remembered.
        world.telegram.clear_faults();
        assert_eq!(ann.says("/kill 1").await.text, "Kill Ben's task 1, fib 11?");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_telegram_that_does_not_say_who_is_an_admin_delays_nobody_else() {
    let (world, held) = endless().await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let cleo = world.person("Cleo");
    let card = runs(&ben, 11).await;
    let gate = Gate::new();
    let fired = world.telegram.fault(Fault::on("getChatMember").answer(Failure::Hold(gate.clone())));
    let kill = ann.writes("/kill 1");
    world.until("the look-up", ann.chat, |_| (fired.count() > 0).then_some(())).await;
    // Other chats go on, and this one too: what needs no look-up is done.
    assert!(cleo.says("help").await.text.contains("kill"));
    assert_eq!(ben.presses(&card, "Kill").await, "Killing task 1 …");
    ben.sees_in(&card, "Cancelled by Ben").await;
    assert!(ann.answers_to(kill).is_empty());
    gate.release();
    // And then what is true now is said.
    assert!(ann.answer_to(kill).await.text.contains("finished before it could be killed"));
    held.release();
    world.stop().await;
}

#[tokio::test]
async fn a_look_up_has_a_bound() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.member = Duration::from_millis(50);
        // A call of its own would end, too, and much later.
        setup.config.timings.call = Duration::from_mins(10);
    })
    .await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let card = runs(&ben, 11).await;
    let gate = Gate::new();
    world.telegram.fault(Fault::on("getChatMember").answer(Failure::Hold(gate.clone())));
    assert!(ann.presses(&card, "Kill").await.contains("not known to be an admin"));
    gate.release();
    world.stop().await;
}

#[tokio::test]
async fn a_crash_while_telegram_is_asked_loses_no_kill() {
    let ground = Ground::new().await;
    let people = ["Ann", "Ben"].map(|name| ground.telegram.person(name));
    let group = ground.telegram.group("Engineers", &people);
    let bot = ground.start();
    let (ann, ben) = (ground.talk(&bot, group, people[0]), ground.talk(&bot, group, people[1]));
    let card = ben.says("/fib 1000000000").await;
    ben.sees_in(&card, "running").await;
    // The next message of a chat waits until the last one is stored: a crash before that would send the card again.
    ben.says("/help").await;
    let gate = Gate::new();
    let fired = ground.telegram.fault(Fault::on("getChatMember").answer(Failure::Hold(gate.clone())));
    let kill = ann.writes("/kill 1");
    let asked = |view: &View<'_>| (fired.count() > 0 && view.pending_updates() == 0).then_some(());
    ann.until("the look-up, with the update confirmed", asked).await;
    bot.kill();
    gate.release();

    let bot = ground.start();
    let ann = ground.talk(&bot, group, people[0]);
    let question = ann.answer_to(kill).await;
    assert_eq!(question.text, "Kill Ben's task 1, fib 1000000000?");
    ann.says("/help").await;
    assert_eq!(ann.answers_to(kill).len(), 1);
    // It is asked about once, also if the bot starts again.
    bot.stop().await;
    let bot = ground.start();
    let ann = ground.talk(&bot, group, people[0]);
    ann.says("/help").await;
    assert_eq!(ann.answers_to(kill).len(), 1);
    ground.telegram.press(group, people[0], question.id, &question.buttons[0].1);
    ann.sees_in(&card, "Cancelled by Ann").await;
    bot.stop().await;
}
