//! What people read beside whole results, and in their summaries.

use std::fmt::Write;

use super::{ordinal, thousands};
use crate::{
    job::{JobId, Number},
    telegram::whole::{Ends, Form},
};

/// The toast of the button that asks for a whole result. What is more than a sending is said: it takes seconds.
pub(in crate::telegram) fn on_its_way(form: Form, limit: u64) -> String {
    match form {
        Form::Text => "The file is on its way".to_owned(),
        Form::Packed => {
            format!("It is compressed first, because Telegram takes {}; the file is on its way", size(limit))
        }
        Form::Summary => format!(
            "Too large for Telegram, which takes {}: its first and last digits and a checksum are on their way",
            size(limit)
        ),
    }
}

/// Beside a document.
pub(in crate::telegram) fn caption(id: JobId) -> String {
    format!("The whole result of task {}", id.0)
}

/// Beside one that is compressed.
pub(in crate::telegram) fn packed_caption(id: JobId, digits: usize, limit: u64) -> String {
    format!(
        "{}: {} digits, compressed (gzip) because Telegram takes documents of up to {}",
        caption(id),
        thousands(digits),
        size(limit)
    )
}

/// Beside the summary of what is too large.
pub(in crate::telegram) fn summary_caption(id: JobId, digits: usize, limit: u64) -> String {
    format!(
        "Task {}: {} digits are too many for Telegram, which takes documents of up to {}. Here are the first and the \
         last thousand and a checksum, and how to get all of them.",
        id.0,
        thousands(digits),
        size(limit)
    )
}

/// The first lines of a summary; `packed` are the bytes that are left of the `whole` where that was no way out.
pub(in crate::telegram) fn summary_start(whole: u64, packed: Option<u64>, limit: u64) -> String {
    let packed = packed.map(|packed| format!(", and about {} when it is compressed", size(packed)));
    format!(
        "This is not the whole result, which has {}{}: Telegram takes documents of up to {}.\n",
        size(whole),
        packed.unwrap_or_default(),
        size(limit)
    )
}

/// A number in a summary; `file` is where it stands in the data folder.
pub(in crate::telegram) fn summary(number: &Number, ends: &Ends, file: Option<&str>) -> String {
    let digits = number.digits.len();
    let mut text =
        format!("\nThe {} fibonacci number has {} digits.\n", ordinal(number.n), thousands(digits));
    if digits <= ends.head.len() {
        let _ = write!(text, "\nAll of them:\n{}\n", ends.head);
    } else {
        let count = thousands(ends.head.len());
        let _ = write!(text, "\nThe first {count}:\n{}\n\nThe last {count}:\n{}\n", ends.head, ends.tail);
    }
    let _ = write!(
        text,
        "\nSHA-256 of all digits, without a newline at the end:\n{}\n\nTo get all of them: jobboard fib {}\n",
        ends.sha256, number.n
    );
    if let Some(file) = file {
        let _ = writeln!(text, "The bot's operator finds them in the data folder: results/{file}");
    }
    text
}

/// The answer to a wish for a document that would say nothing more.
pub(in crate::telegram) fn not_needed(id: JobId) -> String {
    format!("The message about task {} shows all there is.", id.0)
}

/// A document that could not be made.
pub(in crate::telegram) fn failed(id: JobId) -> String {
    format!("The file of task {} could not be made; the operator finds why in the log.", id.0)
}

/// `50 MB`, `4.2 MB`, `20 kB`, `999 bytes`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 if !bytes.is_multiple_of(1_000_000) => {
            format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
        }
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let sizes = [999, 20_000, 4_250_000, 50_000_000, 208_987_640].map(size);
        assert_eq!(sizes, ["999 bytes", "20 kB", "4.2 MB", "50 MB", "208 MB"]);
    }

    #[test]
    fn toasts_and_captions_fit() {
        let limit = u64::MAX;
        for form in [Form::Text, Form::Packed, Form::Summary] {
            assert!(on_its_way(form, limit).len() <= 200);
        }
        assert!(summary_caption(JobId(u64::MAX), usize::MAX, limit).len() <= 1024);
    }
}
