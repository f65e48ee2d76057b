//! Faults, the log of calls, and waiting for what happens.

use serde_json::json;

use super::{
    super::{ChatId, Failure, Fault, Gate, Options, Outcome},
    Bench,
};

#[tokio::test]
async fn refusals_by_fault_meet_the_right_calls_so_often() {
    let bench = Bench::new().await;
    let say = |chat: ChatId| json!({"chat_id": chat.0, "text": "x"});
    let group = bench.telegram().group("Friends", &[bench.ann]);
    let fault = Fault::on("SENDmessage")
        .chat(bench.chat)
        .times(2)
        .answer(Failure::TooManyRequests { retry_after: 7 });
    let fired = bench.telegram().fault(fault);
    bench.ok("sendMessage", say(group)).await;
    bench.ok("getMe", json!({})).await;
    for _ in 0..2 {
        let refused = bench.answer("sendMessage", say(bench.chat)).await;
        assert_eq!(
            refused,
            json!({
                "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 7",
                "parameters": {"retry_after": 7},
            })
        );
    }
    assert_eq!(fired.count(), 2);
    bench.ok("sendMessage", say(bench.chat)).await;
    assert_eq!(bench.telegram().messages(bench.chat).len(), 1);

    bench
        .telegram()
        .fault(Fault::on_any().answer(Failure::Forbidden("bot was blocked by the user".to_owned())));
    bench.telegram().fault(Fault::on_any().answer(Failure::BadRequest("no".to_owned())));
    assert_eq!(bench.refused("getMe", json!({})).await, "Forbidden: bot was blocked by the user");
    assert_eq!(bench.refused("getMe", json!({})).await, "Bad Request: no");
    let always = bench.telegram().fault(Fault::on("getMe").always().answer(Failure::Server(502)));
    let broken = bench.client.get(bench.method_url("getMe")).send().await.unwrap();
    assert_eq!(broken.status(), 502);
    assert_eq!(always.count(), 1);
    bench.telegram().clear_faults();
    bench.ok("getMe", json!({})).await;
}

#[tokio::test]
async fn connections_are_dropped_before_or_after_the_deed() {
    let bench = Bench::new().await;
    for (failure, done) in [(Failure::DropBefore, false), (Failure::DropAfter, true)] {
        let before = bench.telegram().messages(bench.chat).len();
        bench.telegram().fault(Fault::on("sendMessage").answer(failure));
        let request = bench
            .client
            .post(bench.method_url("sendMessage"))
            .json(&json!({"chat_id": bench.chat.0, "text": "x"}));
        let error = request.send().await.unwrap_err();
        assert!(error.is_request() && error.status().is_none(), "{error:?}");
        assert_eq!(bench.telegram().messages(bench.chat).len() > before, done);
        assert_eq!(bench.telegram().calls().pop().unwrap().outcome, Outcome::Dropped { done });
    }
}

#[tokio::test]
async fn an_answer_is_held_until_its_gate_opens() {
    let bench = Bench::new().await;
    let gate = Gate::new();
    bench.telegram().fault(Fault::on("sendMessage").answer(Failure::Hold(gate.clone())));
    let request = bench
        .client
        .post(bench.method_url("sendMessage"))
        .json(&json!({"chat_id": bench.chat.0, "text": "x"}));
    let call = tokio::spawn(async move { super::read(request.send().await.unwrap()).await });
    bench.telegram().wait_message(bench.chat, |message| message.text == "x").await;
    bench.ok("getMe", json!({})).await;
    assert!(!call.is_finished());
    gate.release();
    assert_eq!(call.await.unwrap()["ok"], true);
}

#[tokio::test]
async fn calls_are_logged_unless_that_is_off() {
    let bench = Bench::new().await;
    bench.send("x").await;
    bench.refused("sendMessage", json!({"chat_id": 5, "text": "x"})).await;
    bench.refused("sendMessage", json!({"txt": "x"})).await;
    let calls = bench.telegram().calls();
    assert_eq!((calls[0].method, calls[0].chat), ("sendMessage", Some(bench.chat)));
    assert_eq!(calls[0].params, json!({"chat_id": bench.chat.0, "text": "x"}));
    assert!(matches!(&calls[0].outcome, Outcome::Done(result) if result["message_id"] == 1));
    let refused = Outcome::Refused { code: 400, description: "Bad Request: chat not found".to_owned() };
    assert_eq!(calls[1].outcome, refused);
    assert!(matches!(calls[2].outcome, Outcome::Refused { .. }));
    assert_eq!(bench.telegram().view(|view| view.count_calls("SendMessage")), 3);
    let quiet = Bench::with(Options { call_log: false, ..Options::default() }).await;
    quiet.send("x").await;
    assert!(quiet.telegram().calls().is_empty());
}

#[tokio::test]
async fn waiting_sees_every_change() {
    let bench = Bench::new().await;
    let telegram = bench.telegram().clone();
    let chat = bench.chat;
    let waiting =
        tokio::spawn(async move { telegram.wait_message(chat, |message| message.text == "5").await });
    for n in 1..=9 {
        bench.send(&n.to_string()).await;
    }
    assert_eq!(waiting.await.unwrap().id.0, 5);
    assert!(bench.telegram().dump(chat).contains("\"9\""));
}
