//! What each chat has scheduled, and what of it is due. What time it is, the callers say.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Boards, Refusal, table::Table};
use crate::{
    job::{ChatId, JobId, Origin, Person, Spec},
    schedule::{NoTime, Schedule, ScheduleId, When, Zone},
    store::{Committed, Loaded, Write, WriteError},
};

/// Occurrences that are handed out at once.
const BATCH: usize = 64;

/// The schedules of all chats.
#[derive(Default)]
pub(super) struct Schedules {
    // A std lock: held for a look or an insertion, never across an await. Taken after `Boards::moved`, and no other within it.
    all: Mutex<All>,
    /// Something may be due sooner than before.
    changed: Notify,
}

#[derive(Default)]
struct All {
    chats: BTreeMap<ChatId, Plan>,
    /// Those that are stored, by their next times; not those that are held.
    due: BTreeSet<(Timestamp, ChatId, ScheduleId)>,
}

/// One chat's.
#[derive(Default)]
struct Plan {
    /// The highest number that was ever given.
    last: u64,
    schedules: BTreeMap<ScheduleId, Entry>,
}

struct Entry {
    schedule: Schedule,
    /// Nobody sees it before.
    stored: bool,
}

/// What somebody wants to be scheduled.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// When.
    pub when: When,
    /// By whose clock.
    pub zone: Zone,
    /// What.
    pub spec: Spec,
    /// Whose it is.
    pub person: Person,
    /// The message that says so.
    pub reply_to: Origin,
}

/// Why something is not scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotScheduled {
    /// There is no such time.
    NoTime(NoTime),
    /// The chat has as many as it may have.
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Its task would never be taken.
    Refused(Refusal),
}

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurred {
    /// Its task is on the board, or was not to be.
    Done,
    /// Its task was not taken.
    Refused,
}

/// A schedule after an occurrence, as it is to be stored.
#[derive(Clone, Debug)]
pub struct Advanced {
    /// The chat that has it now.
    pub chat: ChatId,
    /// As it is now; what is next means nothing where it is over.
    pub schedule: Schedule,
    /// Its text; none where it is over.
    pub body: Option<String>,
}

impl Boards {
    /// Schedules a task, when that is stored. The same message gives the same schedule, however often it comes. A chat may have
    /// `limit` of them.
    ///
    /// # Errors
    /// A [`NotScheduled`] for people.
    pub async fn schedule(
        &self,
        chat: ChatId,
        wanted: Wanted,
        limit: usize,
        now: Timestamp,
    ) -> Result<Schedule, NotScheduled> {
        if let Some(why) = self.never_takes(&wanted.spec) {
            return Err(NotScheduled::Refused(why));
        }
        let (when, next) = wanted.when.first(wanted.zone, now).map_err(NotScheduled::NoTime)?;
        let proposed = self.with_schedules(chat, |home, all| {
            let Wanted { zone, spec, person, reply_to, .. } = wanted;
            // What was said in a group that has moved has no message here.
            let reply_to = if home == chat { reply_to } else { Origin::nowhere() };
            if let Some(known) = all.by_message(home, &reply_to) {
                return Ok((known.clone(), None));
            }
            let count = all.of(home).count();
            if count >= limit {
                return Err(NotScheduled::TooMany { count, limit });
            }
            let plan = all.chats.entry(home).or_default();
            plan.last += 1;
            let id = ScheduleId(plan.last);
            let schedule = Schedule { id, when, zone, spec, person, reply_to, said: now, next, refused: 0 };
            plan.schedules.insert(id, Entry { schedule: schedule.clone(), stored: false });
            // Queued under the lock: the store hears of schedules in the order of their numbers.
            let stored = self.store.write(write(home, id, Some(text(&schedule))));
            Ok((schedule, Some(stored)))
        });
        let (schedule, stored) = proposed?;
        let Some(stored) = stored else { return Ok(schedule) };
        let stored = stored.await;
        self.with_schedules(chat, |home, all| match &stored {
            Ok(()) => all.accepted(home, schedule.id),
            Err(_) => drop(all.remove(home, schedule.id)),
        });
        self.schedules.changed.notify_one();
        stored.map(|()| schedule).map_err(|why| NotScheduled::Refused(Refusal::NotStored(why)))
    }

    /// The chat's schedules, in the order of their numbers.
    pub fn schedules(&self, chat: ChatId) -> Vec<Schedule> {
        self.with_schedules(chat, |home, all| {
            all.of(home).filter(|entry| entry.stored).map(|entry| entry.schedule.clone()).collect()
        })
    }

    /// One of them.
    pub fn scheduled(&self, chat: ChatId, id: ScheduleId) -> Option<Schedule> {
        self.schedules(chat).into_iter().find(|schedule| schedule.id == id)
    }

    /// Runs this one no more, and returns when that is stored. `None` where there is none.
    ///
    /// # Errors
    /// [`WriteError`]: it is not run any more, but would be after the next start.
    pub async fn unschedule(&self, chat: ChatId, id: ScheduleId) -> Option<Result<Schedule, WriteError>> {
        let (schedule, stored) = self.with_schedules(chat, |home, all| {
            let schedule = all.remove(home, id)?;
            Some((schedule, self.store.write(write(home, id, None))))
        })?;
        Some(stored.await.map(|()| schedule))
    }

    /// Waits until something is due that may run, and gives it: nothing while the bot is paused. `now` is looked at every
    /// `look`, since a clock may be put forward or back, and a machine be suspended.
    pub async fn next_due(&self, now: impl Fn() -> Timestamp, look: Duration) -> Vec<(ChatId, Schedule)> {
        let mut paused = self.paused.subscribe();
        loop {
            // The sender lives as long as `self`.
            let _ = paused.wait_for(|paused| !paused).await;
            let (due, wait) = self.schedules.lock().due(now());
            if !due.is_empty() {
                return due;
            }
            let sleep = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait.min(look)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.schedules.changed.notified() => {}
                () = sleep => {}
            }
        }
    }

    /// What was due of the schedule at `now` has been: what is to be stored of it. `None` where there is no such schedule any
    /// more. The next time is later than `now`, so a clock that is put back then runs nothing twice.
    pub fn advance(
        &self,
        chat: ChatId,
        id: ScheduleId,
        now: Timestamp,
        occurred: Occurred,
    ) -> Option<Advanced> {
        self.with_schedules(chat, |chat, all| {
            let mut schedule = all.remove(chat, id)?;
            let next = schedule.next_after(now);
            schedule.refused = match occurred {
                Occurred::Done => 0,
                Occurred::Refused => schedule.refused.saturating_add(1),
            };
            let Some(next) = next else { return Some(Advanced { chat, schedule, body: None }) };
            schedule.next = next;
            let body = Some(text(&schedule));
            all.insert(chat, schedule.clone());
            Some(Advanced { chat, schedule, body })
        })
    }

    /// When the job of this origin was accepted, if the board has one.
    pub fn accepted(&self, chat: ChatId, origin: &Origin) -> Option<SystemTime> {
        self.look(chat, |table| table.snapshot(table.by_origin(origin)?))?.map(|found| found.job.submitted)
    }

    /// The job that an earlier occurrence of the schedule has made, while it is unfinished.
    pub fn unfinished_of(&self, chat: ChatId, id: ScheduleId) -> Option<JobId> {
        self.look(chat, |table| table.unfinished_of(id.0))?
    }

    /// The schedule that has made this job.
    pub(super) fn schedule_of(&self, chat: ChatId, id: JobId) -> Option<ScheduleId> {
        let made_by = |table: &Table| table.snapshot(id)?.job.origin.schedule().map(ScheduleId);
        self.look(chat, made_by)?
    }

    /// Nothing of the schedule is due until it is released: its last task is about to end, and would be in the way.
    pub(super) fn hold_schedule(&self, chat: ChatId, id: ScheduleId) {
        self.with_schedules(chat, |chat, all| {
            if let Some(next) = all.next(chat, id) {
                all.due.remove(&(next, chat, id));
            }
        });
    }

    /// It is due in its time again, or at once.
    pub(super) fn release_schedule(&self, chat: ChatId, id: ScheduleId) {
        self.with_schedules(chat, |chat, all| {
            if let Some(next) = all.next(chat, id) {
                all.due.insert((next, chat, id));
            }
        });
        self.schedules.changed.notify_one();
    }

    /// Puts back what the last process had. What cannot be read, as of a later version, stays in the store and is not run.
    pub(super) fn restore_schedules(&self, loaded: &Loaded) {
        let gone: HashSet<_> = loaded.away.iter().copied().chain(loaded.denied()).collect();
        let mut all = self.schedules.lock();
        for (chat, last) in &loaded.last_schedules {
            all.chats.entry(*chat).or_default().last = *last;
        }
        for (chat, number, body) in &loaded.schedules {
            match serde_json::from_str::<Schedule>(body) {
                // That the chat was denied is stored before what becomes of its board.
                Ok(schedule) if gone.contains(chat) => {
                    drop(self.store.write(write(*chat, schedule.id, None)));
                }
                Ok(schedule) => {
                    let plan = all.chats.entry(*chat).or_default();
                    plan.last = plan.last.max(*number);
                    all.insert(*chat, Schedule { id: ScheduleId(*number), ..schedule });
                }
                Err(error) => {
                    tracing::error!(chat = chat.0, number, %error, "a schedule that was stored cannot be read");
                }
            }
        }
    }

    /// The chat has the bot no more: all that it has scheduled is forgotten. The write that makes it last; `None` where there
    /// is nothing.
    pub(super) fn forget_schedules(&self, chat: ChatId) -> Option<Committed> {
        self.with_schedules(chat, |chat, all| {
            let ids: Vec<_> = all.of(chat).map(|entry| entry.schedule.id).collect();
            let forget = |id: ScheduleId| {
                all.remove(chat, id);
                self.store.write(write(chat, id, None))
            };
            ids.into_iter().map(forget).last()
        })
    }

    fn with_schedules<T>(&self, chat: ChatId, change: impl FnOnce(ChatId, &mut All) -> T) -> T {
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        let home = moved.get(&chat).copied().unwrap_or(chat);
        change(home, &mut self.schedules.lock())
    }
}

impl Schedules {
    /// Whether the chat has any.
    pub(super) fn has(&self, chat: ChatId) -> bool {
        self.lock().of(chat).next().is_some()
    }

    /// The group has become a supergroup, in which its messages cannot be replied to.
    pub(super) fn migrate(&self, from: ChatId, to: ChatId) {
        let mut all = self.lock();
        let Some(old) = all.chats.remove(&from) else { return };
        all.due.retain(|(_, chat, _)| *chat != from);
        let plan = all.chats.entry(to).or_default();
        plan.last = plan.last.max(old.last);
        for (id, Entry { mut schedule, stored }) in old.schedules {
            schedule.reply_to = Origin::nowhere();
            if stored {
                all.insert(to, schedule);
            } else {
                let plan = all.chats.entry(to).or_default();
                plan.schedules.insert(id, Entry { schedule, stored });
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn of(&self, chat: ChatId) -> impl Iterator<Item = &Entry> {
        self.chats.get(&chat).into_iter().flat_map(|plan| plan.schedules.values())
    }

    fn by_message(&self, chat: ChatId, message: &Origin) -> Option<&Schedule> {
        let mut all = self.of(chat).map(|entry| &entry.schedule);
        all.find(|schedule| message.is_here() && schedule.reply_to == *message)
    }

    /// It is stored: it is due from here on.
    fn accepted(&mut self, chat: ChatId, id: ScheduleId) {
        if let Some(schedule) = self.remove(chat, id) {
            self.insert(chat, schedule);
        }
    }

    fn insert(&mut self, chat: ChatId, schedule: Schedule) {
        let id = schedule.id;
        self.due.insert((schedule.next, chat, id));
        self.chats.entry(chat).or_default().schedules.insert(id, Entry { schedule, stored: true });
    }

    fn next(&self, chat: ChatId, id: ScheduleId) -> Option<Timestamp> {
        let entry = self.chats.get(&chat)?.schedules.get(&id)?;
        entry.stored.then_some(entry.schedule.next)
    }

    fn remove(&mut self, chat: ChatId, id: ScheduleId) -> Option<Schedule> {
        let Entry { schedule, .. } = self.chats.get_mut(&chat)?.schedules.remove(&id)?;
        self.due.remove(&(schedule.next, chat, id));
        Some(schedule)
    }

    /// What is due at `now`, and how long it is until the next will be.
    fn due(&self, now: Timestamp) -> (Vec<(ChatId, Schedule)>, Option<Duration>) {
        let due = self.due.iter().take_while(|(next, ..)| *next <= now).take(BATCH);
        let schedule =
            |chat: ChatId, id: ScheduleId| Some(&self.chats.get(&chat)?.schedules.get(&id)?.schedule);
        let due = due.filter_map(|(_, chat, id)| Some((*chat, schedule(*chat, *id)?.clone())));
        let until = |next: Timestamp| Duration::try_from(next.duration_since(now)).unwrap_or_default();
        (due.collect(), self.due.first().map(|(next, ..)| until(*next)))
    }
}

fn write(chat: ChatId, id: ScheduleId, body: Option<String>) -> Write {
    Write::Schedule { chat, number: id.0, body }
}

/// Texts, numbers and times are always JSON.
fn text(schedule: &Schedule) -> String {
    serde_json::to_string(schedule).unwrap_or_default()
}
