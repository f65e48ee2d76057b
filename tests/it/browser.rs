//! The sandbox's page in a real browser: the program is started as a person would start it, Chromium is driven
//! through chromedriver, and what counts is what stands on the page.
//!
//! Without Chromium and chromedriver these tests say so and pass, except where `CI` is set.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use std::io::{BufRead, BufReader, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long anything may take to show on the page. Only a failing test waits so long.
const BOUND: Duration = Duration::from_mins(1);

/// Calls `arguments[1]` as soon as the `XPath` in `arguments[0]` finds something: at once, or at the change that brings it.
const WAIT_FOR: &str = r"
    const [path, done] = arguments;
    const found = () => document.evaluate(path, document, null, XPathResult.BOOLEAN_TYPE, null).booleanValue;
    if (found()) return done(true);
    const observer = new MutationObserver(() => { if (found()) { observer.disconnect(); done(true); } });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
";

const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn an_answer_stands_on_the_page() {
    in_browser(async |page| {
        page.say("fib 100").await;
        page.wait_for(&message("218922995834555169026")).await;
    })
    .await;
}

#[tokio::test]
async fn the_kill_button_kills() {
    in_browser(async |page| {
        page.say("fib 900000000").await;
        page.click("button-Kill").await;
        page.wait_for(&message(r#"Task "fib 900000000" is killed"#)).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_shares_its_board() {
    in_browser(async |page| {
        let bot = page.world["bot"]["username"].as_str().unwrap();
        let chats = page.world["chats"].as_array().unwrap();
        let group = chats.iter().find(|chat| chat["type"] == "group").unwrap();
        page.click(&format!("chat-{}", group["id"])).await;
        page.say(&format!("/fib@{bot} 10")).await;
        page.wait_for(&message("The 10th fibonacci number is 34")).await;

        page.click(&format!("person-{}", page.world["people"][1]["id"])).await;
        page.wait_for("//*[@data-testid='status'][contains(., 'you are Ben')]").await;
        page.say(&format!("/dash@{bot}")).await;
        let answers_dash = "[.//*[@data-testid='quote'][contains(., '/dash@')]]";
        page.wait_for(&format!("{}{answers_dash}", message("fib 10"))).await;
    })
    .await;
}

#[tokio::test]
async fn topics_are_tabs_and_a_closed_one_says_so() {
    in_browser(async |page| {
        let bot = page.world["bot"]["username"].as_str().unwrap();
        let forum = page.chats().find(|chat| chat["topics"].is_object()).unwrap();
        page.click(&format!("chat-{}", forum["id"])).await;
        page.click("topic-Numbers").await;
        page.say(&format!("/fib@{bot} 10")).await;
        page.wait_for(&message("The 10th fibonacci number is 34")).await;
        // The answer is in this topic alone.
        page.click("topic-General").await;
        page.wait_for("//*[@id='thread'][not(contains(., 'fibonacci number is 34'))]").await;
        page.click("topic-Numbers").await;
        page.wait_for(&message("The 10th fibonacci number is 34")).await;
        page.click("more").await;
        page.click("act-Close this topic").await;
        page.wait_for("//*[@data-testid='topic-Numbers'][contains(., 'closed')]").await;
    })
    .await;
}

#[tokio::test]
async fn an_inline_offer_is_chosen_and_the_board_is_a_table() {
    in_browser(async |page| {
        let bot = page.world["bot"]["username"].as_str().unwrap();
        page.say("settings rich on").await;
        page.wait_for(&message("Rich messages are on")).await;
        page.say("fib 10").await;
        page.wait_for(&message("is 34")).await;
        page.say("dash").await;
        page.wait_for("//*[@data-testid='text']//table//td[contains(., 'succeeded')]").await;
        let composer = page.client.find(Locator::Css("[data-testid=composer]")).await.unwrap();
        composer.send_keys(&format!("@{bot} fib 100")).await.unwrap();
        page.wait_for("//*[@data-testid='offer-fib-100']").await;
        composer.send_keys(ENTER).await.unwrap();
        page.wait_for(&format!("//*[@data-testid='via'][contains(., '@{bot}')]")).await;
        page.wait_for(&message("The 100th fibonacci number is 218922995834555169026")).await;
    })
    .await;
}

#[tokio::test]
async fn a_person_blocks_the_bot_and_takes_it_back() {
    in_browser(async |page| {
        page.say("fib 10").await;
        page.wait_for(&message("is 34")).await;
        page.click("more").await;
        page.click("act-Block the bot").await;
        page.wait_for("//*[@data-testid='gone'][contains(., 'has blocked the bot')]").await;
        page.click("back-again").await;
        page.wait_for("//*[@data-testid='gone'][@hidden]").await;
        page.say("fib 11").await;
        page.wait_for(&message("is 55")).await;
    })
    .await;
}

/// The `XPath` of a message whose text contains this (which holds no single quote).
fn message(text: &str) -> String {
    format!("//*[@data-testid='message'][.//*[@data-testid='text'][contains(., '{text}')]]")
}

/// The page as the first person sees it, in a browser of its own, on a sandbox of its own.
struct Page {
    client: Client,
    /// What `/sandbox/world` told at the start: the names and ids to be used.
    world: Value,
}

impl Page {
    async fn open(client: Client, url: &str) -> Self {
        let world = reqwest::get(format!("{url}/sandbox/world")).await.unwrap().json().await.unwrap();
        client.update_timeouts(TimeoutConfiguration::new(Some(BOUND), Some(BOUND), None)).await.unwrap();
        client.goto(url).await.unwrap();
        let page = Self { client, world };
        page.wait_for("//*[@data-testid='status'][contains(., 'you are')]").await;
        page
    }

    fn chats(&self) -> impl Iterator<Item = &Value> {
        self.world["chats"].as_array().unwrap().iter()
    }

    async fn wait_for(&self, xpath: &str) {
        if let Err(error) = self.client.execute_async(WAIT_FOR, vec![json!(xpath)]).await {
            let seen = self.client.execute("return document.body.innerText", Vec::new()).await;
            panic!(
                "{xpath} does not come: {error}\n{}",
                seen.unwrap_or_default().as_str().unwrap_or_default()
            );
        }
    }

    async fn click(&self, test_id: &str) {
        self.wait_for(&format!("//*[@data-testid='{test_id}']")).await;
        let selector = format!("[data-testid='{test_id}']");
        self.client.find(Locator::Css(&selector)).await.unwrap().click().await.unwrap();
    }

    async fn say(&self, text: &str) {
        let composer = self.client.find(Locator::Css("[data-testid=composer]")).await.unwrap();
        composer.send_keys(&format!("{text}{ENTER}")).await.unwrap();
    }
}

/// Starts everything, runs the test and stops everything, also when the test fails: a browser whose driver was just
/// killed would stay.
async fn in_browser(test: impl AsyncFnOnce(&Page)) {
    let (Some(driver), Some(browser)) =
        (on_path(&["chromedriver"]), on_path(&["chromium", "chromium-browser", "google-chrome", "chrome"]))
    else {
        assert!(std::env::var_os("CI").is_none(), "chromedriver and Chromium are needed here");
        // Past the test harness, which shows nothing of a test that passes.
        let mut stderr = std::io::stderr();
        stderr.write_all(b"skipped: no chromedriver\n").unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Command::new(env!("CARGO_BIN_EXE_jobboard"))
        .args(["sandbox", "--port", "0"])
        .env("JOBBOARD_DATA_DIR", folder.path().join("data"))
        .env_remove("TELOXIDE_TOKEN")
        // A .env file of the developer's is found from the current folder.
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn();
    let (_sandbox, url) = Process::ready(sandbox.unwrap(), "Open ", " in your browser").await;
    let driver = Command::new(driver).arg("--port=0").stdout(Stdio::piped()).spawn();
    let (_driver, port) = Process::ready(driver.unwrap(), "started successfully on port ", ".").await;

    let client = start_browser(&browser, port.trim(), &folder.path().join("profile")).await;
    let run = async { test(&Page::open(client.clone(), url.trim_end_matches('/')).await).await };
    let outcome = AssertUnwindSafe(run).catch_unwind().await;
    client.close().await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn start_browser(browser: &Path, port: &str, profile: &Path) -> Client {
    let options = json!({
        "binary": browser,
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,800", format!("--user-data-dir={}", profile.display()),
        ],
    });
    let capabilities = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
    let driver = format!("http://127.0.0.1:{port}");
    ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&driver).await.unwrap()
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// A child process that does not outlive the test.
struct Process(Child);

impl Process {
    /// Waits for the line of its output that says it is ready; what stands there between the two texts.
    async fn ready(mut child: Child, before: &'static str, after: &'static str) -> (Self, String) {
        let output = child.stdout.take().unwrap();
        let process = Self(child);
        let (tell, told) = tokio::sync::oneshot::channel();
        // A thread of its own, which ends with the process: the output is read on, or a full pipe would stop it.
        std::thread::spawn(move || {
            let mut lines = BufReader::new(output).lines().map_while(Result::ok);
            let found = lines.find_map(|line| {
                let (_, rest) = line.split_once(before)?;
                rest.split_once(after).map(|(value, _)| value.to_owned())
            });
            let _ = tell.send(found);
            lines.for_each(drop);
        });
        let found =
            tokio::time::timeout(BOUND, told).await.expect("the process says nothing in time").unwrap();
        (process, found.expect("the process ended before it was ready"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
