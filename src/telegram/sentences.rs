//! What people read. Every sentence is made here, once: a function with typed arguments for each that stands in
//! `locales/`, in the language that is spoken where it is called ([`super::language`]). Names and arguments are escaped by
//! whoever puts them into HTML.

pub(super) mod allowed;
pub(super) mod boards;
mod commands;
pub(super) mod declared;
pub(super) mod documents;
pub(super) mod fleet;
pub(super) mod inline;
mod numbers;
pub(super) mod owners;
pub(super) mod programs;
pub(super) mod reload;
pub(super) mod rich;
pub(super) mod roles;
pub(super) mod schedules;
pub(super) mod settings;
pub(super) mod timeline;

use std::time::Duration;

use self::numbers::{days, english_ordinal, megabytes, tenths};
pub(super) use self::{
    commands::{help, help_for, menu_line, parse_error, welcome},
    numbers::{cut, duration, ordinal, thousands, time_left, time_left_short, units},
};
use super::language::say;
use crate::{
    board::{Refusal, RetryRefusal, Verdict},
    job::{CancelReason, Failure, JobId, NeverFits, Number, Pokemon, PokemonKey},
    store::{Keep, WriteError},
};

/// Digits that stand before and after the gap of a number that is cut.
const ENDS: usize = 12;

/// The answer while a task is unfinished.
pub(super) fn still_waiting() -> String {
    say!("still-waiting")
}

/// The last word to the owner.
pub(super) fn exiting() -> String {
    say!("exiting")
}

/// The answer to anybody else's `quit`.
pub(super) fn quit_refused() -> String {
    say!("quit-refused")
}

/// Where there is nothing on the board.
pub(super) fn empty_board() -> String {
    say!("empty-board")
}

/// The answer to `kill all` where nothing is unfinished.
pub(super) fn nothing_running() -> String {
    say!("nothing-running")
}

/// After "no" to `kill all`.
pub(super) fn nothing_killed() -> String {
    say!("nothing-killed")
}

/// The toast for a button that means nothing on this board.
pub(super) fn old_button() -> String {
    say!("old-button")
}

/// Where the chat got more answers than its queue holds.
pub(super) fn answers_skipped() -> String {
    say!("answers-skipped")
}

/// Before what could not be said in its topic.
pub(super) fn topic_gone() -> String {
    say!("topic-gone")
}

/// The first words of every card.
pub(super) fn submitted(id: JobId) -> String {
    say!("submitted", id = id.0)
}

/// The first words of what else is said of a task.
pub(super) fn task(id: JobId) -> String {
    say!("task", id = id.0)
}

/// A state's word, as [`State::word`](crate::job::State::word) gives it, for people.
pub(super) fn state(word: &str) -> String {
    match word {
        "queued" => say!("state-queued"),
        "running" => say!("state-running"),
        "cancelling" => say!("state-cancelling"),
        "succeeded" => say!("state-succeeded"),
        "failed" => say!("state-failed"),
        "cancelled" => say!("state-cancelled"),
        other => other.to_owned(),
    }
}

/// The state of a job that was interrupted and began anew.
pub(super) fn state_again(word: &str, attempt: u32) -> String {
    say!("state-again", state = state(word), attempt = attempt)
}

/// `queued, waits for memory`.
pub(super) fn waits_for_memory_in(state: &str) -> String {
    waits_in(state, &waits_for_memory())
}

/// Beside "queued" where there is no memory for a task.
pub(super) fn waits_for_memory() -> String {
    say!("waits-for-memory")
}

/// `queued, waits for another backup`.
pub(super) fn waits_in(state: &str, why: &str) -> String {
    say!("status-waits", state = state, why = why)
}

/// `running, 12 s`.
pub(super) fn since(state: &str, ran: &str) -> String {
    say!("status-since", state = state, time = ran)
}

/// `succeeded in 0.2 s`.
pub(super) fn succeeded_in(state: &str, ran: &str) -> String {
    say!("status-succeeded", state = state, time = ran)
}

/// `failed after 12 s`.
pub(super) fn ended_after(state: &str, ran: &str) -> String {
    say!("status-ended", state = state, time = ran)
}

/// The end of a task that has a message of its own, behind its command: `succeeded after 12 s`.
pub(super) fn announced(word: &str, ran: Option<&str>) -> String {
    match ran {
        Some(ran) => say!("announced-after", state = state(word), time = ran),
        None => say!("announced", state = state(word)),
    }
}

/// The last line of several of which some are left out.
pub(super) fn and_more(count: usize) -> String {
    say!("and-more", count = count)
}

/// The heads of the board's columns: number, command, state, and what came of it.
pub(super) fn columns() -> [String; 4] {
    [say!("column-id"), say!("column-command"), say!("column-state"), say!("column-result")]
}

/// A member that there is no Pokémon for, on the board.
pub(super) fn no_pokemon(key: &PokemonKey) -> String {
    say!("no-pokemon", key = key.to_string())
}

/// What stands on the buttons.
pub(super) mod buttons {
    use crate::telegram::language::say;

    /// Cancels a task.
    pub(in crate::telegram) fn kill() -> String {
        say!("button-kill")
    }

    /// Cancels this many.
    pub(in crate::telegram) fn kill_all(count: usize) -> String {
        say!("button-kill-all", count = count)
    }

    /// Cancels nothing.
    pub(in crate::telegram) fn keep() -> String {
        say!("button-keep")
    }

    /// Runs a task again.
    pub(in crate::telegram) fn retry() -> String {
        say!("button-retry")
    }

    /// Brings all digits of a number.
    pub(in crate::telegram) fn whole_number() -> String {
        say!("button-whole-number")
    }

    /// Brings all of several results.
    pub(in crate::telegram) fn whole_result() -> String {
        say!("button-whole-result")
    }

    /// Brings all that a program printed.
    pub(in crate::telegram) fn whole_output() -> String {
        say!("button-whole-output")
    }

    /// Brings a result that is longer than its message.
    pub(in crate::telegram) fn result() -> String {
        say!("button-result")
    }

    /// Turns to the page before.
    pub(in crate::telegram) fn newer() -> String {
        say!("button-newer")
    }

    /// Turns to the page behind.
    pub(in crate::telegram) fn older() -> String {
        say!("button-older")
    }

    /// Shows what is true now; with the page's number, from 1, where there are several.
    pub(in crate::telegram) fn refresh(page: usize, pages: usize) -> String {
        if pages > 1 {
            say!("button-refresh-page", page = page, pages = pages)
        } else {
            say!("button-refresh")
        }
    }
}

/// The number in a sentence, with its first and last digits where it has more than `limit`.
pub(super) fn number(number: &Number, limit: usize) -> String {
    let digits = &number.digits;
    let start = number_start(number.n);
    if let Some(all) = digits.here().filter(|all| all.len() <= limit) {
        return start + all;
    }
    let (head, tail) = (digits.head(ENDS), digits.tail(ENDS));
    format!("{start}{head}… …{tail} {}", say!("digits-in-all", count = thousands(digits.len())))
}

/// What stands before the digits.
pub(super) fn number_start(n: u64) -> String {
    say!("number-start", nth = english_ordinal(n))
}

/// A Pokémon in one sentence.
pub(super) fn pokemon(pokemon: &Pokemon) -> String {
    say!("pokemon", id = pokemon.id, name = &pokemon.name)
}

/// What else a card says of a Pokémon, a line each.
pub(super) fn pokemon_details(pokemon: &Pokemon) -> String {
    let ability = |(name, hidden): &(String, bool)| {
        if *hidden { say!("pokemon-hidden", ability = name) } else { name.clone() }
    };
    let abilities: Vec<_> = pokemon.abilities.iter().map(ability).collect();
    let stats: Vec<_> = pokemon.stats.iter().map(|stat| format!("{} {}", stat.name, stat.value)).collect();
    let mut lines = vec![
        say!("pokemon-types", types = pokemon.types.join(", ")),
        say!("pokemon-size", height = tenths(pokemon.height), weight = tenths(pokemon.weight)),
        say!("pokemon-abilities", abilities = abilities.join(", ")),
    ];
    if !stats.is_empty() {
        lines.push(say!("pokemon-stats", stats = stats.join(", ")));
    }
    lines.join("\n")
}

/// Why a job, or a member of one, failed.
pub(super) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::NoSuchPokemon(key) => say!("failure-no-such-pokemon", key = key.to_string()),
        Failure::PokeApiUnreachable => say!("failure-unreachable"),
        Failure::PokeApiTimedOut => say!("failure-timed-out"),
        Failure::PokeApiStatus(status) => say!("failure-status", status = *status),
        Failure::PokeApiNonsense(why) => say!("failure-nonsense", why = why),
        Failure::TookTooLong(limit) => say!("failure-took-too-long", limit = duration(*limit)),
        Failure::StoppedTheBot(times) => say!("failure-stopped-the-bot", times = *times),
        Failure::StoppedTheWorkers(times) => say!("failure-stopped-the-workers", times = *times),
        Failure::UnreadableResult => say!("failure-unreadable-result"),
        Failure::LostResult(times) => say!("failure-lost-result", times = *times),
        Failure::NeverFits(never) => never_fits(never),
        Failure::Program(program) => programs::failure(program),
        Failure::Interrupted => say!("failure-interrupted"),
        Failure::Panicked => say!("failure-panicked"),
        Failure::WrongResult => say!("failure-wrong-result"),
        Failure::AllMembers(failures) => {
            failures.iter().map(|(key, one)| member_failure(key, one)).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Why a member of a `dex-multi` failed, and which.
pub(super) fn member_failure(key: &PokemonKey, why: &Failure) -> String {
    match why {
        Failure::NoSuchPokemon(_) => failure(why),
        _ => say!("failure-of-member", key = key.to_string(), why = failure(why)),
    }
}

/// Why a job was cancelled.
pub(super) fn cancelled(reason: &CancelReason) -> String {
    match reason {
        CancelReason::Killed { by } => say!("cancelled-by", by = by),
        CancelReason::Blocked => say!("cancelled-blocked"),
        CancelReason::Removed => say!("cancelled-removed"),
        CancelReason::Denied => say!("cancelled-denied"),
    }
}

/// What became of a job that was to be killed.
pub(super) fn verdict(id: JobId, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Unknown => no_such_task(id),
        Verdict::NotAllowed { owner, known } => roles::not_allowed(id, owner, roles::Act::Kill, *known),
        Verdict::Killed(command) => say!("killed", command = cut(command, 200)),
        Verdict::Finished(command) => say!("finished-first", command = cut(command, 200)),
        Verdict::AlreadyCancelled(command) => say!("finished-first-cancelled", command = cut(command, 200)),
    }
}

/// The answer to an unknown number.
pub(super) fn no_such_task(id: JobId) -> String {
    say!("no-such-task", id = id.0)
}

/// A number that the board once gave.
pub(super) fn task_forgotten(id: JobId, keep: &Keep) -> String {
    say!("task-forgotten", id = id.0, jobs = keep.jobs, time = days(keep.time))
}

/// The result was too old, or too large, for the space that results have.
pub(super) fn digits_dropped(id: JobId) -> String {
    say!("digits-dropped", id = id.0)
}

/// A kill that the store did not take.
pub(super) fn kill_not_stored(why: &WriteError) -> String {
    say!("kill-not-stored", why = not_written(why))
}

/// Why the store did not take something, within a sentence.
fn not_written(why: &WriteError) -> String {
    match why {
        WriteError::Full => say!("store-full"),
        WriteError::ReadOnly => say!("store-read-only"),
        WriteError::Busy => say!("store-slow"),
        WriteError::Io(why) => say!("store-broken", why = why),
    }
}

/// On the cards of unfinished jobs while the bot stops.
pub(super) fn paused() -> String {
    say!("paused")
}

/// The toast of a kill button whose task has come to its end.
pub(super) fn already(id: JobId, word: &str) -> String {
    say!("already", id = id.0, state = state(word))
}

/// The toast of a kill button.
pub(super) fn killing(id: JobId) -> String {
    say!("killing", id = id.0)
}

/// The question's text after "yes".
pub(super) fn killing_all(count: usize) -> String {
    say!("killing-all", count = count)
}

/// A card in the fewest words, where Telegram refuses its full text.
pub(super) fn short_card(id: JobId, word: &str) -> String {
    format!("{}\n{}", submitted(id), say!("short-card", state = state(word)))
}

/// Why a job was not taken.
pub(super) fn refusal(refusal: Refusal) -> String {
    match refusal {
        Refusal::TooManyLive { live, limit } => say!("refusal-too-many", live = live, limit = limit),
        Refusal::TooManyOfPerson { live, limit } => {
            say!("refusal-too-many-person", live = live, limit = limit)
        }
        Refusal::TooManyMembers { members, limit } => {
            say!("refusal-too-many-members", members = members, limit = limit)
        }
        Refusal::FibTooLarge { n, limit } => say!("refusal-fib-too-large", n = n, limit = limit),
        Refusal::NeverFits(never) => never_fits(&never),
        Refusal::Busy { seconds } => busy(seconds),
        Refusal::NotStored(why) => say!("refusal-not-stored", why = not_written(&why)),
        Refusal::Stopping => say!("refusal-stopping"),
    }
}

/// There is more than the bot can do.
pub(super) fn busy(seconds: u64) -> String {
    say!("refusal-busy", seconds = seconds)
}

/// What a job would need, what there is, and what would fit.
fn never_fits(never: &NeverFits) -> String {
    let NeverFits { n, members, need, budget, largest } = *never;
    // Rounded apart, so that what is too much also looks so.
    let (need, budget) = (megabytes(need, u64::div_ceil), megabytes(budget, |bytes, unit| bytes / unit));
    let what = match members {
        1 => say!("needs-memory", nth = ordinal(n), need = need, budget = budget),
        _ => say!("need-memory", members = members, need = need, budget = budget),
    };
    match (largest, members) {
        (0, _) => what,
        (_, 1) => format!("{what} {}", say!("largest-that-fits", largest = largest)),
        _ => format!("{what} {}", say!("as-many-fit", largest = largest)),
    }
}

/// Why a job was not run again.
pub(super) fn retry_refusal(id: JobId, why: RetryRefusal) -> String {
    match why {
        RetryRefusal::Unknown => no_such_task(id),
        RetryRefusal::NotNow(word) => say!("retry-not-now", id = id.0, state = state(word)),
        RetryRefusal::Refused(why) => refusal(why),
    }
}

/// The one answer to who says more than is taken from one person.
pub(super) fn rate_over(limit: u32, wait: Duration) -> String {
    say!("rate-over", limit = limit, wait = whole_seconds(wait))
}

/// The toast of a button that such a person presses.
pub(super) fn rate_over_press(limit: u32, wait: Duration) -> String {
    say!("rate-over-press", limit = limit, wait = whole_seconds(wait))
}

/// Rounded up: who waits as long as told has waited long enough.
fn whole_seconds(wait: Duration) -> String {
    duration(Duration::from_secs(u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_number_keeps_its_sentence_and_loses_its_middle() {
        let digits = crate::job::Digits::from_canonical("123456789".repeat(100));
        let text = number(&Number { n: 4303, digits }, 800);
        assert_eq!(text, "The 4303rd fibonacci number is 123456789123… …789123456789 (900 digits)");
    }

    #[test]
    fn what_never_fits_is_told_what_would() {
        let never = NeverFits {
            n: 1_000_000_000,
            members: 1,
            need: 256_000_001,
            budget: 256_999_999,
            largest: 380_000_000,
        };
        assert_eq!(
            never_fits(&never),
            "The 1000000000th fibonacci number needs 257 MB of memory, and this bot may use 256 MB. The largest that \
             fits is about fib 380000000."
        );
        assert_eq!(
            refusal(Refusal::NeverFits(NeverFits { members: 3, need: 1_600_000_001, ..never })),
            "These 3 fibonacci numbers together need 1.61 GB of memory, and this bot may use 256 MB. As many fit if \
             none is larger than about 380000000."
        );
        let sizes =
            [999, 1_000_000, 12_500_000, 999_999_999, 1_610_612_736, 12_000_000_000, 5_000_000_000_000];
        let down = sizes.map(|bytes| megabytes(bytes, |bytes, unit| bytes / unit));
        assert_eq!(down, ["0.999 kB", "1 MB", "12.5 MB", "999 MB", "1.61 GB", "12 GB", "5000 GB"]);
        assert_eq!(megabytes(999_999_999, u64::div_ceil), "1 GB");
    }
}
