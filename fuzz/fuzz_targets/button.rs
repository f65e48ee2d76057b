//! Any text as what a client sent for a pressed button, in any chat.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((chat, text)) = data.split_first_chunk::<8>() else { return };
    let Some((other, text)) = text.split_first_chunk::<8>() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (chat, other) = (i64::from_le_bytes(*chat), i64::from_le_bytes(*other));
    jobboard::fuzzing::button(text.split(':').next().unwrap_or_default(), text, chat, other);
});
