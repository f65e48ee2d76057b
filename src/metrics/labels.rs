//! The values of labels. They are words of ours and nothing else: what people write can be in none.

use std::fmt::{self, Write};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use crate::job::{Outcome, Resource, Spec};

/// An enum whose variants are the values of a label.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`.")] $variant),*
        }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The value of the label.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
                encoder.write_str(self.word())
            }
        }
    };
}

words! {
    /// The kind of a job.
    Kind { Fib = "fib", FibMulti = "fib_multi", Dex = "dex", DexMulti = "dex_multi", Declared = "declared" }
}

words! {
    /// How far an unfinished job is.
    Live { Queued = "queued", Running = "running", Cancelling = "cancelling" }
}

words! {
    /// How a job ended.
    Ended { Succeeded = "succeeded", Failed = "failed", Cancelled = "cancelled" }
}

words! {
    /// Why a job was not taken.
    Refused {
        Busy = "busy",
        TooManyLive = "too_many_live",
        TooManyOfPerson = "too_many_of_person",
        TooManyMembers = "too_many_members",
        FibTooLarge = "fib_too_large",
        NeverFits = "never_fits",
        NotStored = "not_stored",
        Stopping = "stopping",
    }
}

words! {
    /// What jobs and their members wait for.
    Line { Cpu = "cpu", Io = "io", Memory = "memory" }
}

words! {
    /// Whether a worker takes tasks.
    Standing { Working = "working", Draining = "draining", TooOld = "too_old" }
}

words! {
    /// What an update is about.
    Update {
        Message = "message",
        CallbackQuery = "callback_query",
        InlineQuery = "inline_query",
        MyChatMember = "my_chat_member",
        Other = "other",
    }
}

words! {
    /// What became of an update.
    Handled { Handled = "handled", Again = "again", Skipped = "skipped" }
}

words! {
    /// The answer to a request of Telegram's.
    Answer {
        Taken = "200",
        NoUpdate = "400",
        WrongSecret = "401",
        WrongMethod = "405",
        TooSlow = "408",
        TooLarge = "413",
        Busy = "503",
    }
}

words! {
    /// A method of the Bot API.
    Method {
        AnswerCallbackQuery = "answerCallbackQuery",
        AnswerInlineQuery = "answerInlineQuery",
        DeleteMessage = "deleteMessage",
        DeleteMyCommands = "deleteMyCommands",
        DeleteWebhook = "deleteWebhook",
        EditMessageCaption = "editMessageCaption",
        EditMessageMedia = "editMessageMedia",
        EditMessageReplyMarkup = "editMessageReplyMarkup",
        EditMessageText = "editMessageText",
        GetChatAdministrators = "getChatAdministrators",
        GetChatMember = "getChatMember",
        GetMe = "getMe",
        GetUpdates = "getUpdates",
        GetWebhookInfo = "getWebhookInfo",
        SendDocument = "sendDocument",
        SendMessage = "sendMessage",
        SendPhoto = "sendPhoto",
        SendRichMessage = "sendRichMessage",
        SetMyCommands = "setMyCommands",
        SetWebhook = "setWebhook",
        Other = "other",
    }
}

words! {
    /// What came of a call to the Bot API.
    Called {
        Done = "ok",
        TooManyRequests = "too_many_requests",
        BadRequest = "bad_request",
        Unauthorized = "unauthorized",
        Forbidden = "forbidden",
        NotFound = "not_found",
        Conflict = "conflict",
        Migrated = "migrated",
        ServerError = "server_error",
        NoAnswer = "no_answer",
        Nonsense = "nonsense",
        Unreadable = "unreadable",
    }
}

words! {
    /// What PokeAPI was asked for.
    Asked { Pokemon = "pokemon", Sprite = "sprite" }
}

words! {
    /// What came of a request to PokeAPI.
    Found {
        Done = "ok",
        NotFound = "not_found",
        BadStatus = "bad_status",
        NoAnswer = "no_answer",
        TimedOut = "timed_out",
        Nonsense = "nonsense",
    }
}

impl From<&Spec> for Kind {
    fn from(spec: &Spec) -> Self {
        match spec {
            Spec::Fib(_) => Self::Fib,
            Spec::FibMulti(_) => Self::FibMulti,
            Spec::Dex(_) => Self::Dex,
            Spec::DexMulti(_) => Self::DexMulti,
            Spec::Declared(_) => Self::Declared,
        }
    }
}

impl From<&Outcome> for Ended {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Succeeded(_) => Self::Succeeded,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Cancelled(_) => Self::Cancelled,
        }
    }
}

impl From<Resource> for Line {
    fn from(resource: Resource) -> Self {
        match resource {
            Resource::Cpu => Self::Cpu,
            Resource::Io => Self::Io,
        }
    }
}

impl Method {
    /// Whether it sends a message or edits one.
    pub(super) fn is_message(self) -> bool {
        self.word().starts_with("send") || self.word().starts_with("edit")
    }

    /// The method of that name, whatever the case of its letters.
    pub fn named(name: &str) -> Self {
        Self::ALL
            .iter()
            .copied()
            .find(|method| method.word().eq_ignore_ascii_case(name))
            .unwrap_or(Self::Other)
    }
}

/// A set of labels with one field each, as the crate wants them.
macro_rules! sets {
    ($($name:ident { $($label:ident: $type:ty),* })*) => {
        $(
            #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
            pub(super) struct $name {
                $(pub(super) $label: $type),*
            }
        )*
    };
}

sets! {
    OfKind { kind: Kind }
    OfLive { kind: Kind, state: Live }
    OfEnded { kind: Kind, state: Ended }
    OfRefused { reason: Refused }
    OfLine { resource: Line }
    OfWorker { state: Standing }
    OfUpdate { kind: Update }
    OfHandled { outcome: Handled }
    OfAnswer { status: Answer }
    OfCall { method: Method, outcome: Called }
    OfAsked { what: Asked, outcome: Found }
    OfBuild { version: &'static str }
}
