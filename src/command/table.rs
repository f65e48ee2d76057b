//! The table of commands.

use std::fmt;

use super::{
    Command, ParseError, Theme, Wanted, schedule, topic, unknown,
    words::{self, Args},
};
use crate::job::Spec;

/// One row of the table of commands. What it does is said in `locales/`, as `help-NAME`.
pub struct Entry {
    /// Lower case, with hyphens.
    pub name: &'static str,
    /// The arguments as `help` shows them.
    pub args: &'static str,
    /// A line that can be typed as it is.
    pub example: &'static str,
    /// Whether Telegram's command menu lists it.
    pub in_menu: bool,
    /// Only for the bot's owners, in their private chats: nobody else is shown it.
    pub owners: bool,
    /// Reads what stands behind the name.
    pub(super) build: fn(&mut Args<'_>) -> Result<Command, ParseError>,
}

impl Entry {
    /// The name as Telegram's menu can hold it: `fib_multi`.
    pub fn menu_name(&self) -> String {
        self.name.replace('-', "_")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Entry {}

/// Tasks that one `kill` names. How many members a `-multi` may have is the board's to say.
pub const MAX_NAMED: usize = 100;

/// All that can be said, in the order of `help`.
pub const COMMANDS: &[Entry] = &[
    Entry {
        name: "dex",
        args: "NUM|NAME",
        example: "dex pikachu",
        in_menu: true,
        owners: false,
        build: |args| Ok(Command::Submit(Spec::Dex(args.one(words::pokemon, Wanted::Pokemon)?))),
    },
    Entry {
        name: "dex-multi",
        args: "NUM|NAME …",
        example: "dex-multi 1 pikachu mr-mime",
        in_menu: true,
        owners: false,
        build: |args| Ok(Command::Submit(Spec::DexMulti(args.many(words::pokemon, Wanted::ManyPokemon)?))),
    },
    Entry {
        name: "fib",
        args: "NUM",
        example: "fib 100",
        in_menu: true,
        owners: false,
        build: |args| Ok(Command::Submit(Spec::Fib(args.one(words::number, Wanted::Number)?))),
    },
    Entry {
        name: "fib-multi",
        args: "NUM NUM …",
        example: "fib-multi 10 20 30",
        in_menu: true,
        owners: false,
        build: |args| Ok(Command::Submit(Spec::FibMulti(args.many(words::number, Wanted::Numbers)?))),
    },
    Entry {
        name: "job",
        args: "[NUM]",
        example: "job 3",
        in_menu: true,
        owners: false,
        build: |args| {
            let id =
                if args.is_empty() { args.context.card } else { Some(args.one(words::task, Wanted::Task)?) };
            Ok(Command::Job(id))
        },
    },
    Entry {
        name: "kill",
        args: "NUM … | all",
        example: "kill 3",
        in_menu: true,
        owners: false,
        build: |args| {
            if args.take_word("all") {
                return args.nothing_more().map(|()| Command::KillAll);
            }
            match args.context.card {
                Some(card) if args.is_empty() => Ok(Command::Kill(vec![card])),
                _ => Ok(Command::Kill(args.up_to(MAX_NAMED, words::task, Wanted::Tasks)?)),
            }
        },
    },
    Entry {
        name: "retry",
        args: "NUM",
        example: "retry 3",
        in_menu: true,
        owners: false,
        build: |args| match args.context.card {
            Some(card) if args.is_empty() => Ok(Command::Retry(card)),
            _ => Ok(Command::Retry(args.one(words::task, Wanted::Task)?)),
        },
    },
    Entry {
        name: "every",
        args: "TIME COMMAND",
        example: "every day 03:00 fib 100",
        in_menu: true,
        owners: false,
        build: schedule::every,
    },
    Entry {
        name: "at",
        args: "[DATE] TIME COMMAND",
        example: "at 18:30 fib 100",
        in_menu: true,
        owners: false,
        build: schedule::at,
    },
    Entry {
        name: "schedules",
        args: "",
        example: "schedules",
        in_menu: true,
        owners: false,
        build: |args| args.nothing_more().map(|()| Command::Schedules),
    },
    Entry {
        name: "unschedule",
        args: "NUM …",
        example: "unschedule 3",
        in_menu: true,
        owners: false,
        build: schedule::unschedule,
    },
    Entry {
        name: "dash",
        args: "",
        example: "dash",
        in_menu: true,
        owners: false,
        build: |args| args.nothing_more().map(|()| Command::Dash),
    },
    Entry {
        name: "timeline",
        args: "[light | dark]",
        example: "timeline dark",
        in_menu: true,
        owners: false,
        build: |args| {
            let theme =
                if args.is_empty() { Theme::default() } else { args.one(words::theme, Wanted::Theme)? };
            Ok(Command::Timeline(theme))
        },
    },
    Entry {
        name: "settings",
        args: "[NAME VALUE]",
        example: "settings rich on",
        in_menu: true,
        owners: false,
        build: |args| {
            if args.is_empty() {
                Ok(Command::Settings(None))
            } else {
                args.setting().map(Some).map(Command::Settings)
            }
        },
    },
    Entry {
        name: "help",
        args: "[COMMAND]",
        example: "help kill",
        in_menu: true,
        owners: false,
        build: |args| {
            if args.is_empty() {
                return Ok(Command::Help(None));
            }
            let context = args.context;
            let topic =
                |_: &'static str, word: &str| topic(word, context).ok_or_else(|| unknown(word, context));
            args.one(topic, Wanted::Command).map(|topic| Command::Help(Some(topic)))
        },
    },
    Entry {
        name: "start",
        args: "",
        example: "start",
        in_menu: false,
        owners: false,
        // Deep links bring a payload (`/start abc`), which means nothing here.
        build: |_| Ok(Command::Start),
    },
    Entry {
        name: "quit",
        args: "",
        example: "quit",
        in_menu: false,
        owners: false,
        build: |args| args.nothing_more().map(|()| Command::Quit),
    },
    Entry {
        name: "allow",
        args: "[CHAT]",
        example: "allow -1001234567890",
        in_menu: true,
        owners: true,
        build: |args| args.chat().map(Command::Allow),
    },
    Entry {
        name: "deny",
        args: "[CHAT]",
        example: "deny -1001234567890",
        in_menu: true,
        owners: true,
        build: |args| args.chat().map(Command::Deny),
    },
    Entry {
        name: "stats",
        args: "",
        example: "stats",
        in_menu: true,
        owners: true,
        build: |args| args.nothing_more().map(|()| Command::Stats),
    },
    Entry {
        name: "workers",
        args: "",
        example: "workers",
        in_menu: true,
        owners: true,
        build: |args| args.nothing_more().map(|()| Command::Workers),
    },
    Entry {
        name: "pause",
        args: "",
        example: "pause",
        in_menu: true,
        owners: true,
        build: |args| args.nothing_more().map(|()| Command::Pause),
    },
    Entry {
        name: "resume",
        args: "",
        example: "resume",
        in_menu: true,
        owners: true,
        build: |args| args.nothing_more().map(|()| Command::Resume),
    },
    Entry {
        name: "reload",
        args: "",
        example: "reload",
        in_menu: true,
        owners: true,
        build: |args| args.nothing_more().map(|()| Command::Reload),
    },
];

/// The row with this normalised name.
pub(super) fn known(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}
