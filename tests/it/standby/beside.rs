//! A bot without `JOBBOARD_STANDBY`, and others beside it.

use std::time::Instant;

use jobboard::{
    lease::{LeaseTimings, Leases},
    sandbox::Options as SandboxOptions,
};

use super::{
    BOUND, connect_as,
    takeover::{ground, leads},
};
use crate::{
    nats::{Mate, Nats, until},
    web::Web,
    world::Held,
};

/// Waits until a bot that leads has the lease, too: it takes it beside its work.
async fn has_the_lease(nats: &Nats) {
    let id = SandboxOptions::default().token.split(':').next().unwrap().parse().unwrap();
    let leases = Leases::open(&connect_as(&nats.url(), id).await, LeaseTimings::default()).await.unwrap();
    until(BOUND, "it has the lease", async || leases.leader().await.unwrap().is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leads_beside_a_bot_that_was_forgotten_to_be_followed() {
    let Some(nats) = Nats::start() else { return };
    let (mut ground, _) = ground(&nats).await;
    ground.set("JOBBOARD_STANDBY", "false");
    let alone = ground.start_in("first", &[]);
    leads(&alone, Instant::now()).await;
    has_the_lease(&nats).await;
    // It has a store of its own, too: nothing but the lease keeps it from leading.
    let own = ground.start_in("second", &[("JOBBOARD_ROLE", "all")]);
    leads(&own, Instant::now()).await;
    own.stop().await;
    let next = ground.start_in("second", &[("JOBBOARD_STANDBY", "true")]);
    next.logs("there is nothing to follow, and this bot will not take its place").await;
    alone.stop().await;
    next.stop().await;
    // Who starts it now may know.
    let next = ground.start_in("second", &[("JOBBOARD_STANDBY", "true")]);
    leads(&next, Instant::now()).await;
}

/// It knows nothing of the first one's tasks: to it, all that is there is of none.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_bot_ends_and_takes_nothing_of_the_first_ones_away() {
    let Some(nats) = Nats::start() else { return };
    let (mut ground, ann) = ground(&nats).await;
    ground.set("JOBBOARD_STANDBY", "false");
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    let held = Held::new();
    let mate = Mate::single(&nats.url(), held.attentive());
    let talk = ground.private(&first, ann);
    let card = talk.says("fib 5000").await;
    held.began(1).await;
    let (status, log) = ground.start_in("second", &[]).ended().await;
    assert!(!status.success(), "{log}");
    assert!(
        log.contains("another bot of this token leads: end it, or start both with JOBBOARD_STANDBY"),
        "{log}"
    );
    assert!(!log.contains("is removed") && !log.contains("nobody wants"), "{log}");
    held.release();
    talk.sees_in(&card, "The 5000th fibonacci number").await;
    assert_eq!(held.begun(), 0, "it was begun twice");
    mate.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_tells_that_nobody_can_follow_who_leads() {
    let Some(nats) = Nats::start() else { return };
    let (ground, _) = ground(&nats).await;
    let web = Web::new();
    let standby = ground.start_in("second", &[("JOBBOARD_HTTP_ADDR", &web.addr.to_string())]);
    let first = ground.start_in("first", &[("JOBBOARD_STANDBY", "false")]);
    leads(&first, Instant::now()).await;
    standby.logs("there is nothing to follow, and this bot will not take its place").await;
    web.until("/readyz", 503, "nobody can follow it").await;
    first.stop().await;
    // With it, there is.
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    web.until("/readyz", 503, "another bot leads, and this one follows it").await;
    first.kill();
    leads(&standby, Instant::now()).await;
}

/// It has the lease again when that of its last process is over; until then it removes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_bot_has_left_on_nats_before_it_was_killed_is_removed() {
    let Some(nats) = Nats::start() else { return };
    let (mut ground, ann) = ground(&nats).await;
    ground.set("JOBBOARD_STANDBY", "false");
    let first = ground.start_in("first", &[]);
    leads(&first, Instant::now()).await;
    has_the_lease(&nats).await;
    let jetstream = nats.jetstream().await;
    let count = async || {
        let results = jetstream.get_stream("jobboard-4242-results").await;
        results.map(|results| results.cached_info().state.messages).ok()
    };
    until(BOUND, "results can be kept", async || count().await == Some(0)).await;
    let chat = ground.private(&first, ann).chat.0;
    first.kill();
    // Of the task that had ended long before.
    let result = format!("jobboard.4242.results.{chat}.1.0.1");
    jetstream.publish(result, "{}".into()).await.unwrap().await.unwrap();
    let again = ground.start_in("first", &[]);
    leads(&again, Instant::now()).await;
    until(BOUND, "it is removed", async || count().await == Some(0)).await;
    again.stop().await;
}
