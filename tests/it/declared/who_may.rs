//! Who may run a command, whichever way they ask for it.

use jobboard::sandbox::{Failure, Fault, Gate};

use super::{Yard, olga};

#[tokio::test]
async fn everybody_runs_what_is_for_everyone() {
    let yard = Yard::new();
    yard.declare(&[("greet", "hello", "")]);
    let world = yard.world(|_| ()).await;
    let [_ann, ben] = world.group(["Ann", "Ben"]);
    ben.runs("/greet Cleo", "hello Cleo").await;
    world.person("Dan").runs("greet you", "hello you").await;
    world.stop().await;
}

#[tokio::test]
async fn what_is_for_admins_is_refused_to_others_in_words_and_not_shown_to_them() {
    let yard = Yard::new();
    yard.declare(&[("restart_all", "fails", "allow = \"admins\"")]);
    let world = yard.world(|_| ()).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let refusal = "restart_all is for admins of this chat and owners of this bot.";
    assert_eq!(ben.says("/restart_all now").await.text, refusal);
    assert!(!ben.says("/help").await.text.contains("restart_all"));
    assert!(ann.says("/help").await.text.contains("restart_all"));
    let card = ann.runs("/restart_all now", "It ended with status 3.").await;
    // What was an admin's is not run again by somebody else, and not by a reply either.
    assert_eq!(ben.presses(&card, "Retry").await, refusal);
    assert_eq!(ben.says("/retry 1").await.text, refusal);
    assert_eq!(ben.replies(card.id, "retry").await.text, refusal);
    assert_eq!(ann.presses(&card, "Retry").await, "Task 2 is submitted");
    // In a private chat nobody is an admin; owners are owners everywhere.
    let mine = ben.in_chat(world.telegram.private_chat(ben.person));
    assert!(mine.says("restart_all").await.text.contains("In a private chat"));
    assert!(!mine.says("help").await.text.contains("restart_all"));
    assert!(!mine.says("restart_al").await.text.contains("did you mean"));
    olga(&world).runs("restart_all", "It ended with status 3.").await;
    let looked_up = world.telegram.view(|view| view.count_calls("getChatMember"));
    assert_eq!(looked_up, 2, "each is looked up once");
    world.stop().await;
}

/// The policy about others' tasks says nothing of who may begin them.
#[tokio::test]
async fn a_policy_for_anyone_makes_nobody_an_admin() {
    let yard = Yard::new();
    yard.declare(&[("restart_all", "fails", "allow = \"admins\"")]);
    let world = yard.world(|setup| setup.config.kill_policy = jobboard::config::KillPolicy::Anyone).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    assert!(ben.says("/restart_all").await.text.contains("is for admins"));
    let card = ann.runs("/restart_all", "It ended with status 3.").await;
    assert!(ben.presses(&card, "Retry").await.contains("is for admins"));
    world.stop().await;
}

#[tokio::test]
async fn an_anonymous_admin_is_an_admin_and_no_owner() {
    let yard = Yard::new();
    yard.declare(&[
        ("for_admins", "hello", "allow = \"admins\""),
        ("for_owners", "hello", "allow = \"owners\""),
    ]);
    let world = yard.world(|_| ()).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    world.telegram.set_admin(ann.chat, ben.person, true);
    world.telegram.set_anonymous(ann.chat, ben.person, true);
    ben.runs("/for_admins x", "hello x").await;
    assert!(ben.says("/for_owners x").await.text.contains("it is for others"));
    world.stop().await;
}

#[tokio::test]
async fn what_is_listed_is_for_these_people_and_chats() {
    let yard = Yard::new();
    // The second and the third person of this world.
    yard.declare(&[
        ("for_one", "hello", "allow = { people = [1000002] }"),
        ("for_owners", "hello", "allow = \"owners\""),
    ]);
    let world = yard.world(|_| ()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    ann.runs("for_one x", "hello x").await;
    assert!(ben.says("for_one x").await.text.contains("it is for others"));
    assert!(!ben.says("help").await.text.contains("for_one"));
    assert!(ann.says("help").await.text.contains("for_one"));
    assert!(ann.says("for_owners x").await.text.contains("it is for others"));
    olga(&world).runs("for_one x", "hello x").await;
    olga(&world).runs("for_owners x", "hello x").await;
    world.stop().await;
}

/// Nobody else waits for Telegram's answer, and a person of whom nothing is known is no admin.
#[tokio::test]
async fn while_telegram_does_not_say_nothing_runs() {
    let yard = Yard::new();
    yard.declare(&[("for_admins", "hello", "allow = \"admins\"")]);
    let world = yard.world(|setup| setup.config.timings.member = std::time::Duration::from_millis(200)).await;
    let [ann, ben] = world.group(["Ann", "Ben"]);
    let gate = Gate::new();
    world.telegram.fault(Fault::on("getChatMember").answer(Failure::Hold(gate.clone())));
    let asked = ann.writes("/for_admins x");
    ben.runs("/fib 10", "is 34").await;
    let refusal = ann.answer_to(asked).await.text;
    assert!(refusal.contains("You are not known to be an admin"), "{refusal}");
    gate.release();
    world.stop().await;
}
