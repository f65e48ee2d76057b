//! What people read. Every sentence stands here, once; names and arguments are escaped by whoever puts them into HTML.

pub(super) mod boards;
pub(super) mod documents;
pub(super) mod inline;
pub(super) mod rich;
pub(super) mod roles;
pub(super) mod settings;
pub(super) mod timeline;

use std::{fmt::Write, time::Duration};

use crate::{
    board::{Refusal, RetryRefusal, Verdict},
    command::{COMMANDS, Entry, MAX_MEMBERS, ParseError},
    job::{CancelReason, Failure, JobId, NeverFits, Number, Pokemon, PokemonKey},
    store::WriteError,
};

/// The answer while a task is unfinished.
pub(super) const STILL_WAITING: &str = "Still waiting";
/// The last word to the owner.
pub(super) const EXITING: &str = "Exiting";
/// The answer to anybody else's `quit`.
pub(super) const QUIT_REFUSED: &str =
    "Only an owner of this bot may stop it (the operator sets JOBBOARD_OWNERS).";
/// Where there is nothing on the board.
pub(super) const EMPTY_BOARD: &str = "The board is empty. Try: fib 100";
/// The answer to `kill all` where nothing is unfinished.
pub(super) const NOTHING_RUNNING: &str = "Nothing is running, and nothing waits.";
/// After "no" to `kill all`.
pub(super) const NOTHING_KILLED: &str = "Nothing was killed.";
/// The toast for a button that means nothing on this board.
pub(super) const OLD_BUTTON: &str = "This button is from an older board: send dash for the one that is now.";
/// Where the chat got more answers than its queue holds.
pub(super) const ANSWERS_SKIPPED: &str =
    "Too many commands at once: some went without an answer. dash shows the board as it is.";

/// Before what could not be said in its topic.
pub(super) const TOPIC_GONE: &str = "The topic of this was closed or deleted, so I say it here.";

/// Digits that stand before and after the gap of a number that is cut.
const ENDS: usize = 12;

/// The first words of every card.
pub(super) fn submitted(id: JobId) -> String {
    format!("Task {} is submitted", id.0)
}

/// 1st, 2nd, 3rd, 4th … 11th, 12th, 13th … 21st.
pub(super) fn ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// The number in a sentence, with its first and last digits where it has more than `limit`.
pub(super) fn number(number: &Number, limit: usize) -> String {
    let digits = &number.digits;
    let start = number_start(number.n);
    if let Some(all) = digits.here().filter(|all| all.len() <= limit) {
        return start + all;
    }
    let (head, tail) = (digits.head(ENDS), digits.tail(ENDS));
    format!("{start}{head}… …{tail} ({} digits)", thousands(digits.len()))
}

/// What stands before the digits.
pub(super) fn number_start(n: u64) -> String {
    format!("The {} fibonacci number is ", ordinal(n))
}

/// A Pokémon in one sentence.
pub(super) fn pokemon(pokemon: &Pokemon) -> String {
    format!("The pokemon with id {} is {}", pokemon.id, pokemon.name)
}

/// What else a card says of a Pokémon, a line each.
pub(super) fn pokemon_details(pokemon: &Pokemon) -> String {
    let abilities: Vec<_> = pokemon
        .abilities
        .iter()
        .map(|(name, hidden)| if *hidden { format!("{name} (hidden)") } else { name.clone() })
        .collect();
    let stats: Vec<_> = pokemon.stats.iter().map(|stat| format!("{} {}", stat.name, stat.value)).collect();
    let mut text = format!(
        "Types: {}\nHeight: {} m, weight: {} kg\nAbilities: {}",
        pokemon.types.join(", "),
        tenths(pokemon.height),
        tenths(pokemon.weight),
        abilities.join(", "),
    );
    if !stats.is_empty() {
        let _ = write!(text, "\nBase stats: {}", stats.join(", "));
    }
    text
}

/// Why a job, or a member of one, failed.
pub(super) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::NoSuchPokemon(key) => format!("There is no Pokémon {key}"),
        Failure::PokeApiUnreachable => "PokéAPI could not be reached. Try again later.".to_owned(),
        Failure::PokeApiTimedOut => "PokéAPI did not answer in time. Try again later.".to_owned(),
        Failure::PokeApiStatus(status) => {
            format!("PokéAPI has a problem (status {status}). Try again later.")
        }
        Failure::PokeApiNonsense(why) => format!("PokéAPI's answer makes no sense: {why}"),
        Failure::TookTooLong(limit) => {
            format!("It took longer than {}, the limit for a task.", duration(*limit))
        }
        Failure::StoppedTheBot(times) => format!("It stopped the bot {times} times, so it is left alone."),
        Failure::NeverFits(never) => never_fits(never),
        Failure::Panicked => {
            "It failed by a mistake in the bot; the operator finds it in the log.".to_owned()
        }
        Failure::WrongResult => {
            "The result failed its check, so it is not shown; the operator finds it in the log.".to_owned()
        }
        Failure::AllMembers(failures) => {
            failures.iter().map(|(key, one)| member_failure(key, one)).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Why a member of a `dex-multi` failed, and which.
pub(super) fn member_failure(key: &PokemonKey, why: &Failure) -> String {
    match why {
        Failure::NoSuchPokemon(_) => failure(why),
        _ => format!("{key}: {}", failure(why)),
    }
}

/// Why a job was cancelled.
pub(super) fn cancelled(reason: &CancelReason) -> String {
    match reason {
        CancelReason::Killed { by } => format!("Cancelled by {by}"),
        CancelReason::Blocked => "Cancelled: the bot was blocked".to_owned(),
        CancelReason::Removed => "Cancelled: the bot was removed from the chat".to_owned(),
    }
}

/// What became of a job that was to be killed.
pub(super) fn verdict(id: JobId, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Unknown => no_such_task(id),
        Verdict::NotAllowed { owner, known } => roles::not_allowed(id, owner, roles::Act::Kill, *known),
        Verdict::Killed(command) => format!("Task \"{}\" is killed", cut(command, 200)),
        Verdict::Finished(command) => {
            format!("Task \"{}\" finished before it could be killed", cut(command, 200))
        }
        Verdict::AlreadyCancelled(command) => {
            format!(
                "Task \"{}\" finished before it could be killed: it was cancelled already",
                cut(command, 200)
            )
        }
    }
}

/// The answer to an unknown number.
pub(super) fn no_such_task(id: JobId) -> String {
    format!("There is no task {}", id.0)
}

/// A number that the board once gave.
pub(super) fn task_forgotten(id: JobId) -> String {
    format!("Task {} is not kept any more: a board keeps its last tasks for some time only", id.0)
}

/// The result was too old, or too large, for the space that results have.
pub(super) fn digits_dropped(id: JobId) -> String {
    format!("Task {}: its digits were dropped; retry {} computes them again", id.0, id.0)
}

/// A kill that the store did not take.
pub(super) fn kill_not_stored(why: &WriteError) -> String {
    format!("It is being stopped, but {why}: if the bot crashed now, it would run again.")
}

/// On the cards of unfinished jobs while the bot stops.
pub(super) const PAUSED: &str = "The bot is stopping: this task goes on when it is back.";

/// The toast of a kill button whose task has come to its end.
pub(super) fn already(id: JobId, state: &str) -> String {
    format!("Task {} is {state} already", id.0)
}

/// The toast of a kill button.
pub(super) fn killing(id: JobId) -> String {
    format!("Killing task {} …", id.0)
}

/// The question's text after "yes".
pub(super) fn killing_all(count: usize) -> String {
    format!("Killing {count} {} …", plural(count, "task"))
}

/// A card in the fewest words, where Telegram refuses its full text.
pub(super) fn short_card(id: JobId, state: &str) -> String {
    format!("{}\nIt is {state}: dash tells more", submitted(id))
}

/// Why a job was not taken.
pub(super) fn refusal(refusal: Refusal) -> String {
    match refusal {
        Refusal::TooManyLive { live, limit } => {
            format!(
                "This chat has {live} unfinished tasks and may have {limit}. Wait for one to finish, or kill one."
            )
        }
        Refusal::FibTooLarge { n, limit } => format!("fib: {n} is too large, the largest I take is {limit}."),
        Refusal::NeverFits(never) => never_fits(&never),
        Refusal::NotStored(why) => format!(
            "I cannot take tasks at the moment: {why}, and what I cannot store I would forget. Please try again later."
        ),
        Refusal::Stopping => "The bot is about to stop and takes no new tasks.".to_owned(),
    }
}

/// What a job would need, what there is, and what would fit.
fn never_fits(never: &NeverFits) -> String {
    let NeverFits { n, members, need, budget, largest } = *never;
    let what = match members {
        1 => format!("The {} fibonacci number needs", ordinal(n)),
        _ => format!("These {members} fibonacci numbers together need"),
    };
    // Rounded apart, so that what is too much also looks so.
    let (need, budget) = (megabytes(need, u64::div_ceil), megabytes(budget, |bytes, unit| bytes / unit));
    let what = format!("{what} {need} of memory, and this bot may use {budget}.");
    match (largest, members) {
        (0, _) => what,
        (_, 1) => format!("{what} The largest that fits is about fib {largest}."),
        _ => format!("{what} As many fit if none is larger than about {largest}."),
    }
}

/// Beside "queued" where there is no memory for a task.
pub(super) const WAITS_FOR_MEMORY: &str = "waits for memory";

/// Why a job was not run again.
pub(super) fn retry_refusal(id: JobId, why: RetryRefusal) -> String {
    match why {
        RetryRefusal::Unknown => no_such_task(id),
        RetryRefusal::NotNow(state) => {
            format!(
                "Task {} is {state}: what can be run again is a task that failed, was cancelled, or lost its digits.",
                id.0
            )
        }
        RetryRefusal::Refused(why) => refusal(why),
    }
}

/// What is wrong with a command, where, and what would be right.
pub(super) fn parse_error(error: &ParseError, max_fib: u64) -> String {
    match error {
        ParseError::UnknownCommand { word, suggestion, .. } => {
            let word = cut(word, 60);
            match suggestion {
                Some(name) => format!("I do not know \"{word}\": did you mean {name}?"),
                None => format!("I do not know \"{word}\". help tells what can be said."),
            }
        }
        ParseError::Missing { command, what } => format!("{command} wants {what}: {}", example(command)),
        ParseError::TooMany { command, word, words } => too_many(command, &cut(word, 60), &cut(words, 60)),
        ParseError::TooManyMembers { command, count } => {
            format!("{command} takes up to {MAX_MEMBERS} at once, not {count}.")
        }
        ParseError::NotANumber { command, word } => format!(
            "{command}: \"{}\" is not a whole number I can read; write it in the digits 0 to 9: {}",
            cut(word, 60),
            example(command)
        ),
        ParseError::Zero { command } => {
            format!("{command}: there is no 0th number, counting starts at 1 (the 1st is 0): fib 1")
        }
        ParseError::TooLarge { command, word } => {
            format!("{command}: {} is too large, the largest I take is {max_fib}.", cut(word, 60))
        }
        ParseError::NoSuchTask { word } => format!("There is no task {}", cut(word, 60)),
        ParseError::NotATask { command, word } => {
            format!("{command}: \"{}\" is not a task's number: {}", cut(word, 60), example(command))
        }
        ParseError::NoSuchSetting { word, suggestion } => settings::no_such(&cut(word, 60), *suggestion),
        ParseError::NotATheme { command, word } => {
            format!("{command}: \"{}\" is neither light nor dark: {}", cut(word, 60), example(command))
        }
        ParseError::NotAValue { key, word, values } => settings::not_a_value(key, &cut(word, 60), values),
        ParseError::NotAPokemon { command, word } => format!(
            "{command}: \"{}\" is neither a number nor a name; write names with the letters a to z and hyphens: {}",
            cut(word, 60),
            example(command)
        ),
    }
}

fn too_many(command: &str, word: &str, words: &str) -> String {
    match command {
        "fib" | "dex" => format!(
            "{command} takes one, and \"{word}\" is one more: did you mean {command}-multi {words}? \
             (Inside a number write _: 1_000_000.)"
        ),
        "dash" | "quit" => format!("{command} stands alone: \"{word}\" is too much."),
        _ => format!("{command} takes one, and \"{word}\" is one more: {}", example(command)),
    }
}

fn example(command: &str) -> &'static str {
    COMMANDS.iter().find(|entry| entry.name == command).map_or("help", |entry| entry.example)
}

/// What a stranger is told, to hand to the owner.
pub(super) fn stranger(chat: i64) -> String {
    format!("This bot works for other chats. To let this one in, give its id to the bot's owner: {chat}")
}

/// All of `help`; `bot` names the bot in a group, where commands have to be addressed.
pub(super) fn help(bot: Option<&str>) -> String {
    let mut text = String::from("What can be said:\n");
    for entry in COMMANDS.iter().filter(|entry| entry.name != "start") {
        let _ = writeln!(text, "{}  {}", usage(entry, bot), entry.help);
    }
    match bot {
        Some(_) => text.push_str(
            "\nA reply to one of my messages needs no slash: kill as a reply to a card kills its task.",
        ),
        None => text.push_str(
            "\nThe slash is not needed here. A reply to a card with kill, job or retry means its task.",
        ),
    }
    text
}

/// One command's lines.
pub(super) fn help_for(entry: &Entry, bot: Option<&str>) -> String {
    let example = match bot {
        Some(_) => addressed(entry, bot) + entry.example.strip_prefix(entry.name).unwrap_or_default(),
        None => entry.example.to_owned(),
    };
    format!("{}\n{}\nFor example: {example}", usage(entry, bot), entry.help)
}

fn usage(entry: &Entry, bot: Option<&str>) -> String {
    format!("{} {}", addressed(entry, bot), entry.args).trim_end().to_owned()
}

fn addressed(entry: &Entry, bot: Option<&str>) -> String {
    match bot {
        Some(bot) => format!("/{}@{bot}", entry.menu_name()),
        None => entry.name.to_owned(),
    }
}

/// The first words to a new person.
pub(super) fn welcome(bot: Option<&str>) -> String {
    format!(
        "This chat has a board of jobs: I run what you send and tell when it is done. Everybody here sees the same \
         board (dash).\n\n{}",
        help(bot)
    )
}

/// `1,234,567`, for counts; never for an ordinal.
pub(super) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// `850 kB`, `1 MB`, `12.5 MB`, `1.61 GB`: three digits at most, rounded as `divide` does.
fn megabytes(bytes: u64, divide: fn(u64, u64) -> u64) -> String {
    // The third digit's unit.
    let mut unit = 1;
    while divide(bytes, unit) >= 1_000 {
        unit *= 10;
    }
    let digits = divide(bytes, unit);
    let (name, one) = match unit.saturating_mul(digits) {
        0..1_000_000 => ("kB", 1_000),
        1_000_000..1_000_000_000 => ("MB", 1_000_000),
        _ => ("GB", 1_000_000_000),
    };
    let rounded = unit.saturating_mul(digits);
    let fraction = format!("{:03}", rounded % one * 1_000 / one);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction} {name}", rounded / one)
}

/// `150 µs`, `20 ms`, `2.3 s`, `12 s`, `3 min 20 s`, `1 h 5 min`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() == 0 => format!("{} µs", duration.as_micros()),
        0 => format!("{} ms", duration.as_millis()),
        1..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long a running job will take on: `about 5 s left`, `about 2 min left`. Coarser than a clock, because it is a guess.
pub(super) fn time_left(left: Duration) -> String {
    format!("about {} left", coarse(left))
}

/// A time that is a guess: `5 s`, `90 s`, `2 min`.
fn coarse(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1_000);
    match seconds {
        0..10 => format!("{} s", seconds.max(1)),
        10..60 => format!("{} s", (seconds + 2) / 5 * 5),
        60..=110 => format!("{} s", (seconds + 5) / 10 * 10),
        111..7_200 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

/// `1 task`, `2 tasks`.
pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// The text in at most `limit` UTF-16 units, as Telegram counts, with `…` where it was cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if units(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(1);
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The length of a text as Telegram counts it: in UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Decimetres as metres, hectograms as kilograms.
fn tenths(value: u64) -> String {
    if value.is_multiple_of(10) { (value / 10).to_string() } else { format!("{}.{}", value / 10, value % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals() {
        let ordinals: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 100, 101, 111, 3_000_000].map(ordinal).into();
        let expected = [
            "1st",
            "2nd",
            "3rd",
            "4th",
            "11th",
            "12th",
            "13th",
            "21st",
            "100th",
            "101st",
            "111th",
            "3000000th",
        ];
        assert_eq!(ordinals, expected);
    }

    #[test]
    fn a_long_number_keeps_its_sentence_and_loses_its_middle() {
        let digits = crate::job::Digits::from_canonical("123456789".repeat(100));
        let text = number(&Number { n: 4303, digits }, 800);
        assert_eq!(text, "The 4303rd fibonacci number is 123456789123… …789123456789 (900 digits)");
    }

    #[test]
    fn counts_durations_and_cuts() {
        assert_eq!([0, 999, 1000, 20_898_764].map(thousands), ["0", "999", "1,000", "20,898,764"]);
        let durations =
            [20, 2_300, 12_000, 60_000, 200_000, 3_900_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(durations, ["20 ms", "2.3 s", "12 s", "1 min", "3 min 20 s", "1 h 5 min"]);
        let left = [0, 4_200, 9_100, 31_000, 90_000, 121_000, 3_600_000, 7_201_000]
            .map(|ms| time_left(Duration::from_millis(ms)));
        let about = ["1 s", "5 s", "10 s", "30 s", "90 s", "2 min", "60 min", "2 h"];
        assert_eq!(left, about.map(|about| format!("about {about} left")));
        assert_eq!([cut("short", 5), cut("longer", 5)], ["short", "long…"]);
        assert_eq!([4, 60, 905].map(tenths), ["0.4", "6", "90.5"]);
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

    #[test]
    fn errors_say_what_would_be_right() {
        let unknown = ParseError::UnknownCommand { word: "fbi".into(), suggestion: Some("fib") };
        assert_eq!(parse_error(&unknown, 10), "I do not know \"fbi\": did you mean fib?");
        let too_many = ParseError::TooMany { command: "fib", word: "2".into(), words: "1 2".into() };
        assert!(parse_error(&too_many, 10).contains("did you mean fib-multi 1 2?"));
    }
}
