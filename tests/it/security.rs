//! What must not get out, and what must not get in: the token, and whatever people and servers write.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command},
    sync::{Arc, Mutex},
    time::Duration,
};

use jobboard::sandbox::{Call, Failure, Fault, Message, Options, Outcome, Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    pokeapi::{Behaviour, PokeApi, pikachu},
    program::{folder, jobboard},
    world::{World, config},
};

/// A token as BotFather makes them.
const TOKEN: &str = "987654321:AAF-not_a_real-token_of_anybody";
const HALF: &str = "AAF-not_a_real-token_of_anybody";

/// Whether any form of the token is there.
#[track_caller]
fn check_no_token(what: &str, text: &str) {
    for form in [TOKEN, HALF, "987654321%3A", "987654321%3a"] {
        assert!(!text.contains(form), "{what}: {form} is in\n{text}");
    }
}

/// All that the program writes, while it runs.
struct Running {
    child: Child,
    written: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1").spawn().unwrap();
        let written = Arc::new(Mutex::new(String::new()));
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        let readers = streams.map(|stream| {
            let written = written.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut written = written.lock().unwrap();
                    written.push_str(&line);
                    written.push('\n');
                }
            })
        });
        Self { child, written, readers: readers.into() }
    }

    /// Asks it to stop, where it has not ended by itself, and gives all that it wrote.
    async fn stop(self) -> String {
        // It may have ended: then there is nobody to ask.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        self.ended().await
    }

    /// Waits until it has ended, and gives all that it wrote.
    async fn ended(mut self) -> String {
        let ended = tokio::task::spawn_blocking(move || {
            self.child.wait().unwrap();
            self.readers.into_iter().for_each(|reader| reader.join().unwrap());
            Arc::try_unwrap(self.written).unwrap().into_inner().unwrap()
        });
        tokio::time::timeout(Duration::from_mins(1), ended).await.expect("it does not stop").unwrap()
    }
}

#[tokio::test]
async fn whatever_fails_the_token_is_in_no_output() {
    let elsewhere = PokeApi::start(Behaviour::Answer(200, r#"{"ok":true,"result":true}"#.to_owned())).await;
    let echo = |status: u16, code: u16| {
        let said = json!({"ok": false, "error_code": code,
            "description": format!("Not Found: /bot{TOKEN}/getMe, /bot987654321%3A{HALF}/getMe")});
        Behaviour::Answer(status, said.to_string())
    };
    let location = |status: u16| {
        let to = format!("Location: {}/bot{TOKEN}/getMe", elsewhere.origin());
        Behaviour::Headed(status, to, String::new())
    };
    let nonsense = json!({"ok": true, "result": {"id": format!("https://x/bot{TOKEN}/"), "username": 1}});
    for (what, behaviour, asked) in [
        ("unauthorized", echo(401, 401), 1),
        ("not found", echo(404, 404), 1),
        ("bad request", echo(400, 400), 3),
        ("forbidden", echo(403, 403), 3),
        ("server error", Behaviour::Answer(502, format!("<html>/bot{TOKEN}/getMe</html>")), 3),
        ("no JSON", Behaviour::Answer(200, format!("/bot{TOKEN}/getMe")), 3),
        ("not what was promised", Behaviour::Answer(200, nonsense.to_string()), 3),
        ("lost", Behaviour::Close, 3),
        ("found elsewhere", location(302), 3),
        ("moved elsewhere", location(307), 3),
    ] {
        let server = PokeApi::start(behaviour).await;
        let folder = folder();
        for format in ["text", "json"] {
            let mut command = jobboard(&folder);
            command
                .env("TELOXIDE_TOKEN", TOKEN)
                .env("TELOXIDE_API_URL", server.origin())
                .env("JOBBOARD_LOG_FORMAT", format);
            let running = Running::start(command);
            server.asked(asked).await;
            // A token that is refused ends it.
            let written = if asked == 1 { running.ended().await } else { running.stop().await };
            assert!(written.contains("Telegram"), "{what}: {written}");
            check_no_token(what, &written);
        }
        let mut command = jobboard(&folder);
        command.env("TELOXIDE_TOKEN", TOKEN).env("TELOXIDE_API_URL", server.origin()).arg("check");
        check_no_token(what, &Running::start(command).stop().await);
    }
    assert_eq!(elsewhere.paths(), [""; 0], "a redirect was followed");
}

/// Nobody listens, a flag instead of a variable, an address that cannot be one, and all that `--help` shows.
#[tokio::test]
async fn the_token_is_in_no_word_before_the_start() {
    let folder = folder();
    for (words, api) in [
        (&["--token", TOKEN][..], "http://127.0.0.1:1"),
        (&["--token", TOKEN, "--nonsense"], "http://127.0.0.1:1"),
        (&["--token", TOKEN, "check"], "http://127.0.0.1:1"),
        (&[], "ftp://x"),
        (&["--help"], "http://127.0.0.1:1"),
        (&["completions", "zsh"], "http://127.0.0.1:1"),
        (&[TOKEN], "http://127.0.0.1:1"),
        (&["--max-fib", TOKEN], "http://127.0.0.1:1"),
    ] {
        let mut command = jobboard(&folder);
        command.env("TELOXIDE_TOKEN", TOKEN).env("TELOXIDE_API_URL", api).args(words);
        let running = Running::start(command);
        if words.len() == 2 && words[0] == "--token" {
            while !running.written.lock().unwrap().contains("trying again") {
                tokio::task::yield_now().await;
            }
        }
        check_no_token(&format!("{words:?}"), &running.stop().await);
    }
}

/// A bot that works: all that it logs of its calls, and what the page shows of it.
#[tokio::test]
async fn the_token_is_in_no_log_of_a_bot_that_works_and_on_no_page() {
    let sandbox =
        Sandbox::start(Options { token: TOKEN.to_owned(), demo: true, ..Options::default() }).await.unwrap();
    let telegram = sandbox.telegram().clone();
    let ann = telegram.person("Ann");
    let chat = telegram.private_chat(ann);
    let folder = folder();
    let mut command = jobboard(&folder);
    command.env("TELOXIDE_TOKEN", TOKEN).env("TELOXIDE_API_URL", sandbox.url());
    command.env("JOBBOARD_POKEAPI_URL", sandbox.pokeapi_url());
    let running = Running::start(command);
    for failure in [Failure::Server(502), Failure::DropBefore, Failure::TooManyRequests { retry_after: 0 }] {
        telegram.fault(Fault::on("sendMessage").times(1).answer(failure));
    }
    let command = telegram.say(chat, ann, "fib 30000");
    let answered = telegram.until(|view| {
        let said = view.messages(chat);
        said.into_iter().find(|said| said.reply_to == Some(command) && said.text.contains("succeeded"))
    });
    let card = tokio::time::timeout(Duration::from_secs(20), answered).await;
    let card = card.unwrap_or_else(|_| {
        panic!("no answer\n{}\n{}", telegram.dump(chat), running.written.lock().unwrap())
    });
    telegram.press(chat, ann, card.id, &card.buttons[0].1);
    let whole = telegram.until(|view| view.messages(chat).into_iter().find(|said| said.document.is_some()));
    tokio::time::timeout(Duration::from_mins(1), whole).await.expect("no document");
    let mut pages = String::new();
    for path in ["", "/sandbox/world", "/nothing"] {
        pages.push_str(&reqwest::get(sandbox.url() + path).await.unwrap().text().await.unwrap());
    }
    check_no_token("the page", &pages);
    let written = running.stop().await;
    assert!(written.contains("started"), "{written}");
    check_no_token("the log", &written);
    sandbox.stop().await;
}

#[tokio::test]
async fn no_name_leaves_the_path_of_pokeapi() {
    let pokeapi = PokeApi::start(Behaviour::Answer(404, "Not Found".to_owned())).await;
    let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
    let ann = world.person("Ann");
    let long = "a".repeat(4_000);
    for name in [
        "../../x",
        "..",
        ".",
        "%2e%2e",
        "%2e%2e%2fx",
        "a/b?c#d",
        "a\\b",
        "a?b=c",
        "a#b",
        "//evil.example/",
        "@evil.example",
        "http://evil.example/",
        "a%00b",
        "a:b",
        "a;b",
        "pikachu/../1",
        "ﾋﾟｶﾁｭｳ",
        "pika\u{202e}chu",
        "pika\u{200b}chu",
        "é",
        "-",
        "_",
        "1e9",
        "0x1",
        &long,
    ] {
        for command in ["dex", "dex-multi 1"] {
            let answer = ann.says(&format!("{command} {name}")).await.text;
            assert!(!answer.is_empty(), "{name:?}");
        }
        // A button or a stored task that names it would be asked for in the same way: retried, inline, in a list.
        ann.says(&format!("dex-multi mew,{name}")).await;
    }
    world.stop().await;
    for path in pokeapi.paths() {
        let name = path.strip_prefix("/api/v2/pokemon/").and_then(|path| path.strip_suffix('/'));
        let is_safe = |name: &str| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        };
        assert!(name.is_some_and(is_safe), "{path:?} was asked for");
    }
    assert!(!pokeapi.paths().is_empty());
}

#[tokio::test]
async fn pokeapi_sends_nobody_to_another_server() {
    let secret = PokeApi::start(Behaviour::Picture(vec![1; 64])).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("Location: {}/latest/meta-data/", secret.origin());
        let pokeapi = PokeApi::start(Behaviour::Headed(status, to, String::new())).await;
        let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
        world.person("Ann").runs("dex 25", &format!("status {status}")).await;
        world.stop().await;
    }
    // Nor does a picture's address.
    let mut body = pikachu();
    body["sprites"] = json!({"front_default": format!("{}/sprites/25.png", secret.origin())});
    let pokeapi = PokeApi::start(Behaviour::Answer(200, body.to_string())).await;
    let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
    let card = world.person("Ann").runs("dex 25", "The pokemon with id 25 is pikachu").await;
    assert!(card.photo.is_none());
    world.stop().await;
    assert_eq!(secret.paths(), [""; 0]);
    // On the same server it may be elsewhere.
    let well =
        Box::new(Behaviour::Answer(200, pikachu().to_string().replace("{sprites}", "http://127.0.0.1:1")));
    let there = Behaviour::Headed(301, "Location: /api/v2/pokemon/25".to_owned(), String::new());
    let pokeapi = PokeApi::start(Behaviour::First(1, Box::new(there), well)).await;
    let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
    world.person("Ann").runs("dex 25", "The pokemon with id 25 is pikachu").await;
    world.stop().await;
}

/// Texts that somebody may have as a name, or send. Telegram shows them as they are, or the message is lost.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</pre></code></b><a href=\"https://evil.example\">x</a>",
    "\"><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp;amp; &#60;b&#62; &unknown; &",
    "<b",
    "<!-- & -->",
    "a\u{202e}cba\u{202d}",
    "z\u{200b}w\u{200d}j\u{feff}",
    "*_`[]()~>#+-=|{}.!",
    "{ $name } {{x}} %s %n",
    "null\u{0}byte",
    "line\nfeed\r\ttab",
    "Ʒ🦀e\u{301}\u{301}\u{301}",
];

/// Tags that the bot writes, or Telegram's page makes of them.
const TAGS: &[&str] = &[
    "b",
    "i",
    "u",
    "s",
    "code",
    "pre",
    "blockquote",
    "details",
    "summary",
    "table",
    "tr",
    "th",
    "td",
    "p",
    "h4",
    "tbody",
    "thead",
];

/// Nothing that the bot said was refused, and nothing that people see is markup that somebody else wrote.
async fn check_all_said(world: &World) {
    let mut said = 0;
    for Call { method, params, outcome, .. } in world.telegram.calls() {
        match outcome {
            // What a press asked for is there already.
            Outcome::Refused { description, .. } if description.contains("message is not modified") => {}
            Outcome::Refused { code, description } => {
                panic!("{method} was refused, {code} {description}: {params}")
            }
            Outcome::Done(message) => {
                let entities = [&message["entities"], &message["caption_entities"]];
                let mut entities = entities.into_iter().filter_map(Value::as_array).flatten();
                assert!(entities.all(|entity| entity["type"] != "text_link"), "a link: {message}");
                said += 1;
            }
            Outcome::Dropped { .. } => {}
        }
    }
    assert!(said > 0);
    let page: Value = reqwest::get(world.page("/sandbox/world")).await.unwrap().json().await.unwrap();
    let mut drawn = Vec::new();
    find_html(&page, &mut drawn);
    assert!(!drawn.is_empty());
    for html in drawn {
        for tag in html.split('<').skip(1) {
            let name =
                tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
            assert!(TAGS.contains(&name), "<{name} in {html:?}");
        }
    }
}

/// What the page takes as HTML.
fn find_html<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "html") {
                    Some(html) => found.push(html),
                    None => find_html(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| find_html(value, found)),
        _ => {}
    }
}

/// What a text comes to in a line of its own.
fn visible(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn whatever_people_are_called_and_write_is_text() {
    let mut world = World::new().await;
    let long = "<b>&".repeat(1_000);
    for text in HOSTILE.iter().copied().chain([long.as_str()]) {
        let telegram = &world.telegram;
        let (evil, ben) = (telegram.person(text), telegram.person("Ben"));
        let private = world.speaker(telegram.private_chat(evil), evil);
        let first = text.split_whitespace().next().unwrap();
        // As a command, an argument, and all that an error quotes.
        for command in [
            text.to_owned(),
            format!("/{text}"),
            format!("help {text}"),
            format!("fib {text}"),
            format!("dex {text}"),
            format!("kill {text}"),
            format!("job {text}"),
            format!("settings {text}"),
            format!("settings language {text}"),
            format!("timeline {text}"),
            format!("fib-multi 1 {text}"),
            format!("dash {text}"),
            format!("retry #{text}"),
        ] {
            let answer = private.says(&command).await.text;
            assert!(!answer.is_empty(), "{command:?}");
        }
        let quoted = private.says(&format!("fib {first}")).await.text;
        // What cannot be seen in a wrong word is shown by its number.
        let shown = |c: char| match c {
            '\0' => String::new(),
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' => {
                format!("<U+{:04X}>", u32::from(c))
            }
            c => c.to_string(),
        };
        let beginning: String = first.chars().take(3).map(shown).collect();
        assert!(visible(&quoted).contains(&visible(&beginning)), "{quoted:?} does not quote {first:?}");
        // As a name: whose a task is, who killed it, in a group whose title is no better.
        let group = telegram.group(text, &[evil, ben]);
        let (theirs, bens) = (world.speaker(group, evil), world.speaker(group, ben));
        let card = theirs.says("/fib 1000000000").await;
        let refused = bens.says("/kill 1").await.text;
        assert!(!refused.is_empty());
        theirs.says("/kill 1").await;
        let killed: Message = theirs.sees_in(&card, "ancelled by").await;
        let begins: String = text.chars().take(2).collect();
        assert!(killed.text.contains(begins.trim()), "{:?} does not name {text:?}", killed.text);
        bens.says("/job 1").await;
        bens.says("/dash").await;
        bens.says("/timeline").await;
    }
    check_all_said(&world).await;
    // A name that was stored is no other after a restart.
    world.stop_bot().await;
    world.start_again(jobboard::work::Engine::new());
    world.person("Cleo").says("fib 10").await;
    check_all_said(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn whatever_pokeapi_sends_is_text() {
    let long = "<b>&".repeat(1_000);
    for text in HOSTILE.iter().copied() {
        let mut body = pikachu();
        body["name"] = json!(text);
        body["types"][0]["type"]["name"] = json!(text);
        body["abilities"][0]["ability"]["name"] = json!(text);
        body["stats"][0]["stat"]["name"] = json!(text);
        body["moves"] = json!([]);
        let pokeapi = PokeApi::start(Behaviour::Answer(200, body.to_string())).await;
        let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
        let ann = world.person("Ann");
        let card = ann.runs("dex 25", "The pokemon with id 25 is").await;
        let begins: String = text.chars().take(2).collect();
        assert!(card.text.contains(&begins), "{:?} does not name {text:?}", card.text);
        ann.runs("dex-multi 25 26", "The pokemon with id 25 is").await;
        ann.says("settings rich on").await;
        for command in ["job 1", "job 2", "dash", "retry 1", "timeline"] {
            ann.says(command).await;
        }
        world.stop().await;
        // Errors quote the body; a name that is too long is one.
        let wrong = if text.len() % 2 == 0 { "height" } else { "name" };
        body[wrong] = json!(if wrong == "name" { &long } else { text });
        let pokeapi = PokeApi::start(Behaviour::Answer(200, body.to_string())).await;
        let world = World::with(|setup| setup.config = config(&["--pokeapi-url", &pokeapi.url()])).await;
        let ann = world.person("Ann");
        ann.runs("dex 25", "makes no sense").await;
        ann.says("dash").await;
        check_all_said(&world).await;
        world.stop().await;
    }
}
