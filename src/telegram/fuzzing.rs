//! What the fuzz targets reach of messages.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a fuzz target tells what is wrong")]

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

pub use super::handlers::fuzzing::update;
use super::{
    buttons::{Button, Key},
    dash::View,
    handlers::fuzzing::request,
    incoming::Update,
    lane::{Answer, Body},
    render,
    sentences::{self, units},
    updates,
};
use crate::{
    board::{KillReport, Snapshot},
    command::ParseError,
    job::{ChatId, Job},
    schedule::Schedule,
    store::Secret,
};

/// What Telegram takes in a message, in UTF-16 units after its entities are parsed.
const MAX_UNITS: usize = 4096;

/// The words that answer what cannot be read.
pub(crate) fn parse_error(error: &ParseError) -> String {
    let words = sentences::parse_error(error, 1_000);
    html(&render::Content::text(&words).html);
    words
}

/// Telegram's HTML is read without an error.
pub fn html(markup: &str) -> usize {
    let read = crate::sandbox::read_html(markup);
    assert!(read.is_ok(), "{read:?} in {markup:?}");
    read.as_deref().map_or(0, units)
}

/// A job as a store may have it, in all the messages about it.
pub(crate) fn shown(job: &Job, dropped: bool) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let snapshot = Snapshot { progress: Some(0.5), dropped, paused: dropped, ..job.clone().into() };
    for content in
        [render::card(&snapshot, now), render::result(&snapshot, now), render::announcement(job, now)]
    {
        let length = html(&content.html);
        assert!((1..=MAX_UNITS).contains(&length), "{length} units: {job:?}");
    }
}

/// What a kill came to.
pub(crate) fn kill_report(report: &KillReport) {
    let length = html(&render::kill_report(report).html);
    assert!(length <= MAX_UNITS, "{length} units");
}

/// What somebody's client sent as a button, signed and not.
pub fn button(code: &str, data: &str, chat: i64, other: i64) {
    let (key, chat) = (Key::new(&Secret([7; 32])), ChatId(chat));
    let stranger = Key::new(&Secret([8; 32]));
    // Nobody knows the key; what is read all the same was signed.
    for text in [code, data] {
        assert!(Button::read(text, &key, chat).is_none() || Button::read(text, &stranger, chat).is_none());
    }
    let Some(button) = Button::read(&key.signed(code, chat), &key, chat) else { return };
    let sent = button.data(&key, chat).into_text();
    assert!(sent.len() <= 64, "{sent}");
    assert_eq!(Button::read(&sent, &key, chat), Some(button));
    assert_eq!(Button::read(&sent, &stranger, chat), None, "{sent}");
    assert!(chat.0 == other || Button::read(&sent, &key, ChatId(other)).is_none(), "{sent}");
}

/// An answer, a question or a dash as a store may have it: what is read is written back the same.
pub fn stored(text: &str) {
    if let Ok(answer) = serde_json::from_str::<Answer>(text) {
        let written = serde_json::to_string(&answer).unwrap_or_default();
        let again = serde_json::from_str::<Answer>(&written).map(|again| serde_json::to_string(&again));
        assert!(matches!(again, Ok(Ok(again)) if again == written), "{written}");
        if let Body::Message(content) = &answer.body
            && let Some(keyboard) = &content.keyboard
        {
            let _ = keyboard.markup(&Key::new(&Secret([7; 32])), ChatId(1));
        }
    }
    if let Ok(view) = serde_json::from_str::<View>(text) {
        let written = serde_json::to_string(&view).unwrap_or_default();
        assert!(serde_json::from_str::<View>(&written).is_ok_and(|again| again == view), "{written}");
    }
    request(text);
}

/// A schedule as a store may have it: it comes to an end or goes on, and can be told of.
pub fn schedule(text: &str, now: i64) {
    let Ok(schedule) = serde_json::from_str::<Schedule>(text) else { return };
    let written = serde_json::to_string(&schedule).unwrap_or_default();
    assert!(serde_json::from_str::<Schedule>(&written).is_ok_and(|again| again == schedule), "{written}");
    let Ok(now) = Timestamp::from_second(now) else { return };
    for after in [now, schedule.said, schedule.next] {
        assert!(schedule.next_after(after).is_none_or(|next| next > after), "{written} after {after}");
    }
    if let Some(due) = schedule.due(now) {
        assert!(due.count > 0 && due.first <= due.last && due.last <= now, "{due:?} of {written}");
    }
    let words = sentences::schedules::all(&[schedule.clone(), schedule], now, true);
    let length = html(&render::Content::text(&words).html);
    assert!((1..=MAX_UNITS).contains(&length), "{length} units");
}

/// An update as [`updates`] reads it.
pub(super) fn read(json: &[u8]) -> Option<Update> {
    updates::read(&serde_json::from_slice(json).ok()?)
}
