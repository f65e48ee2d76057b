//! Any text as a message.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((flags, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let [private, reply_to_bot, has_card, owner] = [1, 2, 4, 8].map(|flag| flags & flag != 0);
    jobboard::fuzzing::grammar(text, [private, reply_to_bot, owner], has_card.then_some(7));
});
