//! Anything that is said to a declared command, and any file that declares some.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [first, last, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    if *first == 255 {
        jobboard::fuzzing::jobs_file(text);
    } else {
        jobboard::fuzzing::arguments([*first, *last], text);
    }
});
