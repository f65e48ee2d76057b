//! What is scheduled: made, shown, taken back, and run when it is due.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    Handlers,
    confirm::Asked,
    roles::{Actor, Rights, Standing, is_private},
    said::Said,
    wish::Wish,
};
use crate::{
    board::{NotScheduled, Occurred, Refusal, Wanted},
    job::{Call, ChatId, Origin, Spec},
    schedule::{Due, Schedule, ScheduleId, When, is_late},
    store::{Instead, Write},
    telegram::{
        access::Entry,
        language,
        outbox::text,
        sentences::{self, allowed, schedules as words},
    },
};

impl Handlers {
    /// Schedules a task for who said so; what the operator declares, when it is known that they may run it.
    pub(super) async fn schedule(self: &Arc<Self>, said: Said, when: When, spec: Spec) {
        if let Spec::Declared(call) = spec {
            return self.wished(said, Wish::Schedule(when, call)).await;
        }
        let words = self.put_down(said.chat, &said.who, &said.origin, when, spec).await;
        self.answer(&said, &words).await;
    }

    /// The same for a declared command, as far as who asks may run it. Where it is asked about before it runs, it is now: its runs ask
    /// nobody.
    pub(super) async fn schedule_call(
        self: &Arc<Self>,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        (when, call): (When, &Call),
    ) -> String {
        let declaration = match self.admitted(chat, who, rights, call) {
            Ok(declaration) => declaration,
            Err(why) => return allowed::refusal(&call.name, why),
        };
        if !declaration.confirm {
            return self.put_down(chat, who, reply_to, when, Spec::Declared(call.clone())).await;
        }
        // "At 18:30" is that of today, also where the answer comes later.
        let zone = self.settings.zone(chat);
        match when.first(zone, self.clock.now()) {
            Ok((when, _)) => {
                let (who, call, origin) = (who.clone(), call.clone(), reply_to.clone());
                let asked = Asked { who, call, when: Some(when), origin };
                self.ask_to_run(chat, asked, &declaration, false).await
            }
            Err(why) => words::no_time(why, &when, zone),
        }
    }

    pub(super) async fn put_down(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        when: When,
        spec: Spec,
    ) -> String {
        let (now, zone) = (self.clock.now(), self.settings.zone(chat));
        let wanted = Wanted { when, zone, spec, person: who.person.clone(), reply_to: reply_to.clone() };
        let chose_zone = self.settings.get(chat, "timezone").is_some();
        match self.boards.schedule(chat, wanted, self.max_schedules, now).await {
            Ok(schedule) => words::made(&schedule, now, chose_zone),
            Err(NotScheduled::NoTime(why)) => words::no_time(why, &when, zone),
            Err(NotScheduled::TooMany { count, limit }) => words::too_many(count, limit),
            Err(NotScheduled::Refused(why)) => sentences::refusal(why),
        }
    }

    /// The answer to `schedules`.
    pub(super) fn all_schedules(&self, chat: ChatId) -> String {
        words::all(&self.boards.schedules(chat), self.clock.now(), self.boards.is_paused())
    }

    /// Whether one of these is somebody else's.
    pub(super) fn are_others(&self, chat: ChatId, ids: &[ScheduleId], person: i64) -> bool {
        ids.iter().filter_map(|id| self.boards.scheduled(chat, *id)).any(|one| one.person.id != person)
    }

    /// Takes back what may be taken back, and says what became of each.
    pub(super) async fn unschedule(
        &self,
        chat: ChatId,
        who: &Actor,
        standing: Standing,
        ids: &[ScheduleId],
    ) -> String {
        let line = async |id: ScheduleId| {
            let Some(schedule) = self.boards.scheduled(chat, id) else { return Err(words::no_such(id)) };
            let is_own = is_private(chat) || schedule.person.id == who.person.id;
            if !is_own && standing != Standing::Any {
                return Err(words::not_allowed(&schedule, standing == Standing::Own));
            }
            match self.boards.unschedule(chat, id).await {
                Some(Ok(schedule)) => Ok(schedule),
                Some(Err(why)) => Err(words::not_stored(id, &why)),
                None => Err(words::no_such(id)),
            }
        };
        words::taken_back(&join_all(ids.iter().map(|id| line(*id))).await)
    }

    /// Runs what is due, until `stop`.
    pub async fn keep_schedules(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let due = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                due = self.boards.next_due(|| self.clock.now(), self.clock_look) => due,
            };
            let occur = |(chat, schedule): (ChatId, Schedule)| {
                let language = self.settings.language(chat);
                language::scope(language, self.occur(chat, schedule))
            };
            let all = join_all(due.into_iter().map(occur)).await;
            if all.contains(&Occurrence::Left) {
                // The boards take nothing more: the next start finds it due.
                return stop.cancelled().await;
            }
        }
    }

    /// One schedule's turn: its task is submitted once, however many occurrences were missed, and what is to be said of it is
    /// stored in the same moment as that it has been.
    async fn occur(self: &Arc<Self>, chat: ChatId, schedule: Schedule) -> Occurrence {
        let now = self.clock.now();
        let Some(due) = schedule.due(now) else { return Occurrence::Over };
        let Due { first, last, .. } = due;
        if self.access.of(chat) != Entry::In {
            // It is not worked for, and not spoken to.
            self.pass(chat, &schedule, now);
            return Occurrence::Over;
        }
        // A crash came between the task and the note that there is one.
        let made = [first, last].into_iter().find_map(|at| {
            let accepted = self.boards.accepted(chat, &schedule.origin(at))?;
            Some(Timestamp::try_from(accepted).is_ok_and(|accepted| !is_late(at, accepted)))
        });
        let (has_run, in_time) = (made.is_some(), made == Some(true));
        let missed = due.missed().saturating_sub(u64::from(in_time));
        let is_run = due.on_time || missed > 0 && self.settings.runs_missed(chat);
        let taken = match self.boards.unfinished_of(chat, schedule.id) {
            _ if !is_run => Ok(()),
            Some(job) if !has_run => Err(words::still_unfinished(job)),
            _ => match self.spec_now(chat, &schedule).await {
                Err(why) => Err(why),
                Ok(spec) => {
                    let (person, origin) = (schedule.person.clone(), schedule.origin(last));
                    match self.boards.submit(chat, person, origin, spec).await {
                        Ok(_) => Ok(()),
                        Err(Refusal::Stopping) => return Occurrence::Left,
                        Err(why) => Err(sentences::refusal(why)),
                    }
                }
            },
        };
        let told = Told { missed, is_run_late: is_run && !due.on_time, taken };
        self.note(chat, &schedule, now, told).await;
        Occurrence::Over
    }

    /// What is run now: a declared command as it is declared now, if who scheduled it may run it still. Otherwise why not, in words.
    async fn spec_now(&self, chat: ChatId, schedule: &Schedule) -> Result<Spec, String> {
        let Spec::Declared(call) = &schedule.spec else { return Ok(schedule.spec.clone()) };
        let person = schedule.person.clone();
        // Telegram's ids of users are positive; who is none is a chat that speaks as itself.
        let user = Some(person.id).filter(|id| *id > 0);
        let declared = self.may_run(chat, &Actor { person, user }, call).await;
        let declared = declared.map_err(|why| allowed::refusal(&call.name, why))?;
        Ok(Spec::Declared(Call { weight: declared.weight, ..call.clone() }))
    }

    /// Stores that it has been, and says what there is to say.
    async fn note(self: &Arc<Self>, chat: ChatId, schedule: &Schedule, now: Timestamp, told: Told) {
        let Told { missed, is_run_late, taken } = told;
        let occurred = if taken.is_err() { Occurred::Refused } else { Occurred::Done };
        let Some(after) = self.boards.advance(chat, schedule.id, now, occurred) else { return };
        let next = after.body.as_ref().map(|_| after.schedule.next);
        // Once, until it runs again.
        let refused = taken.err().filter(|_| schedule.refused == 0);
        let mut lines = Vec::new();
        if missed > 0 {
            let then = match (occurred, &refused) {
                (Occurred::Done, _) if is_run_late => words::runs_now(),
                (Occurred::Refused, Some(_)) => String::new(),
                _ => words::next(schedule, next),
            };
            lines.push(format!("{} {then}", words::missed(schedule, missed)));
        }
        if let Some(why) = refused {
            tracing::info!(chat = chat.0, schedule = schedule.id.0, why, "a scheduled task was not taken");
            lines.push(words::refused(schedule, &why, next));
        }
        let number = schedule.id.0;
        if lines.is_empty() {
            return drop(self.store.write(Write::Schedule { chat: after.chat, number, body: after.body }));
        }
        let answer = text(after.schedule.reply_to.clone(), &lines.join("\n"));
        self.outbox.say_instead(after.chat, answer, Instead::Schedule(number, after.body)).await;
    }

    /// It has been, and nobody hears of it.
    fn pass(&self, chat: ChatId, schedule: &Schedule, now: Timestamp) {
        if let Some(after) = self.boards.advance(chat, schedule.id, now, Occurred::Done) {
            let number = schedule.id.0;
            drop(self.store.write(Write::Schedule { chat: after.chat, number, body: after.body }));
        }
    }
}

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occurrence {
    /// It has been.
    Over,
    /// It is due still.
    Left,
}

/// What there is to tell of an occurrence.
struct Told {
    missed: u64,
    /// The task is to be run, later than it was planned.
    is_run_late: bool,
    /// Why it was not taken, in words.
    taken: Result<(), String>,
}
