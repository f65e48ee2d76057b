//! Inline queries and rich messages.

use serde_json::{Value, json};

use super::{super::Options, Bench, check_result};

fn article(id: &str, text: &str) -> Value {
    json!({"type": "article", "id": id, "title": "T", "input_message_content": {"message_text": text}})
}

#[tokio::test]
async fn what_is_offered_is_chosen_and_kept_for_as_long_as_it_may_be() {
    let bench = Bench::new().await;
    let telegram = bench.telegram();
    let ben = telegram.person("Ben");
    let query = telegram.ask_inline(bench.chat, bench.ann, "fib 10");
    let update = bench.updates(0).await;
    check_result("getUpdates", &Value::from(update.clone()));
    let asked = &update[0]["inline_query"];
    assert_eq!(
        (&asked["id"], &asked["query"], &asked["chat_type"]),
        (&json!(query), &json!("fib 10"), &json!("sender"))
    );
    let results = json!([article("a", "one"), article("b", "two")]);
    let answer = |query: &str| json!({"inline_query_id": query, "results": results, "cache_time": 60});
    bench.ok("answerInlineQuery", answer(&query)).await;
    assert!(bench.refused("answerInlineQuery", answer(&query)).await.contains("query is too old"));
    let chosen = telegram.choose_inline(bench.chat, bench.ann, &query, "b");
    let message = telegram.message(bench.chat, chosen).unwrap();
    assert_eq!((message.text.as_str(), message.via_bot, message.person), ("two", true, Some(bench.ann)));
    assert_eq!(message.json["via_bot"]["id"], 4242);
    // Ben gets the same without the bot.
    let again = telegram.ask_inline(telegram.private_chat(ben), ben, "fib 10");
    telegram.choose_inline(telegram.private_chat(ben), ben, &again, "a");
    assert_eq!(
        bench.updates(0).await.iter().filter(|update| update.get("inline_query").is_some()).count(),
        1
    );
    for (results, what) in [
        (json!([article("", "x")]), "RESULT_ID_INVALID"),
        (json!([article("a", "x"), article("a", "y")]), "RESULT_ID_DUPLICATE"),
        (json!([article("a", "")]), "MESSAGE_EMPTY"),
    ] {
        let query = telegram.ask_inline(bench.chat, bench.ann, "dex mew");
        let refused =
            bench.refused("answerInlineQuery", json!({"inline_query_id": query, "results": results})).await;
        assert!(refused.contains(what), "{refused}");
    }
}

#[tokio::test]
async fn rich_messages_are_sent_edited_and_shown() {
    let bench = Bench::new().await;
    let rich = |html: &str| json!({"chat_id": bench.chat.0, "rich_message": {"html": html}});
    let sent = bench.ok("sendRichMessage", rich("<h2>Board</h2><table><tr><td>1</td></tr></table>")).await;
    assert_eq!(sent["rich_message"]["blocks"][1]["cells"][0][0]["text"], "1");
    let id = sent["message_id"].clone();
    let mut edit = rich("<p>later</p>");
    edit["message_id"] = id.clone();
    assert_eq!(bench.ok("editMessageText", edit.clone()).await["rich_message"]["blocks"][0]["text"], "later");
    assert!(bench.refused("editMessageText", edit).await.contains("not modified"));
    let shown = bench.world().await["messages"][bench.chat.0.to_string()][0].clone();
    assert_eq!((&shown["html"], &shown["summary"]), (&json!("<p>later</p>"), &json!("later\n")));
    let plain = json!({"chat_id": bench.chat.0, "message_id": id, "text": "plain"});
    assert_eq!(bench.ok("editMessageText", plain).await["text"], "plain");
}

#[tokio::test]
async fn an_older_server_knows_no_rich_messages() {
    let bench = Bench::with(Options { rich_messages: false, ..Options::default() }).await;
    let params = json!({"chat_id": bench.chat.0, "rich_message": {"html": "x"}});
    assert_eq!(bench.refused("sendRichMessage", params).await, "Not Found");
    let sent = bench.send("x").await;
    let edit = json!({"chat_id": bench.chat.0, "message_id": sent, "rich_message": {"html": "y"}});
    assert_eq!(bench.refused("editMessageText", edit).await, "Bad Request: message text is empty");
}
