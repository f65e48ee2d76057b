//! The chat page's routes and their guards.

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{super::Options, Bench};

impl Bench {
    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.client.post(self.sandbox.url() + path).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(super) async fn world(&self) -> Value {
        self.client.get(self.sandbox.url() + "/sandbox/world").send().await.unwrap().json().await.unwrap()
    }

    /// The next `count` events after a number.
    async fn events(&self, after: u64, count: usize) -> Vec<Value> {
        let url = format!("{}/sandbox/events?after={after}", self.sandbox.url());
        let mut stream = self.client.get(url).send().await.unwrap().bytes_stream();
        let mut text = String::new();
        while text.matches("\n\n").count() < count {
            text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.take(count).map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_page_draws_the_world() {
    let bench = Bench::with(Options { demo: true, ..Options::default() }).await;
    let page = bench.client.get(bench.sandbox.url()).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    bench.ok("setMyCommands", json!({"commands": [{"command": "help", "description": "Help"}]})).await;
    let world = bench.world().await;
    assert_eq!(
        world["bot"],
        json!({"id": 4242, "username": "jobboard_sandbox_bot", "first_name": "Jobboard"})
    );
    let names: Vec<&Value> =
        world["people"].as_array().unwrap().iter().map(|person| &person["first_name"]).collect();
    assert_eq!(names, ["Ann", "Ben", "Cleo", "Helper", "Ann"]);
    let forum = &world["chats"][0];
    assert_eq!(forum["topics"]["list"].as_array().map(Vec::len), Some(2));
    let group = &world["chats"][1];
    assert_eq!((&group["type"], group["people"].as_array().unwrap().len()), (&json!("group"), 3));
    assert_eq!(world["commands"], json!({"": [{"command": "help", "description": "Help"}]}));
    assert_eq!(world["messages"][group["id"].to_string()], json!([]));
}

#[tokio::test]
async fn people_act_on_the_page_and_hear_of_everything() {
    let bench = Bench::new().await;
    let (chat, ann) = (bench.chat.0, bench.ann.0);
    let start = bench.world().await["seq"].as_u64().unwrap();
    let said = bench.post("/sandbox/say", json!({"chat": chat, "person": ann, "text": "<fib> 3"})).await;
    assert_eq!(said, (200, json!({"message_id": 1})));
    bench.post("/sandbox/say", json!({"chat": chat, "person": ann, "text": "b", "reply_to": 1})).await;
    let sent = bench.send("card").await;
    bench.ok("editMessageText", json!({"chat_id": chat, "message_id": sent, "text": "card 2"})).await;
    let press = json!({"chat": chat, "person": ann, "message_id": sent, "data": "kill"});
    assert_eq!(bench.post("/sandbox/press", press).await, (200, json!({})));
    let query = bench.updates(0).await.last().unwrap()["callback_query"]["id"].clone();
    bench.ok("answerCallbackQuery", json!({"callback_query_id": query, "text": "Killed"})).await;
    bench.ok("sendChatAction", json!({"chat_id": chat, "action": "typing"})).await;
    bench.ok("setMyCommands", json!({"commands": []})).await;
    let delete = json!({"chat": chat, "person": "0", "message_id": 2});
    assert_eq!(bench.post("/sandbox/delete", delete).await, (200, json!({})));

    // The deleted message is no news any more.
    let events = bench.events(start, 7).await;
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "message", "edited", "callback_answer", "action", "commands", "deleted"]);
    assert_eq!(events[0]["message"]["html"], "&lt;fib&gt; 3");
    assert_eq!(events[0]["seq"], start + 1);
    let answer = json!({"seq": events[3]["seq"], "kind": "callback_answer", "chat": chat, "person": ann, "text": "Killed", "show_alert": false});
    assert_eq!(events[3], answer);
    assert_eq!(bench.world().await["messages"][chat.to_string()].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_page_that_is_behind_loads_again() {
    let bench = Bench::new().await;
    for _ in 0..4100 {
        bench.telegram().say(bench.chat, bench.ann, "x");
    }
    assert_eq!(bench.events(1, 1).await[0]["kind"], "reload");
    assert_eq!(bench.events(999_999, 1).await[0]["kind"], "reload");
}

#[tokio::test]
async fn new_chats_reach_the_page_and_its_stream_ends_with_the_sandbox() {
    let bench = Bench::new().await;
    let seq = bench.world().await["seq"].as_u64().unwrap();
    let url = format!("{}/sandbox/events?after={seq}", bench.sandbox.url());
    let mut stream = bench.client.get(url).send().await.unwrap().bytes_stream();
    let _group = bench.telegram().group("Friends", &[bench.ann]);
    let news = stream.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&news).contains("\"kind\":\"reload\""), "{news:?}");
    bench.sandbox.stop().await;
    while let Some(rest) = stream.next().await {
        assert!(rest.is_ok());
    }
}

#[tokio::test]
async fn what_people_cannot_do_is_said() {
    let bench = Bench::new().await;
    let (chat, ann) = (bench.chat.0, bench.ann.0);
    bench.telegram().say(bench.chat, bench.ann, "x");
    let group = bench.telegram().group("Friends", &[bench.ann]).0;
    bench.ok("sendMessage", json!({"chat_id": group, "text": "x"})).await;
    for (path, body) in [
        ("say", json!({"chat": 5, "person": ann, "text": "x"})),
        ("say", json!({"chat": chat, "person": 5, "text": "x"})),
        ("say", json!({"chat": chat, "person": ann, "text": " "})),
        ("say", json!({"chat": chat, "person": ann, "text": "x".repeat(4097)})),
        ("say", json!({"chat": chat, "person": ann, "text": "x", "reply_to": 77})),
        ("press", json!({"chat": chat, "person": ann, "message_id": 1, "data": "x"})),
        ("press", json!({"chat": chat, "person": ann, "message_id": 77, "data": "x"})),
        ("delete", json!({"chat": chat, "person": ann, "message_id": 77})),
        ("delete", json!({"chat": group, "person": ann, "message_id": 1})),
    ] {
        let (status, answer) = bench.post(&format!("/sandbox/{path}"), body.clone()).await;
        assert_eq!(status, 400, "{path} {body}");
        assert!(answer["error"].is_string());
    }
}

#[tokio::test]
async fn other_peoples_pages_are_kept_out() {
    let bench = Bench::new().await;
    let port = bench.sandbox.addr().port();
    let get = async |path: &str, name: &str, value: String| {
        bench
            .client
            .get(bench.sandbox.url() + path)
            .header(name, value)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    for path in ["/", "/sandbox/world"] {
        for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
            assert_eq!(get(path, "host", host).await, 200);
        }
        for host in
            [format!("evil.example:{port}"), "127.0.0.1".to_owned(), format!("127.0.0.1.evil.example:{port}")]
        {
            assert_eq!(get(path, "host", host).await, 403);
        }
        assert_eq!(get(path, "origin", format!("http://127.0.0.1:{port}")).await, 200);
        for origin in
            ["http://evil.example".to_owned(), "null".to_owned(), format!("http://localhost:{port}")]
        {
            assert_eq!(get(path, "origin", origin).await, 403);
        }
    }
    let bot = format!("/bot{}/getMe", Options::default().token);
    assert_eq!(get(&bot, "origin", "http://evil.example".to_owned()).await, 403);
    assert_eq!(get(&bot, "host", "telegram.test".to_owned()).await, 200);
}

#[tokio::test]
async fn files_are_shown_or_saved() {
    let bench = Bench::new().await;
    let part = reqwest::multipart::Part::bytes(b"1 1 2".to_vec()).file_name("fib \"é\".txt");
    let form =
        reqwest::multipart::Form::new().text("chat_id", bench.chat.0.to_string()).part("document", part);
    bench.client.post(bench.method_url("sendDocument")).multipart(form).send().await.unwrap();
    let url =
        bench.world().await["messages"][bench.chat.0.to_string()][0]["file_url"].as_str().unwrap().to_owned();
    let file = bench.client.get(bench.sandbox.url() + &url).send().await.unwrap();
    let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(
        disposition.starts_with("attachment; filename=") && disposition.contains("%C3%A9"),
        "{disposition}"
    );
    assert_eq!(file.text().await.unwrap(), "1 1 2");
}

#[tokio::test]
async fn admins_are_made_and_the_bot_is_blocked_on_the_page() {
    let bench = Bench::with(Options { demo: true, ..Options::default() }).await;
    let group = bench.world().await["chats"][0].clone();
    let ben = group["people"][1].clone();
    assert_eq!(group["admins"], json!([group["people"][0]]));
    let make = |person: &Value| json!({"chat": group["id"], "person": person, "is": true});
    assert_eq!(bench.post("/sandbox/admin", make(&ben)).await.0, 200);
    assert_eq!(bench.world().await["chats"][0]["admins"], json!([group["people"][0], ben]));
    assert_eq!(bench.post("/sandbox/admin", make(&json!(77))).await.0, 400);
    bench.post("/sandbox/member", json!({"chat": ben, "person": ben, "gone": true})).await;
    assert_eq!(bench.world().await["people"][1]["has_blocked"], true);
    let refused = bench.refused("sendMessage", json!({"chat_id": ben, "text": "x"})).await;
    assert!(refused.contains("blocked"), "{refused}");
}
