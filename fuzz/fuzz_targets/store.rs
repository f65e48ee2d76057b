//! A store's file with some bytes changed, or any bytes as one.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    if kind == b'f' {
        return jobboard::fuzzing::file(data, &[]);
    }
    let changes: Vec<_> = data
        .chunks_exact(3)
        .take(64)
        .map(|three| (u16::from_le_bytes([three[0], three[1]]), three[2]))
        .collect();
    jobboard::fuzzing::file(&[], &changes);
});
