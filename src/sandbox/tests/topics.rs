//! Groups with topics, chats that speak, files, forwards.

use serde_json::{Value, json};

use super::{
    super::{ChatId, MessageId, PersonId},
    Bench, check_result,
};

/// The bench, a forum of Ann and Ben, Ben, and a topic.
async fn forum() -> (Bench, ChatId, PersonId, MessageId) {
    let bench = Bench::new().await;
    let ben = bench.telegram().person("Ben");
    let forum = bench.telegram().forum("Lab", &[bench.ann, ben]);
    let topic = bench.telegram().topic(forum, bench.ann, "Numbers");
    (bench, forum, ben, topic)
}

#[tokio::test]
async fn a_message_in_a_topic_names_it_and_one_in_general_does_not() {
    let (bench, forum, ben, topic) = forum().await;
    let telegram = bench.telegram();
    telegram.say(forum, ben, "general");
    telegram.reply(forum, ben, MessageId(topic.0 + 1), "reply in general");
    let said = telegram.say_in(forum, ben, topic, "numbers");
    telegram.reply(forum, ben, said, "reply in numbers");
    let updates = bench.updates(0).await;
    check_result("getUpdates", &Value::from(updates.clone()));
    let seen = |at: usize| {
        let message = &updates[at]["message"];
        (
            message["message_thread_id"].as_i64(),
            message["is_topic_message"] == true,
            message["reply_to_message"]["message_id"].as_i64(),
        )
    };
    let topic = i64::from(topic.0);
    assert_eq!(updates[0]["message"]["forum_topic_created"]["name"], "Numbers");
    assert_eq!(updates[0]["message"]["chat"]["is_forum"], true);
    assert_eq!(seen(0), (Some(topic), true, None));
    assert_eq!(seen(1), (None, false, None));
    // The thread of a chain of replies is no topic.
    assert_eq!(seen(2), (Some(topic + 1), false, Some(topic + 1)));
    // What replies to nothing replies to the topic's beginning.
    assert_eq!(seen(3), (Some(topic), true, Some(topic)));
    assert_eq!(seen(4), (Some(topic), true, Some(topic + 3)));
}

#[tokio::test]
async fn the_bot_writes_where_it_says_or_replies() {
    let (bench, forum, ben, topic) = forum().await;
    let other = bench.telegram().topic(forum, bench.ann, "Other");
    let said = bench.telegram().say_in(forum, ben, topic, "x");
    let send = |extra: Value| {
        let mut params = json!({"chat_id": forum.0, "text": "y"});
        params.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        params
    };
    let reply = json!({"message_id": said.0, "allow_sending_without_reply": true});
    let in_topic = bench.ok("sendMessage", send(json!({"message_thread_id": topic.0}))).await;
    assert_eq!(in_topic["message_thread_id"], topic.0);
    let replied = bench.ok("sendMessage", send(json!({"reply_parameters": reply}))).await;
    assert_eq!(
        (&replied["message_thread_id"], &replied["reply_to_message"]["text"]),
        (&json!(topic.0), &json!("x"))
    );
    let across =
        bench.ok("sendMessage", send(json!({"reply_parameters": reply, "message_thread_id": other.0}))).await;
    assert_eq!(across["reply_to_message"]["message_id"], other.0, "no reply across topics");
    assert!(bench.ok("sendMessage", send(json!({}))).await.get("message_thread_id").is_none());
    for thread in [1, 77] {
        let refused = bench.refused("sendMessage", send(json!({"message_thread_id": thread}))).await;
        assert_eq!(refused, "Bad Request: message thread not found");
    }

    let telegram = bench.telegram();
    telegram.close_topic(forum, bench.ann, Some(topic), true);
    let refused = bench.refused("sendMessage", send(json!({"message_thread_id": topic.0}))).await;
    assert_eq!(refused, "Bad Request: TOPIC_CLOSED");
    telegram.close_topic(forum, bench.ann, None, true);
    assert_eq!(bench.refused("sendMessage", send(json!({}))).await, "Bad Request: TOPIC_CLOSED");
    telegram.close_topic(forum, bench.ann, None, false);
    telegram.delete_topic(forum, bench.ann, topic);
    assert!(telegram.message(forum, said).is_none());
    let refused = bench.refused("sendMessage", send(json!({"message_thread_id": topic.0}))).await;
    assert_eq!(refused, "Bad Request: message thread not found");
}

#[tokio::test]
async fn chats_speak_through_accounts_of_telegrams_own() {
    let (bench, forum, ben, _) = forum().await;
    let telegram = bench.telegram();
    let news = telegram.channel("News");
    let helper = telegram.other_bot(forum, "Helper");
    let said = telegram.say(forum, ben, "hello");
    telegram.say_as(forum, bench.ann, forum, "anonymous");
    telegram.say_as(forum, bench.ann, news, "channel");
    telegram.auto_forward(forum, news, "post");
    telegram.say(forum, helper, "beep");
    telegram.forward(forum, ben, forum, said);
    telegram.send_file(forum, ben, "a.txt", b"x", "look");
    let updates = bench.updates(0).await;
    check_result("getUpdates", &Value::from(updates.clone()));
    let message = |at: usize| updates[at]["message"].clone();
    assert_eq!(message(2)["from"]["username"], "GroupAnonymousBot");
    assert_eq!(message(2)["sender_chat"]["id"], forum.0);
    assert_eq!(
        (&message(3)["from"]["username"], &message(3)["sender_chat"]["type"]),
        (&json!("Channel_Bot"), &json!("channel"))
    );
    assert_eq!(
        (&message(4)["is_automatic_forward"], &message(4)["from"]["id"]),
        (&json!(true), &json!(777_000))
    );
    assert_eq!(message(4)["forward_origin"]["chat"]["id"], news.0);
    assert_eq!(message(5)["from"]["is_bot"], true);
    assert_eq!(message(6)["forward_origin"]["sender_user"]["first_name"], "Ben");
    assert_eq!(
        (&message(7)["caption"], &message(7)["document"]["file_name"]),
        (&json!("look"), &json!("a.txt"))
    );
}

#[tokio::test]
async fn the_page_does_all_of_it() {
    let (bench, forum, ben, topic) = forum().await;
    let (forum, ben) = (forum.0, ben.0);
    let ok = async |path: &str, body: Value| {
        let (status, answer) = bench.post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    let said =
        ok("/sandbox/say", json!({"chat": forum, "person": ben, "text": "x", "thread": topic.0})).await;
    let id = said["message_id"].clone();
    ok("/sandbox/edit", json!({"chat": forum, "person": ben, "message_id": id, "text": "y"})).await;
    ok("/sandbox/forward", json!({"chat": forum, "person": ben, "message_id": id, "to": forum})).await;
    let made =
        ok("/sandbox/topic", json!({"chat": forum, "person": ben, "act": "create", "name": "New"})).await;
    ok("/sandbox/topic", json!({"chat": forum, "person": ben, "act": "close", "thread": made["thread"]}))
        .await;
    let chat = bench.world().await["chats"][0].clone();
    let list = json!([
        {"id": topic.0, "name": "Numbers", "closed": false}, {"id": made["thread"], "name": "New", "closed": true},
    ]);
    assert_eq!((&chat["topics"]["list"], &chat["owner"]), (&list, &json!(bench.ann.0)));
    ok("/sandbox/member", json!({"chat": bench.chat.0, "person": bench.ann.0, "gone": true})).await;
    assert_eq!(bench.world().await["people"][0]["has_blocked"], true);
    assert!(
        bench.refused("sendMessage", json!({"chat_id": bench.chat.0, "text": "x"})).await.contains("blocked")
    );
    let gone = json!({"chat": forum, "person": ben, "gone": true});
    ok("/sandbox/member", gone).await;
    assert!(bench.refused("sendMessage", json!({"chat_id": forum, "text": "x"})).await.contains("kicked"));
    let as_group = json!({"chat": forum, "person": ben, "text": "x", "speaks_as": forum});
    assert_eq!(bench.post("/sandbox/say", as_group).await.0, 400, "Ben is no admin");
}
