//! What people read beside whole results, and in their summaries.

use super::{numbers::decimal, ordinal, thousands};
use crate::{
    job::{JobId, Number},
    telegram::{
        language::say,
        whole::{Ends, Form},
    },
};

/// The toast of the button that asks for a whole result. What is more than a sending is said: it takes seconds.
pub(in crate::telegram) fn on_its_way(form: Form, limit: u64) -> String {
    match form {
        Form::Text => say!("document-on-its-way"),
        Form::Packed => say!("document-packed-first", limit = size(limit)),
        Form::Summary => say!("document-too-large", limit = size(limit)),
    }
}

/// Beside a document.
pub(in crate::telegram) fn caption(id: JobId) -> String {
    say!("document-caption", id = id.0)
}

/// Beside one that is compressed.
pub(in crate::telegram) fn packed_caption(id: JobId, digits: usize, limit: u64) -> String {
    say!("document-packed", id = id.0, digits = thousands(digits), limit = size(limit))
}

/// Beside the summary of what is too large.
pub(in crate::telegram) fn summary_caption(id: JobId, digits: usize, limit: u64) -> String {
    say!("document-summary", id = id.0, digits = thousands(digits), limit = size(limit))
}

/// The first lines of a summary; `packed` are the bytes that are left of the `whole` where that was no way out.
pub(in crate::telegram) fn summary_start(whole: u64, packed: Option<u64>, limit: u64) -> String {
    let (whole, limit) = (size(whole), size(limit));
    let start = match packed {
        Some(packed) => say!("summary-start-packed", whole = whole, packed = size(packed), limit = limit),
        None => say!("summary-start", whole = whole, limit = limit),
    };
    start + "\n"
}

/// A number in a summary; `file` is where it stands in the data folder.
pub(in crate::telegram) fn summary(number: &Number, ends: &Ends, file: Option<&str>) -> String {
    let digits = number.digits.len();
    let head = say!("summary-number", nth = ordinal(number.n), digits = thousands(digits));
    let digits = if digits <= ends.head.len() {
        format!("{}\n{}", say!("summary-all"), ends.head)
    } else {
        let count = thousands(ends.head.len());
        let (first, last) = (say!("summary-first", count = &count), say!("summary-last", count = &count));
        format!("{first}\n{}\n\n{last}\n{}", ends.head, ends.tail)
    };
    let checksum = say!("summary-checksum");
    let how = say!("summary-how", n = number.n);
    let mut text = format!("\n{head}\n\n{digits}\n\n{checksum}\n{}\n\n{how}\n", ends.sha256);
    if let Some(file) = file {
        text += &say!("summary-file", file = file);
        text.push('\n');
    }
    text
}

/// The answer to a wish for a document that would say nothing more.
pub(in crate::telegram) fn not_needed(id: JobId) -> String {
    say!("document-not-needed", id = id.0)
}

/// A document that could not be made.
pub(in crate::telegram) fn failed(id: JobId) -> String {
    say!("document-failed", id = id.0)
}

/// `50 MB`, `4.2 MB`, `20 kB`, `999 bytes`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => say!("bytes", count = bytes),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 if !bytes.is_multiple_of(1_000_000) => {
            format!("{} MB", decimal(bytes / 1_000_000, bytes / 100_000 % 10))
        }
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::Language,
        telegram::{language::within, sentences::units},
    };

    #[test]
    fn sizes() {
        let sizes = [999, 20_000, 4_250_000, 50_000_000, 208_987_640].map(size);
        assert_eq!(sizes, ["999 bytes", "20 kB", "4.2 MB", "50 MB", "208 MB"]);
    }

    #[test]
    fn toasts_and_captions_fit() {
        let limit = u64::MAX;
        for language in Language::ALL {
            within(language, || {
                for form in [Form::Text, Form::Packed, Form::Summary] {
                    assert!(units(&on_its_way(form, limit)) <= 200);
                }
                assert!(units(&summary_caption(JobId(u64::MAX), usize::MAX, limit)) <= 1024);
            });
        }
    }
}
