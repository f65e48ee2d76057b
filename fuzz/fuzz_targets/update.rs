//! Any bytes as an update of Telegram's.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| jobboard::fuzzing::update(data));
