//! Declared commands on the machines of workers.

use std::{fs, path::Path, time::Duration};

use futures_util::StreamExt;
use jobboard::{config::Config, sandbox::Message, work::Engine};

use super::{Yard, olga};
use crate::{
    nats::{Mate, Nats, Wire, of_fleet, of_worker, until},
    process::Ground,
    world::{Speaker, World},
};

/// Far longer than anything takes.
const BOUND: Duration = Duration::from_mins(1);
const INTERRUPTED: &str =
    "It was interrupted when the bot or its worker stopped, and is not run again by itself.";

/// A worker of one slot that offers what the yard declares.
fn offering(yard: &Yard, nats: &Nats) -> Config {
    let mut config = of_worker(&nats.url(), 1);
    config.jobs_file = Some(yard.file());
    config.binary = Some(env!("CARGO_BIN_EXE_jobboard").into());
    config
}

async fn world(yard: &Yard, nats: &Nats) -> World {
    yard.world(|setup| of_fleet(&mut setup.config, &nats.url())).await
}

/// The document of this name that the chat gets.
async fn document(ann: &Speaker<'_>, name: &str) -> String {
    let is_it = |message: &Message| message.document.as_ref().is_some_and(|file| file.name == name);
    let found = ann.sees(name, is_it).await;
    String::from_utf8(found.document.unwrap().bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_command_runs_where_a_worker_offers_it() {
    let Some(nats) = Nats::start() else { return };
    let yard = Yard::new();
    yard.declare(&[("greet", "hello", "")]);
    let world = world(&yard, &nats).await;
    let ann = world.person("Ann");
    let plain = Mate::single(&nats.url(), Engine::new());
    let card = ann.says("greet Cleo").await;
    ann.sees_in(&card, "No worker that is there runs this command").await;
    let dash = ann.says("dash").await;
    ann.sees_in(&dash, "no worker runs it").await;
    ann.runs("fib 5000", "The 5000th fibonacci number").await;
    let mate = Mate::start(offering(&yard, &nats), Engine::new());
    ann.sees_in(&card, "hello Cleo").await;
    assert!(olga(&world).says("workers").await.text.contains("Runs greet."));
    mate.stop().await;
    let card = ann.says("greet Dan").await;
    ann.sees_in(&card, "No worker that is there runs this command").await;
    plain.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn what_a_program_prints_and_makes_on_a_worker_comes_to_the_chat() {
    let Some(nats) = Nats::start() else { return };
    let yard = Yard::new();
    yard.script("render", "seq 1 3000\necho pixels > image.txt");
    yard.script("breaks", "seq 1 3000 >&2\nexit 4");
    let folder = format!("folder = \"{}\"\nat_once = 1", yard.path("").display());
    let render = format!("{folder}\nfiles = {{ patterns = [\"image.txt\"], max_size = \"1MB\" }}");
    yard.declare(&[("render", "render", &render), ("breaks", "breaks", "")]);
    let world = world(&yard, &nats).await;
    let mate = Mate::start(offering(&yard, &nats), Engine::new());
    let ann = world.person("Ann");
    let card = ann.runs("render", "succeeded").await;
    assert_eq!(document(&ann, "image.txt").await, "pixels\n");
    ann.presses(&card, "Whole output").await;
    let whole = document(&ann, "render.txt").await;
    assert!(whole.lines().count() == 3_000 && whole.starts_with("1\n2\n"), "{} bytes", whole.len());
    let failed = ann.runs("breaks", "It ended with status 4.").await;
    ann.presses(&failed, "Whole output").await;
    assert_eq!(document(&ann, "breaks.txt").await, whole);
    mate.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn a_running_program_is_seen_from_the_chat_and_a_kill_reaches_it() {
    let Some(nats) = Nats::start() else { return };
    let yard = Yard::new();
    let pid = yard.path("pid");
    let talks =
        format!("echo $$ > {}\necho 'step one'\necho '::progress 0.4 copying'\nsleep 600", pid.display());
    yard.script("talks", &talks);
    yard.declare(&[("talks", "talks", "")]);
    let world = world(&yard, &nats).await;
    let mate = Mate::start(offering(&yard, &nats), Engine::new());
    let ann = world.person("Ann");
    let card = ann.says("talks").await;
    for shown in ["40 %", "copying", "step one"] {
        ann.sees_in(&card, shown).await;
    }
    ann.says("kill 1").await;
    ann.sees_in(&card, "Cancelled by Ann").await;
    let pid = fs::read_to_string(pid).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "it is said to be killed, and runs");
    mate.stop().await;
    world.stop().await;
}

/// Whoever has it is heard of again before it is thought gone.
#[tokio::test]
async fn what_still_runs_on_a_worker_that_was_cut_off_is_left_to_it() {
    let Some(nats) = Nats::start() else { return };
    let yard = Yard::new();
    yard.declare(&[("deploy", "hold", "")]);
    let patient = |config: &mut Config| config.timings.fleet.gone = BOUND;
    let world = yard
        .world(|setup| {
            of_fleet(&mut setup.config, &nats.url());
            patient(&mut setup.config);
        })
        .await;
    let wire = Wire::to(nats.addr()).await;
    let mut config = offering(&yard, &nats);
    config.machines.nats_url = wire.url().parse().unwrap();
    let first = Mate::start(config, Engine::new());
    let ann = world.person("Ann");
    let card = ann.says("deploy a").await;
    yard.began(1).await;
    let client = async_nats::connect(nats.url()).await.unwrap();
    let mut said = client.subscribe("$JS.ACK.jobboard-4242-jobs.>").await.unwrap();
    client.flush().await.unwrap();
    wire.cut();
    let second = Mate::start(offering(&yard, &nats), Engine::new());
    let is_given_back = async { while !said.next().await.unwrap().payload.starts_with(b"-NAK") {} };
    tokio::time::timeout(BOUND, is_given_back).await.expect("it is not given back");
    wire.mend();
    yard.release();
    ann.sees_in(&card, "held a").await;
    assert_eq!(yard.begun().len(), 1);
    second.stop().await;
    first.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn what_nats_has_lost_of_an_output_is_said_and_holds_nothing_up() {
    let Some(nats) = Nats::start() else { return };
    let yard = Yard::new();
    yard.script("much", &format!("{} much\nseq 1 3000", yard.path("hold").display()));
    yard.declare(&[("much", "much", "")]);
    let mut world = world(&yard, &nats).await;
    let mate = Mate::start(offering(&yard, &nats), Engine::new());
    let (chat, person, card) = {
        let ann = world.person("Ann");
        (ann.chat, ann.person, ann.says("much").await)
    };
    yard.began(1).await;
    world.stop_bot().await;
    yard.release();
    let jetstream = nats.jetstream().await;
    let is_told = async || {
        jetstream.get_stream("jobboard-4242-results").await.unwrap().cached_info().state.messages > 0
    };
    until(BOUND, "the result is there", is_told).await;
    let files = jetstream.get_stream("OBJ_jobboard-4242-results").await.unwrap();
    let lost = files.purge().filter("$O.jobboard-4242-results.C.>").await.unwrap();
    assert!(lost.purged > 0, "nothing of it was there");
    world.start_again(Engine::new());
    let ann = world.speaker(chat, person);
    ann.sees_in(&card, "of its output could not be kept").await;
    ann.runs("fib 5000", "The 5000th fibonacci number").await;
    mate.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn what_ran_on_a_worker_that_dies_is_interrupted_or_run_again_as_it_is_declared() {
    let Some(nats) = Nats::start() else { return };
    let yard = Yard::new();
    yard.declare(&[("deploy", "hold", ""), ("index", "hold", "rerun = true")]);
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_JOBS_FILE", &yard.file().display().to_string());
    ground.set("JOBBOARD_NATS_URL", &nats.url());
    let token = jobboard::sandbox::Options::default().token;
    ground.set("JOBBOARD_BOT_ID", token.split(':').next().unwrap());
    let bot = ground.start_as(&["--role", "bot"]);
    let ann = ground.telegram.person("Ann");
    let talk = ground.private(&bot, ann);
    let deploy = talk.says("deploy a").await;
    let index = talk.says("index b").await;
    let worker = ground.start_as(&["worker"]);
    yard.began(2).await;
    worker.kill();
    let next = ground.start_as(&["worker"]);
    talk.sees_in(&deploy, INTERRUPTED).await;
    yard.began(3).await;
    assert_eq!(yard.begun().pop().as_deref(), Some("b"));
    yard.release();
    talk.sees_in(&index, "held b").await;
    assert_eq!(yard.begun().len(), 3);
    next.stop().await;
    bot.stop().await;
}
