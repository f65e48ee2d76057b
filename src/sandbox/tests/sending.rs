//! Messages, files, keyboards, replies: what is taken and what is refused.

use serde_json::{Value, json};

use super::{super::Options, Bench, read};

/// A PNG's head, which is all that the sandbox looks at.
pub(super) fn picture(width: u32, height: u32) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    [&head[..], &width.to_be_bytes(), &height.to_be_bytes()].concat()
}

#[tokio::test]
async fn a_message_is_the_real_object() {
    let bench = Bench::new().await;
    let said = bench.telegram().say(bench.chat, bench.ann, "fib 3");
    let sent = bench
        .ok(
            "sendMessage",
            json!({
                "chat_id": bench.chat.0, "text": " <b>1</b> &lt;2 ", "parse_mode": "HTML",
                "reply_parameters": {"message_id": said.0},
                "reply_markup": {"inline_keyboard": [[{"text": "Kill", "callback_data": "kill:1"}]]},
            }),
        )
        .await;
    assert_eq!(sent["message_id"], 2);
    assert_eq!(sent["from"]["id"], 4242);
    assert_eq!(
        sent["chat"],
        json!({"id": bench.chat.0, "type": "private", "first_name": "Ann", "username": "ann"})
    );
    assert_eq!(sent["text"], "1 <2");
    assert_eq!(sent["entities"], json!([{"type": "bold", "offset": 0, "length": 1}]));
    assert_eq!(sent["reply_to_message"]["from"]["first_name"], "Ann");
    assert_eq!(sent["reply_markup"]["inline_keyboard"][0][0]["text"], "Kill");

    let messages = bench.telegram().messages(bench.chat);
    let message = &messages[1];
    assert!(message.from_bot && !messages[0].from_bot);
    assert_eq!((message.text.as_str(), message.html.as_str()), ("1 <2", "<b>1</b> &lt;2"));
    assert_eq!(message.buttons, [("Kill".to_owned(), "kill:1".to_owned())]);
    assert_eq!((message.reply_to, message.edits), (Some(said), 0));
}

#[tokio::test]
async fn refusals_of_send_message() {
    let bench = Bench::new().await;
    let say = |text: &str| json!({"chat_id": bench.chat.0, "text": text});
    let with = |name: &str, value: Value| {
        let mut params = say("x");
        params[name] = value;
        params
    };
    let keyboard = |button: Value| with("reply_markup", json!({"inline_keyboard": [[button]]}));
    let button = json!({"text": "x", "callback_data": "y"});
    let html = |text: &str| json!({"chat_id": bench.chat.0, "text": text, "parse_mode": "HTML"});
    let cases = [
        (json!({"chat_id": 5, "text": "x"}), "chat not found"),
        (json!({"chat_id": "@somebody", "text": "x"}), "chat not found"),
        (json!({"chat_id": "", "text": "x"}), "chat_id is empty"),
        (say(""), "message text is empty"),
        (say(" \n "), "message text is empty"),
        (html("<b></b>"), "message text is empty"),
        (say(&"x".repeat(4097)), "message is too long"),
        (say(&"👍".repeat(2049)), "message is too long"),
        (html("<b>"), "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        (html("<x>"), "can't parse entities: Unsupported start tag \"x\" at byte offset 0"),
        (with("message_thread_id", json!(3)), "message thread not found"),
        (with("reply_parameters", json!({"message_id": 77})), "message to be replied not found"),
        (with("reply_parameters", json!({"message_id": 1, "chat_id": 5})), "message to be replied not found"),
        (keyboard(json!({"text": "x", "callback_data": "y".repeat(65)})), "BUTTON_DATA_INVALID"),
        (keyboard(json!({"text": "x", "callback_data": ""})), "BUTTON_DATA_INVALID"),
        (keyboard(json!({"text": "", "callback_data": "y"})), "BUTTON_TEXT_INVALID"),
        (
            keyboard(json!({"text": "x"})),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            with("reply_markup", json!({"inline_keyboard": vec![vec![button; 1]; 101]})),
            "REPLY_MARKUP_TOO_LONG",
        ),
    ];
    for (params, expected) in cases {
        assert_eq!(bench.refused("sendMessage", params).await, format!("Bad Request: {expected}"));
    }
    bench.ok("sendMessage", say(&"x".repeat(4096))).await;
    bench.ok("sendMessage", html(&format!("<b>{}</b>", "&lt;".repeat(4096)))).await;
    bench.ok("sendMessage", keyboard(json!({"text": "x", "callback_data": "y".repeat(64)}))).await;
    let lenient = with("reply_parameters", json!({"message_id": 77, "allow_sending_without_reply": true}));
    assert!(bench.ok("sendMessage", lenient).await.get("reply_to_message").is_none());
}

#[tokio::test]
async fn chats_that_are_closed_to_the_bot() {
    let bench = Bench::new().await;
    let group = bench.telegram().group("Friends", &[bench.ann]);
    bench.telegram().block(bench.ann);
    bench.telegram().kick_bot(group);
    let say = |chat: i64| json!({"chat_id": chat, "text": "x"});
    assert_eq!(
        bench.refused("sendMessage", say(bench.chat.0)).await,
        "Forbidden: bot was blocked by the user"
    );
    assert_eq!(
        bench.refused("sendMessage", say(group.0)).await,
        "Forbidden: bot was kicked from the group chat"
    );
    let statuses: Vec<Value> = bench
        .updates(0)
        .await
        .into_iter()
        .map(|u| u["my_chat_member"]["new_chat_member"]["status"].clone())
        .collect();
    assert_eq!(statuses, ["kicked", "kicked"]);
    bench.telegram().unblock(bench.ann);
    bench.telegram().invite_bot(group);
    bench.ok("sendMessage", say(bench.chat.0)).await;
    bench.ok("sendMessage", say(group.0)).await;
}

#[tokio::test]
async fn message_ids_count_per_chat_and_old_messages_are_forgotten() {
    let bench = Bench::new().await;
    let ben = bench.telegram().person("Ben");
    let other = bench.telegram().private_chat(ben);
    for n in 1..=2001 {
        assert_eq!(bench.telegram().say(other, ben, "x").0, n);
    }
    assert_eq!(bench.send("x").await, 1);
    assert_eq!(bench.telegram().messages(other).len(), 2000);
    assert!(bench.telegram().message(other, super::super::MessageId(1)).is_none());
}

#[tokio::test]
async fn documents_come_by_part_by_attachment_and_by_id() {
    let bench = Bench::new().await;
    let url = bench.method_url("sendDocument");
    let part = |bytes: Vec<u8>| reqwest::multipart::Part::bytes(bytes).file_name("größe.txt");
    let form = || reqwest::multipart::Form::new().text("chat_id", bench.chat.0.to_string());
    let post = async |form| read(bench.client.post(&url).multipart(form).send().await.unwrap()).await;
    let direct = post(
        form().part("document", part(b"one".to_vec())).text("caption", "<i>c</i>").text("parse_mode", "HTML"),
    )
    .await;
    assert_eq!(
        (&direct["result"]["caption"], &direct["result"]["document"]["file_name"]),
        (&json!("c"), &json!("größe.txt"))
    );
    super::check_result("sendDocument", &direct["result"]);
    let attached = post(form().text("document", "attach://f").part("f", part(b"two".to_vec()))).await;
    let id = attached["result"]["document"]["file_id"].clone();
    bench.ok("sendDocument", json!({"chat_id": bench.chat.0, "document": id})).await;
    let documents: Vec<_> = bench
        .telegram()
        .messages(bench.chat)
        .into_iter()
        .map(|message| message.document.unwrap().bytes)
        .collect();
    assert_eq!(documents, ["one", "two", "two"]);

    let file = bench.ok("getFile", json!({"file_id": id})).await;
    let path = format!(
        "{}/file/bot{}/{}",
        bench.sandbox.url(),
        Options::default().token,
        file["file_path"].as_str().unwrap()
    );
    assert_eq!(bench.client.get(path).send().await.unwrap().text().await.unwrap(), "two");

    assert_eq!(
        post(form().text("document", "attach://g")).await["description"],
        "Bad Request: there is no document in the request"
    );
    assert_eq!(
        post(form().part("document", part(vec![]))).await["description"],
        "Bad Request: file must be non-empty"
    );
    assert_eq!(post(form().part("document", part(vec![0; (50 << 20) + 1]))).await["error_code"], 413);
    assert_eq!(post(form().part("document", part(vec![0; 50 << 20]))).await["ok"], true);
    let photo = json!({"chat_id": bench.chat.0, "photo": id});
    assert_eq!(
        bench.refused("sendPhoto", photo).await,
        "Bad Request: can't use file of type Document as Photo"
    );
    let unknown = json!({"chat_id": bench.chat.0, "document": "nonsense"});
    assert_eq!(
        bench.refused("sendDocument", unknown).await,
        "Bad Request: wrong file identifier/HTTP URL specified"
    );
    let long = json!({"chat_id": bench.chat.0, "document": id, "caption": "x".repeat(1025)});
    assert_eq!(bench.refused("sendDocument", long).await, "Bad Request: message caption is too long");
}

#[tokio::test]
async fn photos_have_sizes_and_bounds() {
    let bench = Bench::new().await;
    let url = bench.method_url("sendPhoto");
    let post = async |bytes: Vec<u8>| {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("p.png");
        let form =
            reqwest::multipart::Form::new().text("chat_id", bench.chat.0.to_string()).part("photo", part);
        read(bench.client.post(&url).multipart(form).send().await.unwrap()).await
    };
    let sent = post(picture(400, 200)).await["result"].clone();
    super::check_result("sendPhoto", &sent);
    let sizes: Vec<_> = sent["photo"]
        .as_array()
        .unwrap()
        .iter()
        .map(|size| (size["width"].clone(), size["height"].clone()))
        .collect();
    assert_eq!(sizes, [(json!(90), json!(45)), (json!(320), json!(160)), (json!(400), json!(200))]);
    for size in sent["photo"].as_array().unwrap() {
        bench
            .ok("sendPhoto", json!({"chat_id": bench.chat.0, "photo": size["file_id"], "has_spoiler": true}))
            .await;
    }
    let photo = bench.telegram().messages(bench.chat).pop().unwrap();
    assert_eq!(photo.photo.unwrap().bytes, picture(400, 200));
    assert_eq!(post(b"GIF89a".to_vec()).await["description"], "Bad Request: IMAGE_PROCESS_FAILED");
    for (width, height) in [(9000, 1001), (2100, 100), (5, 0)] {
        assert_eq!(
            post(picture(width, height)).await["description"],
            "Bad Request: PHOTO_INVALID_DIMENSIONS"
        );
    }
    let mut big = picture(10, 10);
    big.resize((10 << 20) + 1, 0);
    assert!(post(big).await["description"].as_str().unwrap().contains("too big for a photo"));
}

#[tokio::test]
async fn chat_actions() {
    let bench = Bench::new().await;
    let act = |action: &str| json!({"chat_id": bench.chat.0, "action": action});
    assert_eq!(bench.ok("sendChatAction", act("typing")).await, true);
    assert_eq!(
        bench.refused("sendChatAction", act("sleep")).await,
        "Bad Request: wrong parameter action in request"
    );
}

#[tokio::test]
async fn flood_limits_can_be_switched_on() {
    let bench = Bench::with(Options { flood_limits: true, ..Options::default() }).await;
    let id = bench.send("x").await;
    for n in 1..15 {
        // An edit counts as a message does.
        let edit = json!({"chat_id": bench.chat.0, "message_id": id, "text": n.to_string()});
        bench.ok("editMessageText", edit).await;
    }
    let refused = bench.answer("sendMessage", json!({"chat_id": bench.chat.0, "text": "x"})).await;
    let seconds = refused["parameters"]["retry_after"].as_u64().unwrap();
    assert_eq!(refused["description"], format!("Too Many Requests: retry after {seconds}"));
    assert_eq!(refused["error_code"], 429);
    // A group is another matter.
    let group = bench.telegram().group("Friends", &[bench.ann]);
    let say = json!({"chat_id": group.0, "text": "x"});
    for _ in 0..15 {
        bench.ok("sendMessage", say.clone()).await;
    }
    assert_eq!(bench.answer("sendMessage", say).await["error_code"], 429, "30 a second in all");
}

#[tokio::test]
async fn flood_limits_can_pass_faster() {
    let options = Options { flood_limits: true, flood_speed: 1_000, ..Options::default() };
    let bench = Bench::with(options).await;
    let group = bench.telegram().group("Friends", &[bench.ann]);
    let say = json!({"chat_id": group.0, "text": "x"});
    let mut refused = 0;
    for _ in 0..100 {
        // A minute is 60 ms.
        if bench.answer("sendMessage", say.clone()).await["ok"] == false {
            refused += 1;
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
    }
    assert!(refused < 10, "{refused}");
}
