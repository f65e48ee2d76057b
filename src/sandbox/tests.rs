//! The sandbox over real HTTP: what a bot, a page and a test see of it.

mod editing;
mod faults;
mod inline;
mod members;
mod migration;
mod page;
mod polling;
mod sending;
mod speed;
mod topics;
mod webhook;
mod with_teloxide;

use serde_json::{Value, json};

use super::{ChatId, Options, PersonId, Sandbox, Telegram, schema::SCHEMA};

/// A sandbox with Ann and her private chat, and a client that calls it as the bot does.
struct Bench {
    sandbox: Sandbox,
    client: reqwest::Client,
    ann: PersonId,
    chat: ChatId,
}

impl Bench {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let ann = sandbox.telegram().person("Ann");
        let chat = sandbox.telegram().private_chat(ann);
        Self { sandbox, client: reqwest::Client::new(), ann, chat }
    }

    fn telegram(&self) -> &Telegram {
        self.sandbox.telegram()
    }

    fn method_url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.sandbox.url(), Options::default().token)
    }

    /// The whole answer; its status must be what it says itself.
    async fn answer(&self, method: &str, params: Value) -> Value {
        let response = self.client.post(self.method_url(method)).json(&params).send().await.unwrap();
        read(response).await
    }

    /// The result of a call that must succeed; it must be an object as the Bot API describes it.
    async fn ok(&self, method: &str, params: Value) -> Value {
        let answer = self.answer(method, params.clone()).await;
        assert_eq!(answer["ok"], true, "{method} {params}: {answer}");
        check_result(method, &answer["result"]);
        answer["result"].clone()
    }

    /// The words of a call that must be refused.
    async fn refused(&self, method: &str, params: Value) -> String {
        let answer = self.answer(method, params.clone()).await;
        assert_eq!(answer["ok"], false, "{method} {params}: {answer}");
        answer["description"].as_str().unwrap().to_owned()
    }

    /// Sends a text and gives the message's id.
    async fn send(&self, text: &str) -> i64 {
        self.ok("sendMessage", json!({"chat_id": self.chat.0, "text": text})).await["message_id"]
            .as_i64()
            .unwrap()
    }

    /// The updates that wait, without waiting for more.
    async fn updates(&self, offset: i64) -> Vec<Value> {
        self.answer("getUpdates", json!({"offset": offset})).await["result"].as_array().unwrap().clone()
    }
}

async fn read(response: reqwest::Response) -> Value {
    let status = response.status().as_u16();
    let answer: Value = response.json().await.unwrap();
    let code = answer.get("error_code").map_or(200, |code| code.as_u64().unwrap());
    assert_eq!(u64::from(status), code, "{answer}");
    answer
}

fn check_result(method: &str, result: &Value) {
    let method = SCHEMA.method(method).unwrap();
    let checks: Vec<_> =
        method.returns.iter().map(|kind| SCHEMA.check_type(kind, "result", result, 0)).collect();
    assert!(checks.iter().any(Result::is_ok), "{}: {checks:?}", method.name);
}

#[tokio::test]
async fn addresses_and_tokens() {
    let bench = Bench::new().await;
    let get =
        async |path: &str| read(bench.client.get(bench.sandbox.url() + path).send().await.unwrap()).await;
    let token = Options::default().token;
    let not_found = json!({"ok": false, "error_code": 404, "description": "Not Found"});
    let unauthorized = json!({"ok": false, "error_code": 401, "description": "Unauthorized"});
    assert_eq!(get(&format!("/bot{token}/getMe")).await["result"]["id"], 4242);
    assert_eq!(get(&format!("/bot{token}/GETME")).await["result"]["is_bot"], true);
    assert_eq!(get(&format!("/bot{token}/getYou")).await, not_found);
    assert_eq!(get(&format!("/bot{token}/")).await, not_found);
    assert_eq!(get("/bot4242:other/getMe").await, unauthorized);
    assert_eq!(get("/botnonsense/getMe").await, not_found);
    assert_eq!(get("/bot").await, not_found);
    assert_eq!(get("/elsewhere").await, not_found);
    bench.sandbox.stop().await;
}

#[tokio::test]
async fn every_encoding_of_parameters() {
    let bench = Bench::new().await;
    let chat = bench.chat.0.to_string();
    let url = bench.method_url("sendMessage");
    let get = bench.client.get(format!("{url}?chat_id={chat}&text=a%20b%2Bc+d")).send().await.unwrap();
    assert_eq!(read(get).await["result"]["text"], "a b+c d");
    let form = "chat_id=".to_owned() + &chat + "&text=x&reply_parameters=%7B%22message_id%22%3A1%7D";
    let form = bench.client.post(&url).header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(read(form.send().await.unwrap()).await["result"]["reply_to_message"]["text"], "a b+c d");
    let multipart = reqwest::multipart::Form::new().text("chat_id", chat).text("text", "y");
    let multipart = bench.client.post(&url).multipart(multipart).send().await.unwrap();
    assert_eq!(read(multipart).await["result"]["message_id"], 3);
    let broken =
        bench.client.post(&url).header("content-type", "application/json").body("{").send().await.unwrap();
    assert_eq!(read(broken).await["error_code"], 400);
}

#[tokio::test]
async fn what_the_bot_may_know_of_chats() {
    let bench = Bench::new().await;
    let ben = bench.telegram().person("Ben");
    let group = bench.telegram().group("Friends", &[bench.ann]);
    let me = bench.ok("getMe", json!({})).await;
    assert_eq!(
        (&me["username"], &me["can_read_all_group_messages"]),
        (&json!("jobboard_sandbox_bot"), &json!(true))
    );
    assert_eq!(bench.ok("getChat", json!({"chat_id": bench.chat.0})).await["first_name"], "Ann");
    assert_eq!(bench.ok("getChat", json!({"chat_id": group.0})).await["title"], "Friends");
    let status = async |id: i64| {
        bench.ok("getChatMember", json!({"chat_id": group.0, "user_id": id})).await["status"].clone()
    };
    assert_eq!(status(bench.ann.0).await, "creator");
    assert_eq!(status(ben.0).await, "left");
    assert_eq!(status(4242).await, "member");
    assert!(
        bench
            .refused("getChatMember", json!({"chat_id": group.0, "user_id": 7}))
            .await
            .contains("user not found")
    );
    let admins = bench.ok("getChatAdministrators", json!({"chat_id": group.0})).await;
    assert_eq!(admins[0]["user"]["first_name"], "Ann");
    assert_eq!(bench.ok("getChatMemberCount", json!({"chat_id": group.0})).await, 2);
    assert_eq!(bench.ok("logOut", json!({})).await, true);
}

#[tokio::test]
async fn what_is_not_implemented_says_so() {
    let bench = Bench::new().await;
    let refused = bench.refused("sendDice", json!({"chat_id": bench.chat.0})).await;
    assert_eq!(refused, "Bad Request: the sandbox does not implement sendDice");
    let params = json!({"chat_id": bench.chat.0, "text": "x", "message_effect_id": "1"});
    assert!(bench.refused("sendMessage", params).await.contains("does not implement the parameter"));
}

#[tokio::test]
async fn commands_have_scopes_and_rules() {
    let bench = Bench::new().await;
    let set = |commands: Value| json!({"commands": commands});
    let fib = json!([{"command": "fib_multi", "description": "Numbers"}]);
    bench.ok("setMyCommands", set(fib.clone())).await;
    assert_eq!(bench.telegram().commands(), [("fib_multi".to_owned(), "Numbers".to_owned())]);
    assert_eq!(bench.ok("getMyCommands", json!({})).await, fib);
    let scope = json!({"type": "all_group_chats"});
    assert_eq!(bench.ok("getMyCommands", json!({"scope": scope})).await, json!([]));
    for (name, description) in [
        ("Fib", "x"),
        ("fib-multi", "x"),
        ("", "x"),
        (&*"f".repeat(33), "x"),
        ("fib", ""),
        ("fib", &"x".repeat(257)),
    ] {
        let refused =
            bench.refused("setMyCommands", set(json!([{"command": name, "description": description}]))).await;
        assert!(refused.starts_with("Bad Request: BOT_COMMAND_"), "{refused}");
    }
    let many: Vec<Value> =
        (0..101).map(|n| json!({"command": format!("c{n}"), "description": "x"})).collect();
    assert_eq!(
        bench.refused("setMyCommands", set(Value::from(many))).await,
        "Bad Request: BOT_COMMANDS_TOO_MUCH"
    );
    bench.ok("deleteMyCommands", json!({})).await;
    assert!(bench.telegram().commands().is_empty());
}
