//! How many of a command run at once, and how many slots one takes.

use super::Yard;

#[tokio::test]
async fn another_one_waits_and_is_in_nobodys_way() {
    let yard = Yard::new();
    yard.declare(&[("backup", "hold", "at_once = 1"), ("greet", "hello", "")]);
    let world = yard.world(|_| ()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    let first = ann.says("backup shop").await;
    yard.began(1).await;
    let second = ben.says("backup wiki").await;
    ben.sees_in(&second, "queued, waits for another backup").await;
    assert!(ben.says("dash").await.text.contains("waits for another backup"));
    // There is a slot still, and others use it.
    ben.runs("fib 5000", "succeeded").await;
    ben.runs("greet Cleo", "hello Cleo").await;
    assert_eq!(yard.begun(), ["shop"]);
    yard.release();
    ann.sees_in(&first, "held shop").await;
    ben.sees_in(&second, "held wiki").await;
    assert_eq!(yard.begun(), ["shop", "wiki"]);
    world.stop().await;
}

#[tokio::test]
async fn one_of_each_chat() {
    let yard = Yard::new();
    yard.declare(&[("backup", "hold", "at_once_per_chat = 1")]);
    let world = yard.world(|_| ()).await;
    let (ann, ben) = (world.person("Ann"), world.person("Ben"));
    ann.says("backup shop").await;
    yard.began(1).await;
    let second = ann.says("backup wiki").await;
    ann.sees_in(&second, "waits for another backup").await;
    ben.says("backup blog").await;
    yard.began(2).await;
    assert_eq!(yard.begun(), ["shop", "blog"]);
    // A kill of what waits leaves nothing behind.
    ann.presses(&second, "Kill").await;
    ann.sees_in(&second, "Cancelled by Ann").await;
    yard.release();
    ann.runs("backup last", "held last").await;
    world.stop().await;
}

#[tokio::test]
async fn one_that_takes_both_slots_has_them_alone() {
    let yard = Yard::new();
    yard.declare(&[("render", "hold", "weight = 2"), ("look", "hold", "weight = 0")]);
    let world = yard.world(|_| ()).await;
    let ann = world.person("Ann");
    let first = ann.says("render a").await;
    yard.began(1).await;
    let second = ann.says("render b").await;
    let number = ann.says("fib 5000").await;
    ann.sees_in(&second, "queued").await;
    ann.sees_in(&number, "queued").await;
    // What takes no slot of CPU does not wait for one.
    ann.says("look c").await;
    yard.began(2).await;
    assert_eq!(yard.begun(), ["a", "c"]);
    yard.release();
    ann.sees_in(&first, "held a").await;
    ann.sees_in(&second, "held b").await;
    ann.sees_in(&number, "succeeded").await;
    world.stop().await;
}
