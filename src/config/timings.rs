//! Durations that people need not set.

use std::time::Duration;

/// Durations that only tests change.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// How long Telegram may hold a `getUpdates` (its server allows 50 s).
    pub poll: Duration,
    /// How long one call may take, uploads excepted.
    pub call: Duration,
    /// How long an upload may take: 50 MB over a slow line.
    pub upload: Duration,
    /// The first pause after a lost connection or a 5xx; doubled up to [`backoff_max`](Self::backoff_max).
    pub backoff: Duration,
    /// The longest such pause.
    pub backoff_max: Duration,
    /// How long a card waits for the end of its job, so that a quick job is one message.
    pub quick_job: Duration,
    /// The pause between two edits of a card while its job is unfinished.
    pub card_pause: Duration,
    /// How often a running job's card is looked at for progress.
    pub card_refresh: Duration,
    /// The minute of the paces: tests have a shorter one. A second of it is a 60th.
    pub rate_period: Duration,
    /// The distance between two edits that the live dash of a private chat makes by itself.
    pub dash_private: Duration,
    /// The same in a group.
    pub dash_group: Duration,
    /// A new card that would have to wait longer for the chat's pace shares a message with others.
    pub merge_after: Duration,
    /// Cards join such a message so long after the last that did.
    pub merge_join: Duration,
    /// What waits to be said may take so long at the pace of all chats; with more, nobody's task is taken.
    pub unsaid: Duration,
    /// From which duration on the end of a job is announced with a message of its own.
    pub announce_after: Duration,
    /// How long an inline query may take; Telegram's clients do not wait much longer.
    pub inline_limit: Duration,
    /// How long PokeAPI is not asked for a name that somebody may still be typing.
    pub inline_pause: Duration,
    /// How long a look at who is an admin may take.
    pub member: Duration,
    /// How long it is remembered who is an admin, and who is not.
    pub member_kept: Duration,
    /// How long a question before something runs may be answered.
    pub confirm: Duration,
    /// A press that asks for a message is the same one again for so long.
    pub press_again: Duration,
    /// A chat that the bot does not work for is told so once in so long.
    pub stranger_again: Duration,
    /// Between two tries to store the end of a job, while the disk is full.
    pub store_again: Duration,
    /// How often the clock is looked at while something is scheduled: it may be put forward, and the machine be suspended.
    pub clock_look: Duration,
    /// How long no worker is there, or NATS is away, before people are told: it may be a moment.
    pub fleet_told: Duration,
    /// How long a start waits for a bot that still stops on the same data folder.
    pub take_over: Duration,
    /// How long a stop may take for jobs to end.
    pub stop_jobs: Duration,
    /// How long a stop may take, after the jobs, for what is still to be said.
    pub stop_outbox: Duration,
    /// Telegram counts as reached for so long after the last answer or update of its.
    pub telegram_away: Duration,
    /// How often Telegram is asked whether the webhook is still set.
    pub webhook_look: Duration,
    /// How long it is remembered whether the store could be written.
    pub ready_kept: Duration,
    /// The lease of the bot that leads, where others follow.
    pub lease: crate::lease::LeaseTimings,
    /// What bot and workers go by.
    pub fleet: crate::work::FleetTimings,
    /// PokeAPI's.
    pub pokeapi: crate::work::PokeApiTimings,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(50),
            call: Duration::from_secs(20),
            upload: Duration::from_mins(5),
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
            quick_job: Duration::from_millis(40),
            card_pause: Duration::from_secs(1),
            card_refresh: Duration::from_secs(5),
            rate_period: Duration::from_mins(1),
            dash_private: Duration::from_secs(3),
            dash_group: Duration::from_secs(5),
            merge_after: Duration::from_secs(5),
            merge_join: Duration::from_mins(1),
            unsaid: Duration::from_secs(30),
            announce_after: Duration::from_secs(10),
            inline_limit: Duration::from_secs(5),
            inline_pause: Duration::from_millis(300),
            member: Duration::from_secs(3),
            member_kept: Duration::from_mins(1),
            confirm: Duration::from_mins(10),
            press_again: Duration::from_secs(10),
            stranger_again: Duration::from_hours(1),
            store_again: Duration::from_secs(1),
            clock_look: Duration::from_secs(15),
            fleet_told: Duration::from_secs(2),
            take_over: Duration::from_secs(10),
            stop_jobs: Duration::from_secs(3),
            stop_outbox: Duration::from_secs(3),
            telegram_away: Duration::from_mins(3),
            webhook_look: Duration::from_mins(1),
            ready_kept: Duration::from_secs(5),
            lease: crate::lease::LeaseTimings::default(),
            fleet: crate::work::FleetTimings::default(),
            pokeapi: crate::work::PokeApiTimings::default(),
        }
    }
}
