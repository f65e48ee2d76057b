//! getUpdates: order, confirmation, waiting, one poll at a time; and what is delivered at all.

use serde_json::{Value, json};

use super::{super::Options, Bench};

fn texts(updates: &[Value]) -> Vec<&str> {
    updates.iter().map(|update| update["message"]["text"].as_str().unwrap_or("?")).collect()
}

#[tokio::test]
async fn updates_stay_until_they_are_confirmed() {
    let bench = Bench::new().await;
    for text in ["a", "b", "c", "d"] {
        bench.telegram().say(bench.chat, bench.ann, text);
    }
    let updates = bench.updates(0).await;
    assert_eq!(texts(&updates), ["a", "b", "c", "d"]);
    assert_eq!(texts(&bench.updates(0).await), ["a", "b", "c", "d"]);
    assert_eq!(bench.telegram().confirmed_offset(), 0);
    let second = updates[1]["update_id"].as_i64().unwrap();
    assert_eq!(texts(&bench.updates(second).await), ["b", "c", "d"]);
    assert_eq!(bench.telegram().confirmed_offset(), second);
    let limited = bench.ok("getUpdates", json!({"limit": 1})).await;
    assert_eq!(texts(limited.as_array().unwrap()), ["b"]);
    assert_eq!(texts(&bench.updates(-1).await), ["d"]);
    assert_eq!(texts(&bench.updates(0).await), ["d"]);
}

#[tokio::test]
async fn a_poll_waits_for_news_and_ends_when_another_begins() {
    let bench = Bench::new().await;
    let poll = |timeout: i64| {
        let request = bench.client.post(bench.method_url("getUpdates")).json(&json!({"timeout": timeout}));
        tokio::spawn(async move { super::read(request.send().await.unwrap()).await })
    };
    let first = poll(50);
    bench.telegram().until(|view| (view.0.poll == 1).then_some(())).await;
    let second = poll(50);
    let conflict = first.await.unwrap();
    assert_eq!(conflict["error_code"], 409);
    assert_eq!(
        conflict["description"],
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
    bench.telegram().until(|view| (view.0.poll == 2).then_some(())).await;
    bench.telegram().say(bench.chat, bench.ann, "news");
    assert_eq!(texts(second.await.unwrap()["result"].as_array().unwrap()), ["news"]);

    bench.updates(i64::MAX).await;
    let third = poll(50);
    bench.telegram().until(|view| (view.0.poll == 4).then_some(())).await;
    bench.sandbox.stop().await;
    assert_eq!(third.await.unwrap()["result"], json!([]));
}

#[tokio::test]
async fn allowed_updates_are_remembered() {
    let bench = Bench::new().await;
    bench.ok("getUpdates", json!({"allowed_updates": ["callback_query"]})).await;
    bench.telegram().say(bench.chat, bench.ann, "unwanted");
    assert!(bench.updates(0).await.is_empty());
    bench.ok("getUpdates", json!({"allowed_updates": []})).await;
    bench.telegram().say(bench.chat, bench.ann, "wanted");
    assert_eq!(texts(&bench.updates(0).await), ["wanted"]);
    bench.telegram().raw_update("chat_member", json!({}));
    assert_eq!(bench.updates(0).await.len(), 1);
}

#[tokio::test]
async fn a_webhook_excludes_polling() {
    let bench = Bench::new().await;
    bench.telegram().say(bench.chat, bench.ann, "old");
    let refused = bench.refused("setWebhook", json!({"url": "http://a.b"})).await;
    assert!(refused.contains("HTTPS"), "{refused}");
    bench.ok("setWebhook", json!({"url": "https://a.b/c"})).await;
    let info = bench.ok("getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["pending_update_count"]), (&json!("https://a.b/c"), &json!(1)));
    let refused = bench.refused("getUpdates", json!({})).await;
    assert!(
        refused.starts_with("Conflict: can't use getUpdates method while webhook is active"),
        "{refused}"
    );
    bench.ok("deleteWebhook", json!({"drop_pending_updates": true})).await;
    assert!(bench.updates(0).await.is_empty());
}

#[tokio::test]
async fn what_people_do_becomes_updates() {
    let bench = Bench::new().await;
    let said = bench.telegram().say(bench.chat, bench.ann, "/fib-multi 1 2");
    let reply = bench.telegram().reply(bench.chat, bench.ann, said, "kill");
    bench.telegram().edit(bench.chat, bench.ann, said, "/fib 3");
    bench.telegram().deliver_again(bench.chat, reply);
    let raw = bench.telegram().raw_update("poll_of_the_future", json!({"x": 1}));
    let updates = bench.updates(0).await;
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 4}]);
    assert_eq!(updates[0]["message"]["entities"], entities);
    assert_eq!(updates[1]["message"]["reply_to_message"]["message_id"], said.0);
    assert_eq!(updates[2]["edited_message"]["text"], "/fib 3");
    assert_eq!(updates[3]["message"]["message_id"], updates[1]["message"]["message_id"]);
    assert_ne!(updates[3]["update_id"], updates[1]["update_id"]);
    assert_eq!(updates[4], json!({"update_id": raw, "poll_of_the_future": {"x": 1}}));
    for update in &updates[..4] {
        super::check_result("getUpdates", &json!([update]));
    }
}

#[tokio::test]
async fn groups_are_open_or_private() {
    for (privacy_mode, expected) in [(false, 7), (true, 4)] {
        let bench = Bench::with(Options { privacy_mode, ..Options::default() }).await;
        let group = bench.telegram().group("Friends", &[bench.ann]);
        let sent = bench.ok("sendMessage", json!({"chat_id": group.0, "text": "x"})).await;
        let sent = super::super::MessageId(i32::try_from(sent["message_id"].as_i64().unwrap()).unwrap());
        for text in [
            "chatter",
            "/fib 1",
            "/fib@jobboard_sandbox_bot 2",
            "/fib@other_bot 3",
            "@Jobboard_Sandbox_Bot hi",
            "a/b",
        ] {
            bench.telegram().say(group, bench.ann, text);
        }
        bench.telegram().reply(group, bench.ann, sent, "kill");
        let updates = bench.updates(0).await;
        assert_eq!(updates.len(), expected, "{updates:?}");
        assert_eq!(updates[0]["message"]["chat"]["type"], "group");
    }
}
