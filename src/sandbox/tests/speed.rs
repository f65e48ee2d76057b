//! How fast the sandbox is: it must not be what a benchmark of the bot measures.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use super::{super::Options, Bench};

/// Prints sendMessage calls a second: `cargo test --release --lib sandbox::tests::speed -- --ignored --nocapture`.
/// One core serves; four connections in a thread of their own ask, with requests made beforehand.
#[tokio::test]
#[ignore = "a measurement"]
async fn messages_a_second() {
    const CALLS: usize = 50_000;
    const CONNECTIONS: usize = 4;
    let bench = Bench::with(Options { call_log: false, ..Options::default() }).await;
    let body = format!(
        "{{\"chat_id\":{},\"text\":\"<b>Task 3</b> is submitted\",\"parse_mode\":\"HTML\",\"reply_markup\":{{\"inline_keyboard\":\
         [[{{\"text\":\"Kill\",\"callback_data\":\"kill:3\"}}]]}}}}",
        bench.chat.0
    );
    let request = format!(
        "POST /bot{}/SendMessage HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        Options::default().token,
        body.len()
    );
    let addr = bench.sandbox.addr();
    let before = thread_seconds();
    let asking = tokio::task::spawn_blocking(move || {
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| TcpStream::connect(addr).unwrap()).collect();
        let start = Instant::now();
        let mut answer = vec![0; 64 << 10];
        for _ in 0..CALLS / CONNECTIONS {
            for connection in &mut connections {
                connection.write_all(request.as_bytes()).unwrap();
            }
            for connection in &mut connections {
                // An answer is one small segment on loopback.
                let length = connection.read(&mut answer).unwrap();
                assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
            }
        }
        start.elapsed()
    });
    let elapsed = asking.await.unwrap();
    #[expect(
        clippy::cast_precision_loss,
        clippy::print_stdout,
        reason = "a measurement, for a person to read"
    )]
    {
        println!("{:.0} messages a second", CALLS as f64 / elapsed.as_secs_f64());
        println!(
            "{:.0} messages a second of the serving thread's CPU time",
            CALLS as f64 / (thread_seconds() - before)
        );
    }
    assert_eq!(bench.telegram().messages(bench.chat).len(), 2000);
}

/// What this thread has used of the CPU, so that a busy machine does not spoil the figure; Linux only.
#[expect(clippy::cast_precision_loss, reason = "a measurement")]
fn thread_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or_default() as f64 / 1e9
}
