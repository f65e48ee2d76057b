//! What the fuzz targets reach of the board.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a fuzz target tells what is wrong")]

use super::kill::Kill;

/// A kill as a store may have it.
pub fn kill(text: &str) {
    let Ok(kill) = serde_json::from_str::<Kill>(text) else { return };
    let again = serde_json::to_string(&kill).map(|text| serde_json::from_str::<Kill>(&text).is_ok());
    assert!(matches!(again, Ok(true)), "{kill:?}");
    assert!(kill.open().len() <= kill.verdicts.len());
    crate::telegram::fuzzing::kill_report(&kill.report());
}
