//! How long a program may run: its own limit, and not that of other tasks.

use std::time::Duration;

use super::Yard;

#[tokio::test]
async fn a_limit_of_its_own_may_be_longer_than_that_of_other_tasks() {
    let yard = Yard::new();
    yard.declare(&[("backup", "hold", "timeout = \"1h\""), ("short", "hold", "")]);
    let world = yard.world(|setup| setup.config.job_timeout = Duration::from_millis(300)).await;
    let ann = world.person("Ann");
    let long = ann.says("backup shop").await;
    yard.began(1).await;
    // Where nothing is declared, it is that of all.
    let short = ann.says("short x").await;
    ann.sees_in(&short, "It took longer than").await;
    ann.sees_in(&long, "running").await;
    yard.release();
    ann.sees_in(&long, "held shop").await;
    world.stop().await;
}

#[tokio::test]
async fn what_it_printed_is_told_with_its_limit() {
    let yard = Yard::new();
    yard.script("slow", "echo first; echo second; exec sleep 1000");
    yard.declare(&[("slow", "slow", "timeout = \"1s\"")]);
    let world = yard.world(|_| ()).await;
    let ann = world.person("Ann");
    let card = ann.runs("slow", "It took longer than 1").await;
    assert!(ann.sees_in(&card, "failed").await.text.contains("second"));
    world.stop().await;
}
