//! Who is what in a chat, as the bot is told it.

use serde_json::{Value, json};

use super::{super::ChatId, Bench};

async fn status(bench: &Bench, chat: ChatId, user: i64) -> Value {
    bench.ok("getChatMember", json!({"chat_id": chat.0, "user_id": user})).await["status"].take()
}

#[tokio::test]
async fn owners_admins_and_members() {
    let bench = Bench::new().await;
    let telegram = bench.telegram();
    let (ben, cleo) = (telegram.person("Ben"), telegram.person("Cleo"));
    let group = telegram.group("Friends", &[bench.ann, ben]);
    telegram.set_admin(group, ben, true);
    let people = [(bench.ann.0, "creator"), (ben.0, "administrator"), (cleo.0, "left"), (4242, "member")];
    for (user, expected) in people {
        assert_eq!(status(&bench, group, user).await, expected);
    }
    assert_eq!(status(&bench, bench.chat, bench.ann.0).await, "member");
    let admins = |admins: Value| -> Vec<i64> {
        admins.as_array().unwrap().iter().map(|member| member["user"]["id"].as_i64().unwrap()).collect()
    };
    let asked = json!({"chat_id": group.0});
    assert_eq!(admins(bench.ok("getChatAdministrators", asked.clone()).await), [bench.ann.0, ben.0]);
    // Anonymous ones are for other admins to see.
    telegram.set_anonymous(group, ben, true);
    assert_eq!(admins(bench.ok("getChatAdministrators", asked.clone()).await), [bench.ann.0]);
    telegram.set_bot_admin(group, true);
    assert_eq!(admins(bench.ok("getChatAdministrators", asked).await), [bench.ann.0, ben.0, 4242]);
    assert_eq!(status(&bench, group, 4242).await, "administrator");
    telegram.set_admin(group, ben, false);
    assert_eq!(status(&bench, group, ben.0).await, "member");
    let unknown = json!({"chat_id": group.0, "user_id": 77});
    assert_eq!(bench.refused("getChatMember", unknown).await, "Bad Request: user not found");
}

#[tokio::test]
async fn hidden_members_are_hidden_from_who_is_no_admin() {
    let bench = Bench::new().await;
    let group = bench.telegram().group("Friends", &[bench.ann]);
    bench.telegram().hide_members(group);
    let ann = json!({"chat_id": group.0, "user_id": bench.ann.0});
    assert_eq!(bench.refused("getChatMember", ann).await, "Bad Request: member list is inaccessible");
    assert_eq!(status(&bench, group, 4242).await, "member");
    bench.telegram().set_bot_admin(group, true);
    assert_eq!(status(&bench, group, bench.ann.0).await, "creator");
}

#[tokio::test]
async fn the_bot_hears_what_it_is() {
    let bench = Bench::new().await;
    let group = bench.telegram().group("Friends", &[bench.ann]);
    bench.telegram().set_bot_admin(group, true);
    bench.telegram().kick_bot(group);
    bench.telegram().invite_bot(group);
    let changes: Vec<_> =
        bench.updates(0).await.into_iter().map(|mut update| update["my_chat_member"].take()).collect();
    let words: Vec<_> = changes
        .iter()
        .map(|change| [&change["old_chat_member"]["status"], &change["new_chat_member"]["status"]])
        .collect();
    assert_eq!(words, [["member", "administrator"], ["administrator", "kicked"], ["kicked", "member"]]);
    assert_eq!(changes[0]["from"]["id"], bench.ann.0);
    // As teloxide reads it.
    for change in changes {
        serde_json::from_value::<teloxide::types::ChatMemberUpdated>(change).unwrap();
    }
}

#[tokio::test]
async fn who_writes_as_a_chat_is_not_named_and_who_presses_is() {
    let bench = Bench::new().await;
    let telegram = bench.telegram();
    let group = telegram.group("Friends", &[bench.ann]);
    telegram.set_anonymous(group, bench.ann, true);
    telegram.say(group, bench.ann, "/x");
    let channel = telegram.channel("News");
    telegram.say_as(group, bench.ann, channel, "/y");
    let sent = bench.ok(
        "sendMessage",
        json!({"chat_id": group.0, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}}),
    );
    let sent = i32::try_from(sent.await["message_id"].as_i64().unwrap()).unwrap();
    telegram.press(group, bench.ann, super::super::MessageId(sent), "b");
    let updates = bench.updates(0).await;
    let (anonymous, news) = (&updates[0]["message"], &updates[1]["message"]);
    assert_eq!(
        (&anonymous["from"]["username"], &anonymous["from"]["is_bot"]),
        (&"GroupAnonymousBot".into(), &true.into())
    );
    assert_eq!(anonymous["sender_chat"]["id"], group.0);
    assert_eq!(
        (&news["from"]["username"], &news["sender_chat"]["type"]),
        (&"Channel_Bot".into(), &"channel".into())
    );
    assert_eq!(news["sender_chat"], json!({"id": channel.0, "title": "News", "type": "channel"}));
    assert_eq!(updates[2]["callback_query"]["from"]["id"], bench.ann.0);
}
