//! Inline mode: what is offered to somebody who types `@bot fib 1000` in any chat.
//!
//! Nothing of it is a task: it is on no board, in no chat's queue and not in the store. Small numbers are computed in a lane
//! of their own, Pokémon are looked up as for a `dex`; both within a time limit. Whoever types on is answered for what
//! stands there last.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::FutureExt;
use serde::de::IgnoredAny;
use teloxide::{
    payloads::{AnswerInlineQuery, AnswerInlineQuerySetters},
    types::{
        InlineQueryId, InlineQueryResult, InlineQueryResultArticle, InlineQueryResultsButton,
        InlineQueryResultsButtonKind, InputMessageContent, InputMessageContentText,
    },
};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Handlers;
use crate::{
    command::{Command, Context, Parsed, parse},
    config::Config,
    declared::{Catalog, Viewer},
    job::{ChatId, PokemonKey, Spec},
    telegram::{
        access::{Access, Entry},
        api::Api,
        incoming::InlineQuery,
        language,
        sentences::{self, inline as words, owners},
    },
    work::{Control, Unfinished, Work},
};

/// The largest number: about 1 ms of work. A message shows the ends of what is longer than it anyway.
const MAX_FIB: u64 = 100_000;
/// Digits of a number in the message; what is longer is cut.
const MAX_DIGITS: usize = 3_400;
/// Queries under way; what comes on top is not answered.
const MAX_QUERIES: usize = 32;
/// Numbers that are computed at once, and Pokémon that are looked up at once.
const MAX_NUMBERS: usize = 2;
const MAX_LOOK_UPS: usize = 4;
/// For how long Telegram may give the same answer by itself: a number never changes, a Pokémon hardly.
const KEEP_NUMBER: u32 = 86_400;
const KEEP_POKEMON: u32 = 3_600;
const KEEP_HELP: u32 = 300;
/// What is true now may be wrong in a moment.
const KEEP_NOTHING: u32 = 0;

/// Answers inline queries.
pub struct Inline {
    api: Api,
    work: Arc<Work>,
    bot: String,
    max_fib: u64,
    access: Arc<Access>,
    /// How long a query may take.
    limit: Duration,
    /// How long PokeAPI is not asked while somebody may still be typing.
    pause: Duration,
    // A std lock: held for an insertion. The last query of each person that has one under way.
    last: Mutex<HashMap<u64, (u64, CancellationToken)>>,
    next: AtomicU64,
    queries: Arc<Semaphore>,
    numbers: Semaphore,
    look_ups: Semaphore,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What is offered, and for how long it is true.
struct Offers {
    results: Vec<Offer>,
    keep: u32,
}

struct Offer {
    id: String,
    title: String,
    description: String,
    text: String,
}

impl Offers {
    fn one(id: &str, title: String, description: String, text: String, keep: u32) -> Self {
        let offer = Offer { id: id.to_owned(), title, description, text };
        Self { results: vec![offer], keep }
    }
}

impl Handlers {
    /// It is answered beside the updates; nothing of it is stored.
    pub(super) fn ask_inline(&self, query: InlineQuery) {
        self.inline.ask(query);
    }
}

impl Inline {
    /// For the bot of this name.
    pub fn new(api: Api, work: Arc<Work>, bot: &str, config: &Config, access: Arc<Access>) -> Arc<Self> {
        Arc::new(Self {
            api,
            work,
            bot: bot.to_owned(),
            max_fib: config.max_fib,
            access,
            limit: config.timings.inline_limit,
            pause: config.timings.inline_pause,
            last: Mutex::default(),
            next: AtomicU64::new(0),
            queries: Arc::new(Semaphore::new(MAX_QUERIES)),
            numbers: Semaphore::new(MAX_NUMBERS),
            look_ups: Semaphore::new(MAX_LOOK_UPS),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Answers a query, unless the same person asks something else meanwhile.
    pub fn ask(self: &Arc<Self>, query: InlineQuery) {
        let person = query.from.id;
        let (number, token) = (self.next.fetch_add(1, Relaxed), self.stop.child_token());
        let older = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.insert(person, (number, token.clone()))
        };
        if let Some((_, older)) = older {
            older.cancel();
        }
        let place = self.queries.clone().try_acquire_owned();
        let inline = self.clone();
        self.tasks.spawn(language::scope(language::current(), async move {
            if place.is_ok() {
                let answer = AssertUnwindSafe(inline.answer(&query)).catch_unwind();
                tokio::select! {
                    () = token.cancelled() => {}
                    answered = answer => if answered.is_err() {
                        tracing::error!("an inline query panicked");
                    },
                }
            } else {
                tracing::warn!("too many inline queries at once: one stays without an answer");
            }
            let mut last = inline.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.get(&person).is_some_and(|(last, _)| *last == number) {
                last.remove(&person);
            }
        }));
    }

    /// Answers nothing more.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn answer(&self, query: &InlineQuery) {
        // Where only some chats are let in, so are only those people whose private chat is.
        let person = ChatId(i64::try_from(query.from.id).unwrap_or_default());
        let offers = match self.access.of(person) {
            Entry::In => self.offers(&query.query).await,
            Entry::Stranger => self.note(owners::stranger(person), KEEP_NOTHING),
            Entry::Denied => self.note(owners::denied(), KEEP_NOTHING),
        };
        let button = InlineQueryResultsButton {
            text: words::button(),
            kind: InlineQueryResultsButtonKind::StartParameter("inline".to_owned()),
        };
        let call =
            AnswerInlineQuery::new(InlineQueryId(query.id.clone()), offers.results.into_iter().map(article))
                .cache_time(offers.keep)
                // The words are in the language of who asks.
                .is_personal(true)
                .button(button);
        if let Err(error) = self.api.call::<_, IgnoredAny>(&call).await {
            tracing::info!(%error, "an inline query could not be answered");
        }
    }

    async fn offers(&self, text: &str) -> Offers {
        let context = Context {
            private: true,
            owner: false,
            bot: &self.bot,
            reply_to_bot: false,
            card: None,
            // Whose chat it is said in is not known, and so not who may.
            catalog: Catalog::nothing(),
            viewer: Viewer::NOBODY,
        };
        match parse(text, context) {
            Parsed::NotForUs => self.help(),
            Parsed::Error(error) => {
                self.note(sentences::parse_error(&error, self.max_fib.min(MAX_FIB)), KEEP_HELP)
            }
            Parsed::Command(Command::Submit(Spec::Fib(n))) => self.fib(n).await,
            Parsed::Command(Command::Submit(Spec::Dex(key))) => self.dex(key).await,
            Parsed::Command(_) => self.note(words::not_here(), KEEP_HELP),
        }
    }

    /// What can be said, each to be chosen.
    fn help(&self) -> Offers {
        let offer = |(id, (title, description)): (usize, (&str, String))| Offer {
            id: format!("help-{id}"),
            title: format!("@{} {title}", self.bot),
            description,
            text: words::help(&self.bot),
        };
        Offers { results: words::commands().into_iter().enumerate().map(offer).collect(), keep: KEEP_HELP }
    }

    /// What is wrong, and then what can be said.
    fn note(&self, what: String, keep: u32) -> Offers {
        let text = words::help(&self.bot);
        let mut offers = Offers::one("note", what, words::say_instead(), text, keep);
        offers.results.extend(self.help().results);
        offers
    }

    async fn fib(&self, n: u64) -> Offers {
        let limit = self.max_fib.min(MAX_FIB);
        if n > limit {
            return self.note(words::too_large(n, limit), KEEP_HELP);
        }
        let token = CancellationToken::new();
        let control = Arc::new(Control::new(token.clone(), self.stop.clone()));
        // However this ends, also by a newer query, the work does.
        let _stops = token.drop_guard();
        let work = async {
            // Nothing closes the semaphore.
            let _place = self.numbers.acquire().await.ok();
            self.work.quick(n, &control).await
        };
        match timeout(self.limit, work).await {
            Ok(Ok(number)) => {
                let text = sentences::number(&number, MAX_DIGITS);
                let (id, title) = (format!("fib-{n}"), words::number(n));
                let digits = sentences::cut(&text[sentences::number_start(n).len()..], 100);
                Offers::one(&id, title, digits, text, KEEP_NUMBER)
            }
            Ok(Err(Unfinished::Failed(failure))) => self.note(sentences::failure(&failure), KEEP_NOTHING),
            Ok(Err(Unfinished::Cancelled | Unfinished::Left)) | Err(_) => {
                self.note(words::too_slow(), KEEP_NOTHING)
            }
        }
    }

    async fn dex(&self, key: PokemonKey) -> Offers {
        // Every letter of a name is a query: only the last one is worth a request.
        tokio::time::sleep(self.pause).await;
        let control = Control::default();
        let work = async {
            // Nothing closes the semaphore.
            let _place = self.look_ups.acquire().await.ok();
            self.work.dex(&key, false, &control).await
        };
        match timeout(self.limit, work).await {
            Ok(Ok(pokemon)) => {
                let text =
                    format!("{}\n{}", sentences::pokemon(&pokemon), sentences::pokemon_details(&pokemon));
                let title = words::pokemon(&pokemon);
                let id = format!("dex-{}", pokemon.id);
                Offers::one(&id, title, pokemon.types.join(", "), text, KEEP_POKEMON)
            }
            Ok(Err(Unfinished::Failed(failure))) => {
                let keep = if matches!(failure, crate::job::Failure::NoSuchPokemon(_)) {
                    KEEP_HELP
                } else {
                    KEEP_NOTHING
                };
                self.note(sentences::failure(&failure), keep)
            }
            _ => self.note(words::too_slow(), KEEP_NOTHING),
        }
    }
}

fn article(offer: Offer) -> InlineQueryResult {
    let content = InputMessageContent::Text(InputMessageContentText::new(offer.text));
    InlineQueryResult::Article(
        InlineQueryResultArticle::new(offer.id, offer.title, content).description(offer.description),
    )
}
