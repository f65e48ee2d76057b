//! Whole results as documents: as they are, compressed, or what can be said of them. Telegram's 50 MB are kilobytes here.

use std::{io::Read, process::Command};

use flate2::read::GzDecoder;
use jobboard::sandbox::{File, Message};
use num_bigint::BigUint;
use sha2::{Digest, Sha256};

use crate::world::{Speaker, World};

/// A world whose Telegram takes documents of so many bytes, and whose bot knows it.
async fn with_limit(limit: usize) -> World {
    World::with(|setup| {
        setup.config.max_document = limit as u64;
        setup.options.max_upload = limit;
    })
    .await
}

/// The n-th number, by another way than the bot's.
fn reference(n: u64) -> String {
    let (mut a, mut b) = (BigUint::ZERO, BigUint::from(1_u8));
    let index = n - 1;
    for bit in (0..u64::BITS - index.leading_zeros()).rev() {
        let doubled = &a * ((&b << 1_u8) - &a);
        let next = &a * &a + &b * &b;
        (a, b) = (doubled, next);
        if index >> bit & 1 == 1 {
            (a, b) = (b.clone(), a + b);
        }
    }
    a.to_string()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn unpacked(file: &File) -> String {
    let mut text = String::new();
    GzDecoder::new(&file.bytes[..]).read_to_string(&mut text).unwrap();
    text
}

fn text(file: &File) -> String {
    String::from_utf8(file.bytes.to_vec()).unwrap()
}

/// The document that an answer to `message` brings.
async fn document(ann: &Speaker<'_>, message: &Message) -> (File, String) {
    let found =
        ann.sees("a document", |found| found.document.is_some() && found.reply_to == Some(message.id)).await;
    (found.document.unwrap(), found.text)
}

#[tokio::test]
async fn what_is_too_large_comes_compressed() {
    let world = with_limit(20_000).await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 150000", "(31,348 digits)").await;
    assert_eq!(
        ann.presses(&card, "Whole number").await,
        "It is compressed first, because Telegram takes 20 kB; the file is on its way"
    );
    let (file, caption) = document(&ann, &card).await;
    assert_eq!(file.name, "fib-150000.txt.gz");
    assert!(file.bytes.len() <= 20_000, "{}", file.bytes.len());
    assert_eq!(
        caption,
        "The whole result of task 1: 31,348 digits, compressed (gzip) because Telegram takes documents of up to 20 kB"
    );
    assert_eq!(unpacked(&file), reference(150_000));
    world.stop().await;
}

#[tokio::test]
async fn what_is_too_large_even_then_comes_as_its_ends_and_a_checksum() {
    let world = with_limit(20_000).await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 300000", "(62,696 digits)").await;
    let toast = ann.presses(&card, "Whole number").await;
    assert!(toast.starts_with("Too large for Telegram, which takes 20 kB"), "{toast}");
    let (file, caption) = document(&ann, &card).await;
    assert_eq!(file.name, "fib-300000-summary.txt");
    assert!(caption.contains("62,696 digits are too many for Telegram"), "{caption}");
    let (text, digits) = (text(&file), reference(300_000));
    let (head, tail) = (&digits[..1000], &digits[digits.len() - 1000..]);
    let sha256 = sha256(&digits);
    for wanted in [
        "Telegram takes documents of up to 20 kB",
        "The 300000th fibonacci number has 62,696 digits.",
        &format!("\nThe first 1,000:\n{head}\n"),
        &format!("\nThe last 1,000:\n{tail}\n"),
        &format!("SHA-256 of all digits, without a newline at the end:\n{sha256}\n"),
        "To get all of them: jobboard fib 300000\n",
        &format!("results/{}-1.txt", ann.chat.0),
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
    // `job` says the same.
    let asked = ann.says("job 1").await;
    let (again, _) = {
        let command = asked.reply_to;
        let found =
            ann.sees("a document", |found| found.document.is_some() && found.reply_to == command).await;
        (found.document.unwrap(), found.text)
    };
    assert_eq!(again, file);
    world.stop().await;
}

#[tokio::test]
async fn several_numbers_keep_to_the_same_rules() {
    let world = with_limit(20_000).await;
    let ann = world.person("Ann");
    let line = |n: u64| format!("The {n}th fibonacci number is {}\n", reference(n));

    let card = ann.runs("fib-multi 30000 40000", "succeeded").await;
    assert_eq!(ann.presses(&card, "Whole result").await, "The file is on its way");
    let (file, _) = document(&ann, &card).await;
    assert_eq!(
        (file.name.as_str(), text(&file)),
        ("fib-multi-30000-40000.txt", line(30_000) + &line(40_000))
    );

    let card = ann.runs("fib-multi 30000 100000", "succeeded").await;
    ann.presses(&card, "Whole result").await;
    let (file, caption) = document(&ann, &card).await;
    assert_eq!(
        (file.name.as_str(), unpacked(&file)),
        ("fib-multi-30000-100000.txt.gz", line(30_000) + &line(100_000))
    );
    assert!(caption.contains("27,169 digits"), "{caption}");

    let card = ann.runs("fib-multi 100000 150000", "succeeded").await;
    ann.presses(&card, "Whole result").await;
    let (file, _) = document(&ann, &card).await;
    assert_eq!(file.name, "fib-multi-100000-150000-summary.txt");
    for n in [100_000, 150_000] {
        assert!(text(&file).contains(&sha256(&reference(n))), "{n}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_document_that_telegram_does_not_take_comes_as_a_summary() {
    let world = World::with(|setup| setup.options.max_upload = 20_000).await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 100000", "(20,899 digits)").await;
    assert_eq!(ann.presses(&card, "Whole number").await, "The file is on its way");
    let (file, _) = document(&ann, &card).await;
    assert_eq!(file.name, "fib-100000-summary.txt");
    world.stop().await;
}

#[tokio::test]
async fn nobody_waits_while_a_document_is_made() {
    let world = with_limit(20_000).await;
    let ann = world.person("Ann");
    let card = ann.runs("fib 150000", "(31,348 digits)").await;
    // Who reads its digits now waits until somebody writes them.
    let digits = world.folder.path().join(format!("results/{}-1.txt", ann.chat.0));
    std::fs::remove_file(&digits).unwrap();
    assert!(Command::new("mkfifo").arg(&digits).status().unwrap().success());
    assert!(ann.presses(&card, "Whole number").await.contains("on its way"));
    ann.runs("fib 10", "is 34").await;
    assert!(ann.heard().iter().all(|message| message.document.is_none()));
    // Nobody writes enough of them.
    let writer = std::fs::OpenOptions::new().write(true).open(&digits).unwrap();
    ann.sees("what became of it", |message| message.text.contains("its digits were dropped")).await;
    drop(writer);
    world.stop().await;
}
