//! A group becomes a supergroup.

use serde_json::{Value, json};

use super::{
    super::{ChatId, Options},
    Bench, check_result, read,
};

/// The bench, the group and a message of the bot's in it.
async fn group(options: Options) -> (Bench, ChatId, i64) {
    let bench = Bench::with(options).await;
    let ben = bench.telegram().person("Ben");
    let group = bench.telegram().group("Friends", &[bench.ann, ben]);
    let sent = bench.ok("sendMessage", json!({"chat_id": group.0, "text": "x"})).await;
    let message = sent["message_id"].as_i64().unwrap();
    (bench, group, message)
}

#[tokio::test]
async fn both_chats_tell_of_it() {
    for privacy_mode in [false, true] {
        let (bench, group, _) = group(Options { privacy_mode, ..Options::default() }).await;
        let supergroup = bench.telegram().migrate(group);
        assert!(supergroup.0 < -1_000_000_000_000);
        let updates = bench.updates(0).await;
        check_result("getUpdates", &Value::from(updates.clone()));
        let [old, new] = updates.as_slice() else { panic!("{updates:?}") };
        let (old, new) = (&old["message"], &new["message"]);
        assert_eq!(old["chat"], json!({"id": group.0, "title": "Friends", "type": "group"}));
        assert_eq!((&old["migrate_to_chat_id"], &old["message_id"]), (&json!(supergroup.0), &json!(2)));
        assert_eq!(old["from"]["first_name"], "Ann");
        let chat = json!({"id": supergroup.0, "title": "Friends", "type": "supergroup"});
        assert_eq!((&new["chat"], &new["sender_chat"]), (&chat, &chat));
        assert_eq!((&new["migrate_from_chat_id"], &new["message_id"]), (&json!(group.0), &json!(1)));
        assert_eq!(new["from"]["username"], "GroupAnonymousBot");
        assert!(old.get("text").is_none() && new.get("text").is_none());
        bench.sandbox.stop().await;
    }
}

#[tokio::test]
async fn every_call_about_the_old_chat_names_the_new_one() {
    let (bench, group, message) = group(Options::default()).await;
    let supergroup = bench.telegram().migrate_in_silence(group);
    assert!(bench.updates(0).await.is_empty());
    let refusal = json!({
        "ok": false, "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": supergroup.0},
    });
    let document = [("chat_id", group.0.to_string()), ("document", "x".to_owned())];
    let url = bench.method_url("sendDocument");
    assert_eq!(read(bench.client.post(url).form(&document).send().await.unwrap()).await, refusal);
    for (method, params) in [
        ("sendMessage", json!({"chat_id": group.0, "text": "y"})),
        ("editMessageText", json!({"chat_id": group.0, "message_id": message, "text": "y"})),
        ("deleteMessage", json!({"chat_id": group.0, "message_id": message})),
        ("sendChatAction", json!({"chat_id": group.0, "action": "typing"})),
        ("getChat", json!({"chat_id": group.0})),
        ("getChatMember", json!({"chat_id": group.0, "user_id": bench.ann.0})),
    ] {
        assert_eq!(bench.answer(method, params).await, refusal, "{method}");
    }
    bench.sandbox.stop().await;
}

#[tokio::test]
async fn the_supergroup_has_the_people_and_none_of_the_messages() {
    let (bench, group, message) = group(Options::default()).await;
    let supergroup = bench.telegram().migrate(group);
    let members = bench.ok("getChatMemberCount", json!({"chat_id": supergroup.0})).await;
    assert_eq!(members, 3);
    let chat = bench.ok("getChat", json!({"chat_id": supergroup.0})).await;
    assert_eq!((&chat["type"], &chat["title"]), (&json!("supergroup"), &json!("Friends")));
    let said = bench.telegram().say(supergroup, bench.ann, "/fib 1");
    assert_eq!(said.0, 2);
    let sent = bench.ok("sendMessage", json!({"chat_id": supergroup.0, "text": "y"})).await;
    assert_eq!(sent["message_id"], 3);
    let edit = json!({"chat_id": supergroup.0, "message_id": message + 50, "text": "y"});
    assert_eq!(bench.refused("editMessageText", edit).await, "Bad Request: message to edit not found");
    // What people see of it on the page.
    let page = bench.client.get(bench.sandbox.url() + "/sandbox/world").send().await.unwrap();
    let page: Value = page.json().await.unwrap();
    let html = page["messages"][supergroup.0.to_string()][0]["html"].as_str().unwrap();
    assert!(html.contains(&group.0.to_string()), "{html}");
    bench.sandbox.stop().await;
}

#[tokio::test]
#[should_panic(expected = "is a supergroup now")]
async fn nobody_writes_in_the_old_chat() {
    let (bench, group, _) = group(Options::default()).await;
    bench.telegram().migrate(group);
    bench.telegram().say(group, bench.ann, "hello?");
}
