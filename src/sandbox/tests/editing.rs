//! Changing and deleting messages, and answering pressed buttons.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{MessageId, Options},
    Bench, read,
    sending::picture,
};

const NOT_MODIFIED: &str = "Bad Request: message is not modified: specified new message content and reply markup are \
                            exactly the same as a current content and reply markup of the message";

#[tokio::test]
async fn texts_are_edited_and_lose_their_keyboard_unless_it_is_given_again() {
    let bench = Bench::new().await;
    let keyboard = json!({"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]});
    let chat = bench.chat.0;
    let sent =
        bench.ok("sendMessage", json!({"chat_id": chat, "text": "one", "reply_markup": keyboard})).await;
    let edit = |text: &str, markup: Option<&Value>| {
        let mut params = json!({"chat_id": chat, "message_id": sent["message_id"], "text": text});
        if let Some(markup) = markup {
            params["reply_markup"] = markup.clone();
        }
        params
    };
    assert_eq!(bench.refused("editMessageText", edit("one", Some(&keyboard))).await, NOT_MODIFIED);
    let edited = bench.ok("editMessageText", edit("two", Some(&keyboard))).await;
    assert!(edited["edit_date"].is_i64() && edited["reply_markup"].is_object());
    assert!(bench.ok("editMessageText", edit("two", None)).await.get("reply_markup").is_none());
    assert_eq!(bench.refused("editMessageText", edit("two", None)).await, NOT_MODIFIED);
    let markup =
        |markup: &Value| json!({"chat_id": chat, "message_id": sent["message_id"], "reply_markup": markup});
    assert!(bench.ok("editMessageReplyMarkup", markup(&keyboard)).await["reply_markup"].is_object());
    assert_eq!(bench.refused("editMessageReplyMarkup", markup(&keyboard)).await, NOT_MODIFIED);
    let message = &bench.telegram().messages(bench.chat)[0];
    assert_eq!((message.text.as_str(), message.edits), ("two", 3));
}

#[tokio::test]
async fn refusals_of_edits() {
    let bench = Bench::new().await;
    let said = bench.telegram().say(bench.chat, bench.ann, "mine");
    let sent = bench.send("bot's").await;
    let edit = |id: Value, text: &str| json!({"chat_id": bench.chat.0, "message_id": id, "text": text});
    let cases = [
        (edit(json!(said.0), "x"), "message can't be edited"),
        (edit(json!(77), "x"), "message to edit not found"),
        (edit(json!(5_000_000_000_i64), "x"), "message to edit not found"),
        (edit(Value::Null, "x"), "message identifier is not specified"),
        (json!({"text": "x"}), "message identifier is not specified"),
        (json!({"message_id": sent, "text": "x"}), "chat_id is empty"),
        (edit(json!(sent), ""), "message text is empty"),
        (edit(json!(sent), &"x".repeat(4097)), "message is too long"),
    ];
    for (params, expected) in cases {
        assert_eq!(bench.refused("editMessageText", params).await, format!("Bad Request: {expected}"));
    }
    let caption = json!({"chat_id": bench.chat.0, "message_id": sent, "caption": "x"});
    let refused = bench.refused("editMessageCaption", caption).await;
    assert_eq!(refused, "Bad Request: there is no caption in the message to edit");
}

#[tokio::test]
async fn a_text_becomes_a_photo_and_a_photo_has_no_text() {
    let bench = Bench::new().await;
    let sent = bench.send("looking").await;
    let url = bench.method_url("editMessageMedia");
    let post = async |media: Value| {
        let part = reqwest::multipart::Part::bytes(picture(96, 96)).file_name("p.png");
        let form = reqwest::multipart::Form::new().text("chat_id", bench.chat.0.to_string());
        let form = form.text("message_id", sent.to_string()).text("media", media.to_string()).part("f", part);
        read(bench.client.post(&url).multipart(form).send().await.unwrap()).await
    };
    let media =
        json!({"type": "photo", "media": "attach://f", "caption": "<b>pikachu</b>", "parse_mode": "HTML"});
    let shown = post(media).await["result"].clone();
    super::check_result("editMessageMedia", &shown);
    assert_eq!((&shown["caption"], &shown["text"]), (&json!("pikachu"), &Value::Null));
    let id = shown["photo"][0]["file_id"].clone();
    let again = json!({"type": "photo", "media": id, "caption": "<b>pikachu</b>", "parse_mode": "HTML"});
    assert_eq!(post(again).await["description"], NOT_MODIFIED);
    let video = json!({"type": "video", "media": "attach://f"});
    assert!(post(video).await["description"].as_str().unwrap().contains("does not implement"));

    let edit = json!({"chat_id": bench.chat.0, "message_id": sent, "text": "x"});
    let refused = bench.refused("editMessageText", edit).await;
    assert_eq!(refused, "Bad Request: there is no text in the message to edit");
    let caption = json!({"chat_id": bench.chat.0, "message_id": sent, "caption": "raichu"});
    assert_eq!(bench.ok("editMessageCaption", caption.clone()).await["caption"], "raichu");
    assert_eq!(bench.refused("editMessageCaption", caption).await, NOT_MODIFIED);
}

#[tokio::test]
async fn deleting() {
    let bench = Bench::new().await;
    let group = bench.telegram().group("Friends", &[bench.ann]);
    let theirs = bench.telegram().say(group, bench.ann, "x");
    let said = bench.telegram().say(bench.chat, bench.ann, "x");
    let sent = bench.send("y").await;
    let delete = |chat: i64, id: i64| json!({"chat_id": chat, "message_id": id});
    assert_eq!(bench.ok("deleteMessage", delete(bench.chat.0, sent)).await, true);
    let refused = bench.refused("deleteMessage", delete(bench.chat.0, sent)).await;
    assert_eq!(refused, "Bad Request: message to delete not found");
    assert_eq!(bench.ok("deleteMessage", delete(bench.chat.0, i64::from(said.0))).await, true);
    let refused = bench.refused("deleteMessage", delete(group.0, i64::from(theirs.0))).await;
    assert_eq!(refused, "Bad Request: message can't be deleted");
    let (one, two) = (bench.send("1").await, bench.send("2").await);
    assert_eq!(
        bench.ok("deleteMessages", json!({"chat_id": bench.chat.0, "message_ids": [one, two, 99]})).await,
        true
    );
    assert!(bench.telegram().messages(bench.chat).is_empty());
    // A reply whose message is gone does not show it.
    bench.telegram().delete(group, theirs);
    assert!(bench.telegram().messages(group).is_empty());
}

#[tokio::test]
async fn callback_queries_are_answered_once_and_in_time() {
    let bench = Bench::new().await;
    let sent = MessageId(i32::try_from(bench.send("x").await).unwrap());
    let query = bench.telegram().press(bench.chat, bench.ann, sent, "kill:1");
    let update = bench.updates(0).await.remove(0);
    assert_eq!(update["callback_query"]["id"], query);
    assert_eq!(update["callback_query"]["message"]["message_id"], sent.0);
    assert_eq!(update["callback_query"]["from"]["first_name"], "Ann");
    let answer = json!({"callback_query_id": query, "text": "Killed", "show_alert": true});
    assert_eq!(bench.ok("answerCallbackQuery", answer.clone()).await, true);
    let given = bench.telegram().callback_answers();
    assert_eq!(
        (given[0].query.as_str(), given[0].text.as_str(), given[0].show_alert),
        (query.as_str(), "Killed", true)
    );
    let old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    assert_eq!(bench.refused("answerCallbackQuery", answer).await, old);
    assert_eq!(bench.refused("answerCallbackQuery", json!({"callback_query_id": "7"})).await, old);
    let long = json!({"callback_query_id": "7", "text": "x".repeat(201)});
    assert_eq!(bench.refused("answerCallbackQuery", long).await, "Bad Request: MESSAGE_TOO_LONG");
}

#[tokio::test]
async fn callback_queries_grow_old() {
    let bench = Bench::with(Options { callback_lifetime: Duration::ZERO, ..Options::default() }).await;
    let sent = MessageId(i32::try_from(bench.send("x").await).unwrap());
    let query = bench.telegram().press(bench.chat, bench.ann, sent, "kill:1");
    let refused = bench.refused("answerCallbackQuery", json!({"callback_query_id": query})).await;
    assert!(refused.contains("query is too old"), "{refused}");
}
