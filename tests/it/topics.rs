//! Forum groups: what belongs to a topic stays there; General has none. And who counts as a person.

use std::time::Duration;

use jobboard::sandbox::{ChatId, Message, MessageId, PersonId};

use crate::world::{Held, Speaker, World, config};

/// A 1 x 1 PNG.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0,
];

struct Forum<'a> {
    world: &'a World,
    chat: ChatId,
    ann: PersonId,
    ben: PersonId,
}

impl<'a> Forum<'a> {
    fn new(world: &'a World) -> Self {
        let (ann, ben) = (world.telegram.person("Ann"), world.telegram.person("Ben"));
        Self { world, chat: world.telegram.forum("Lab", &[ann, ben]), ann, ben }
    }

    fn topic(&self, name: &str) -> MessageId {
        self.world.telegram.topic(self.chat, self.ann, name)
    }

    fn ben(&self) -> Speaker<'a> {
        self.world.speaker(self.chat, self.ben)
    }

    async fn says(&self, topic: MessageId, text: &str) -> Message {
        let said = self.world.telegram.say_in(self.chat, self.ben, topic, text);
        self.ben().answer_to(said).await
    }
}

#[tokio::test]
async fn all_that_is_said_about_a_topics_task_stays_in_the_topic() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.announce_after = Duration::ZERO;
    })
    .await;
    let forum = Forum::new(&world);
    let (numbers, pokemon) = (forum.topic("Numbers"), forum.topic("Pokémon"));
    let ben = forum.ben();

    let card = forum.says(numbers, "/fib 30000").await;
    assert!(card.text.starts_with("Task 1 is submitted"), "{}", card.text);
    ben.sees_in(&card, "running").await;
    let dash = forum.says(numbers, "/dash").await;
    held.release();
    let end = ben
        .sees("the announcement", |message| message.id > dash.id && message.text.contains("succeeded"))
        .await;
    let whole = forum.says(numbers, "/job 1").await;
    let document = ben.sees("the document", |message| message.document.is_some()).await;
    let killed = forum.says(numbers, "/kill 1").await;
    for message in [&card, &dash, &end, &whole, &document, &killed] {
        assert_eq!(message.topic, Some(numbers), "{}", message.text);
    }

    // A photo, in another topic; its sprite came later than its words perhaps, and is an edit then.
    let photo = forum.says(pokemon, "/dex pikachu").await;
    ben.sees_in(&photo, "The pokemon with id 25 is pikachu").await;
    assert_eq!(photo.topic, Some(pokemon));
    // Nothing names a thread for General.
    let general = ben.says("/fib 12").await;
    let answer = ben.replies(general.id, "job").await;
    assert_eq!((general.topic, answer.topic), (None, None));
    let named = |call: &jobboard::sandbox::Call| call.params["message_thread_id"].as_i64();
    let threads: Vec<_> = world.telegram.calls().iter().filter_map(named).collect();
    assert!(threads.iter().all(|thread| [numbers, pokemon].map(|topic| i64::from(topic.0)).contains(thread)));
    world.stop().await;
}

#[tokio::test]
async fn a_press_and_a_reply_stay_in_the_topic() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let forum = Forum::new(&world);
    let topic = forum.topic("Numbers");
    let ben = forum.ben();
    let card = forum.says(topic, "/fib 100").await;
    held.began(1).await;
    ben.sees_in(&card, "running").await;
    assert!(ben.replies(card.id, "job").await.text.starts_with("Still waiting"));
    let killed = ben.replies(card.id, "kill").await;
    assert_eq!((killed.text.as_str(), killed.topic), (r#"Task "fib 100" is killed"#, Some(topic)));
    ben.sees_in(&card, "Cancelled by Ben").await;
    ben.presses(&card, "Retry").await;
    let again = ben.sees("the new card", |message| message.text.starts_with("Task 2 is submitted")).await;
    assert_eq!(again.topic, Some(topic));
    let third = ben.replies(card.id, "retry").await;
    assert!(third.text.starts_with("Task 3 is submitted") && third.topic == Some(topic), "{}", third.text);
    // Of a message that is too old Telegram tells neither its text nor its topic.
    ben.replies(third.id, "kill").await;
    let old = ben.sees_in(&third, "Cancelled by Ben").await;
    let retry = old.buttons[0].1.clone();
    let from = serde_json::json!({"id": forum.ben.0, "is_bot": false, "first_name": "Ben"});
    let chat =
        serde_json::json!({"id": forum.chat.0, "type": "supergroup", "title": "Lab", "is_forum": true});
    world.telegram.raw_update(
        "callback_query",
        serde_json::json!({
            "id": "77", "from": from, "chat_instance": "x", "data": retry,
            "message": {"chat": chat, "message_id": old.id.0, "date": 0},
        }),
    );
    let fourth = ben.sees("the last card", |message| message.text.starts_with("Task 4 is submitted")).await;
    assert_eq!(fourth.topic, Some(topic));
    // It would be there by what it replies to, too; until somebody deletes that.
    let calls = world.telegram.calls();
    let is_card = |text: &str| text.contains("Task 4");
    let sent = calls
        .iter()
        .find(|call| call.method == "sendMessage" && call.params["text"].as_str().is_some_and(is_card));
    assert_eq!(sent.unwrap().params["message_thread_id"], topic.0);
    held.release();
    world.stop().await;
}

#[tokio::test]
async fn a_card_that_somebody_deleted_comes_again_in_its_topic() {
    let held = Held::new();
    let world = World::with(|setup| setup.engine = held.attentive()).await;
    let forum = Forum::new(&world);
    let topic = forum.topic("Numbers");
    let card = forum.says(topic, "/fib 100").await;
    held.began(1).await;
    forum.ben().sees_in(&card, "running").await;
    world.telegram.delete(forum.chat, card.id);
    held.release();
    let again = forum.ben().sees("the end", |message| message.text.contains("218922995834555169026")).await;
    assert_eq!(again.topic, Some(topic));
    world.stop().await;
}

#[tokio::test]
async fn chatter_in_a_topic_is_no_reply_to_the_bot() {
    let world = World::new().await;
    let forum = Forum::new(&world);
    let topic = forum.topic("Numbers");
    // Every message there replies to the topic's first one; where the bot has made the topic, to the bot.
    let chat =
        serde_json::json!({"id": forum.chat.0, "type": "supergroup", "title": "Lab", "is_forum": true});
    let bot = serde_json::json!({"id": 4242, "is_bot": true, "first_name": "J", "username": "jobboard_sandbox_bot"});
    let ben = serde_json::json!({"id": forum.ben.0, "is_bot": false, "first_name": "Ben"});
    let created = serde_json::json!({
        "message_id": topic.0, "date": 1, "chat": chat, "from": bot, "message_thread_id": topic.0,
        "is_topic_message": true, "forum_topic_created": {"name": "Numbers", "icon_color": 7_322_096},
    });
    world.telegram.raw_update(
        "message",
        serde_json::json!({
            "message_id": 900, "date": 1, "chat": chat, "from": ben, "text": "job well done",
            "message_thread_id": topic.0, "is_topic_message": true, "reply_to_message": created,
        }),
    );
    world.telegram.say_in(forum.chat, forum.ben, topic, "dash it");
    let answer = forum.says(topic, "/fib 10").await;
    assert!(answer.text.starts_with("Task 1 is submitted"));
    assert_eq!(forum.ben().heard().len(), 1, "{}", world.telegram.dump(forum.chat));
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_said_in_its_topic_is_said_in_general() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.announce_after = Duration::ZERO;
    })
    .await;
    let forum = Forum::new(&world);
    let (closed, deleted) = (forum.topic("Closed"), forum.topic("Deleted"));
    let ben = forum.ben();
    let first = forum.says(closed, "/fib 30000").await;
    let second = forum.says(deleted, "/fib 200").await;
    held.began(2).await;
    ben.sees_in(&first, "running").await;
    ben.sees_in(&second, "running").await;
    world.telegram.close_topic(forum.chat, forum.ann, Some(closed), true);
    world.telegram.delete_topic(forum.chat, forum.ann, deleted);
    held.release();

    let says_where = |message: &Message| message.text.starts_with("The topic of this was closed or deleted");
    // The card in the closed topic can be edited; the announcement cannot be made there.
    ben.sees_in(&first, "(6,270 digits)").await;
    let end = ben
        .sees("the announcement", |message| message.topic.is_none() && message.text.contains("Task 1 ·"))
        .await;
    assert!(says_where(&end) && end.reply_to.is_none(), "{}", end.text);
    // The card in the deleted topic is posted again.
    let card = ben.sees("the second card", |message| message.text.contains("Task 2 is submitted")).await;
    assert!(says_where(&card) && card.text.contains("The 200th"), "{}", card.text);
    // A document that was asked for by the card's button.
    ben.presses(&first, "Whole number").await;
    let document = ben.sees("the document", |message| message.document.is_some()).await;
    assert!(document.topic.is_none() && says_where(&document), "{}", document.text);
    // Opened again, it is used again.
    world.telegram.close_topic(forum.chat, forum.ann, Some(closed), false);
    assert_eq!(forum.says(closed, "/fib 10").await.topic, Some(closed));
    world.stop().await;
}

#[tokio::test]
async fn captions_are_commands_and_edits_forwards_and_other_bots_are_not() {
    let world = World::new().await;
    let forum = Forum::new(&world);
    let (telegram, chat, ben) = (&world.telegram, forum.chat, forum.ben());
    let photo = telegram.send_file(chat, forum.ben, "x.png", PIXEL, "/fib 100");
    assert!(ben.answer_to(photo).await.text.starts_with("Task 1 is submitted"));
    let file = telegram.send_file(chat, forum.ben, "x.txt", b"x", "/fib 101");
    assert!(ben.answer_to(file).await.text.starts_with("Task 2 is submitted"));

    telegram.edit(chat, forum.ben, photo, "/fib 5");
    telegram.forward(chat, forum.ben, chat, photo);
    let news = telegram.channel("News");
    telegram.auto_forward(chat, news, "/fib 6");
    let mut post = telegram.message(chat, telegram.auto_forward(chat, news, "/fib 6")).unwrap().json;
    post.as_object_mut().unwrap().remove("forward_origin");
    telegram.raw_update("message", post);
    let helper = telegram.other_bot(chat, "Helper");
    telegram.say(chat, helper, "/fib 7");
    // Anonymous admins and channels are people.
    let anonymous = telegram.say_as(chat, forum.ann, chat, "/fib 10");
    assert!(ben.answer_to(anonymous).await.text.starts_with("Task 3 is submitted"));
    let channel = telegram.say_as(chat, forum.ann, news, "/fib 11");
    assert!(ben.answer_to(channel).await.text.starts_with("Task 4 is submitted"));
    assert!(ben.says("/dash").await.text.starts_with("Board: 4 tasks"));
    world.stop().await;
}

#[tokio::test]
async fn a_thread_of_replies_in_a_plain_supergroup_is_no_topic() {
    let world = World::with(|setup| setup.config = config(&[])).await;
    let [ann] = world.group(["Ann"]);
    let chat = world.telegram.migrate(ann.chat);
    let ann = world.speaker(chat, ann.person);
    let card = ann.says("/fib 10").await;
    // It has a `message_thread_id`, which would be refused.
    let answer = ann.replies(card.id, "job").await;
    assert!(answer.text.starts_with("The 10th fibonacci number is 34"), "{}", answer.text);
    let named = |call: &jobboard::sandbox::Call| call.params.get("message_thread_id").is_some();
    assert!(!world.telegram.calls().iter().any(named));
    world.stop().await;
}

#[tokio::test]
async fn a_timeline_and_a_live_dash_stay_in_their_topic() {
    let held = Held::new();
    let world = World::with(|setup| {
        setup.engine = held.attentive();
        setup.config.timings.dash_group = Duration::from_millis(20);
    })
    .await;
    let forum = Forum::new(&world);
    let (numbers, chatter) = (forum.topic("Numbers"), forum.topic("Chatter"));
    let ben = forum.ben();
    let (here, there) = (forum.says(numbers, "/dash").await, forum.says(chatter, "/dash").await);
    forum.says(numbers, "/fib 100").await;
    // The newest of each topic is live.
    for (dash, topic) in [(&here, numbers), (&there, chatter)] {
        let moved = ben.sees_in(dash, "running").await;
        assert!(moved.text.contains("● live") && moved.topic == Some(topic), "{}", moved.text);
    }
    let picture = forum.says(numbers, "/timeline").await;
    assert!(picture.photo.is_some() && picture.topic == Some(numbers), "{}", picture.text);
    ben.presses(&picture, "Dark").await;
    let is_dark =
        |found: &Message| found.id == picture.id && found.buttons.iter().any(|(label, _)| label == "Light");
    assert_eq!(ben.sees("the dark one", is_dark).await.topic, Some(numbers));

    world.telegram.delete(forum.chat, here.id);
    held.release();
    let is_again = |found: &Message| found.id > picture.id && found.text.contains("● live");
    let again = ben.sees("the dash again", is_again).await;
    assert_eq!(again.topic, Some(numbers));
    for dash in [&again, &there] {
        let end = ben.sees_in(dash, "= 218922995834555169026").await;
        assert!(end.text.contains("● live"), "{}", end.text);
    }
    world.stop().await;
}
