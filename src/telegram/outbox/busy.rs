//! "Busy, try in N s": said at once, and seldom enough that it does not make things worse.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{Desk, Outbox, text, third};
use crate::{
    config::Config,
    job::{ChatId, Origin},
    telegram::{
        lane::Lane,
        pace::{Pace, Share},
        sentences,
    },
};

/// Topics that are remembered as told. While there are so many, no other is told anything.
const MAX_TOLD: usize = 10_000;
/// What a message is thought to take where no pace is kept.
const UNPACED: Duration = Duration::from_millis(1);

/// Who was told, and what waits in all lanes.
pub(super) struct Busy {
    // Std locks: held for a look.
    told: Mutex<HashMap<(ChatId, Option<i32>), Instant>>,
    /// A sixth of the pace of all chats.
    pace: Mutex<Pace>,
    /// What one message costs of the pace of all chats.
    cost: Duration,
    silent: AtomicU64,
}

/// As many messages in six seconds as the pace of all chats lets through in one.
fn sixth(rate_all: u32, second: Duration) -> Pace {
    Pace::new(rate_all, second * 6, third(rate_all))
}

impl Busy {
    pub(super) fn new(config: &Config, all: &Pace) -> Self {
        let second = config.timings.rate_period / 60;
        let cost = if all.cost().is_zero() { UNPACED } else { all.cost() };
        Self {
            told: Mutex::default(),
            pace: Mutex::new(sixth(config.rate_all, second)),
            cost,
            silent: AtomicU64::new(0),
        }
    }

    /// Whether the topic is to be told: it was not in the last `seconds`, and there is room for it in the pace.
    fn tells(&self, topic: (ChatId, Option<i32>), seconds: u64, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(&topic).is_some_and(|until| *until > now) {
            return false;
        }
        if told.len() >= MAX_TOLD {
            told.retain(|_, until| *until > now);
        }
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MAX_TOLD || pace.wait_until(now, Share::Answers).is_some() {
            return false;
        }
        pace.spend(now);
        told.insert(topic, now + Duration::from_secs(seconds));
        true
    }
}

impl Outbox {
    /// Tells that the bot is busy, once in `seconds` for a topic and no more often than a sixth of the pace of all chats
    /// allows; who is not told has been, or hears nothing.
    pub async fn say_busy(self: &Arc<Self>, chat: ChatId, reply_to: Origin, seconds: u64) {
        if self.busy.tells((chat, reply_to.thread), seconds, Instant::now()) {
            self.say(chat, text(reply_to, &self.busy_words(seconds)).busy()).await;
        } else {
            self.busy.silent.fetch_add(1, Relaxed);
        }
    }

    /// That the bot is busy, in words. While nothing begins, nothing ends: the seconds would mean nothing.
    pub fn busy_words(&self, seconds: u64) -> String {
        self.boards.hold().map_or_else(|| sentences::busy(seconds), sentences::fleet::busy_and_held)
    }

    /// How often a command was not even answered with "busy".
    pub fn silent(&self) -> u64 {
        self.busy.silent.load(Relaxed)
    }

    /// The lane was changed: what waits in all of them is so much more, or less.
    pub(super) fn recount(&self, lane: &mut Lane) {
        let now = lane.unsaid();
        let before = std::mem::replace(&mut lane.counted, now);
        if now != before {
            let difference =
                i64::try_from(now).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX);
            let cost = i64::try_from(self.busy.cost.as_nanos()).unwrap_or(i64::MAX);
            self.boards.overload().unsaid_by(difference.saturating_mul(cost));
        }
    }

    /// Drops the lanes of chats of which nothing is to be known: who was refused leaves nothing behind.
    pub(super) fn sweep(&self, now: Instant) {
        self.lanes.retain(|_, desk: &mut Arc<Desk>| !desk.lane().is_blank(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        board::Boards,
        config::Cli,
        job::{JobId, MessageId},
        metrics::Metrics,
        sandbox::{Options, Sandbox, View},
        store::{Loaded, Secret, Store},
        telegram::{api::Api, lane::OldCard, settings::Settings},
        work::Engine,
    };

    /// An outbox whose Telegram is a sandbox.
    async fn outbox() -> (Arc<Outbox>, Sandbox) {
        let options = Options::default();
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        let flags = ["jobboard", "--rate-all", "0", "--cpu-workers", "1", "--memory", "1GB"];
        let config = Cli::read(flags.map(Into::into)).unwrap().config;
        let config = config.for_sandbox(&token, &sandbox.url(), &sandbox.pokeapi_url());
        let work = crate::work(&config, Engine::new(), Metrics::new(), None).unwrap();
        let boards = Boards::new(work, Store::none(), crate::limits(&config));
        let (api, store) = (Api::new(&config, &Secret::default()).unwrap(), Store::none());
        let settings = Arc::new(Settings::new(store.clone(), &Loaded::default()));
        (Outbox::new(api, boards, store, settings, &config), sandbox)
    }

    #[tokio::test]
    async fn who_was_told_leaves_no_lane_behind() {
        let (outbox, sandbox) = outbox().await;
        let telegram = sandbox.telegram();
        let here = |message| Origin { message: MessageId(message), thread: None, callback: None };
        let chats: Vec<_> = (0..30).map(|_| telegram.private_chat(telegram.person("Ann"))).collect();
        for chat in &chats {
            outbox.say_busy(ChatId(chat.0), here(1), 30).await;
            outbox.say_busy(ChatId(chat.0), here(2), 30).await;
        }
        assert_eq!((outbox.lanes(), outbox.silent()), (30, 30));
        let told = |view: &View<'_>| chats.iter().all(|chat| view.messages(*chat).len() == 1).then_some(());
        telegram.until(told).await;
        // Of this one something is known.
        let old = OldCard { message: Some(MessageId(7)), thread: None, finished: true, done: true };
        outbox.desk(ChatId(7)).lane().restore(JobId(1), old, Instant::now());
        // The paces are full again by then.
        let later = Instant::now() + Duration::from_hours(1);
        let swept = async {
            while outbox.lanes() > 1 {
                outbox.sweep(later);
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), swept).await.unwrap();
        outbox.sweep(later);
        assert_eq!(outbox.task_of(ChatId(7), MessageId(7)), Some(JobId(1)));
        assert_eq!(outbox.boards.overload().unsaid(), Duration::ZERO);
        sandbox.stop().await;
    }

    fn busy(rate_all: u32) -> Busy {
        let second = Duration::from_secs(1);
        Busy {
            told: Mutex::default(),
            pace: Mutex::new(sixth(rate_all, second)),
            cost: second,
            silent: AtomicU64::new(0),
        }
    }

    #[test]
    fn a_topic_is_told_once_in_its_time() {
        let (busy, start) = (busy(0), Instant::now());
        let tells =
            |chat, thread, after| busy.tells((ChatId(chat), thread), 10, start + Duration::from_secs(after));
        assert!(tells(1, None, 0));
        assert!(!tells(1, None, 9));
        assert!(tells(1, Some(2), 9) && tells(2, None, 9));
        assert!(tells(1, None, 10));
    }

    #[test]
    fn all_of_it_is_a_sixth_of_the_pace() {
        let (busy, start) = (busy(30), Instant::now());
        let told = (0_u64..40_000).filter(|n| {
            let now = start + Duration::from_millis(*n);
            busy.tells((ChatId(i64::try_from(*n).unwrap()), None), 10, now)
        });
        // In forty seconds, nearly a sixth of thirty a second.
        assert!((175..=195).contains(&told.count()));
    }

    #[test]
    fn what_is_remembered_of_it_is_bounded() {
        let (busy, start) = (busy(0), Instant::now());
        let told = (0..20_000).filter(|n| busy.tells((ChatId(*n), None), 10, start)).count();
        assert_eq!(told, MAX_TOLD);
        assert!(busy.tells((ChatId(-1), None), 10, start + Duration::from_secs(11)));
        assert_eq!(busy.told.lock().unwrap().len(), 1);
    }
}
