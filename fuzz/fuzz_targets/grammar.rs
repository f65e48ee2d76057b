//! Any text as a message.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((flags, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    jobboard::fuzzing::grammar(text, flags & 1 != 0, flags & 2 != 0, (flags & 4 != 0).then_some(7));
});
