//! Kills and retries: of one's own tasks at once; those of others are asked about first, or refused in words.

use std::sync::Arc;

use futures_util::future::join;

use super::{
    Handlers,
    roles::{Actor, Rights, Standing, is_private},
    wish::{Request, Wish},
};
use crate::{
    board::{Refusal, RetryRefusal, Verdict},
    job::{ChatId, Job, JobId, Origin},
    telegram::{
        buttons::{Button, row},
        lane::{Answer, Body},
        render::Content,
        sentences::{self, allowed, buttons as labels, roles as words},
    },
};

/// Tasks after the first one that fit into a button.
const MORE: u64 = u64::BITS as u64;
/// A question has one button that says it.
const YES: &str = "yes";

impl Handlers {
    /// Whether tasks or questions of others are meant, so that it matters who asks.
    pub(super) fn concerns_others(&self, chat: ChatId, request: &Request) -> bool {
        let person = request.who.person.id;
        match &request.wish {
            Wish::Kill(ids) => {
                ids.iter().filter_map(|id| self.unfinished(chat, *id)).any(|job| job.person.id != person)
            }
            Wish::KillAll => self.all_unfinished(chat).iter().any(|job| job.person.id != person),
            Wish::KillThese(_) | Wish::KillAllUpTo(..) => {
                self.meant(chat, &request.wish).iter().any(|job| job.person.id != person)
            }
            Wish::Keep(asker) => *asker != person,
            Wish::Unschedule(ids) => self.are_others(chat, ids, person),
            // The chat is everybody's.
            Wish::Set(_) => true,
            // Whoever may, runs it as their own.
            Wish::Help | Wish::Run(_) | Wish::Schedule(..) | Wish::Asked(_) | Wish::Yes(_) | Wish::No(_) => {
                false
            }
            Wish::Retry(id) => self
                .boards
                .job(chat, *id)
                .is_some_and(|old| old.can_be_retried() && old.job.person.id != person),
        }
    }

    fn unfinished(&self, chat: ChatId, id: JobId) -> Option<Job> {
        self.boards.job(chat, id).map(|snapshot| snapshot.job).filter(|job| !job.state.is_finished())
    }

    fn all_unfinished(&self, chat: ChatId) -> Vec<Job> {
        self.boards.unfinished(chat).into_iter().filter_map(|id| self.unfinished(chat, id)).collect()
    }

    /// What a "yes" means of what is still unfinished.
    fn meant(&self, chat: ChatId, wish: &Wish) -> Vec<Job> {
        match wish {
            Wish::KillThese(ids) => ids.iter().filter_map(|id| self.unfinished(chat, *id)).collect(),
            Wish::KillAllUpTo(last, whose) => {
                let mut jobs = self.all_unfinished(chat);
                jobs.retain(|job| job.id <= *last && whose.is_none_or(|person| job.person.id == person));
                jobs
            }
            _ => Vec::new(),
        }
    }

    /// Kills what may be killed at once, asks about what is others', and refuses the rest.
    pub(super) async fn kill(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        standing: Standing,
        ids: &[JobId],
    ) -> String {
        let (mut now, mut others) = (Vec::new(), Vec::new());
        for id in ids {
            match self.unfinished(chat, *id) {
                Some(job) if is_private(chat) || job.person.id == who.person.id => now.push((*id, None)),
                Some(job) if standing == Standing::Any => others.push(job),
                Some(job) => now.push((*id, Some(not_allowed(job, standing)))),
                None => now.push((*id, None)),
            }
        }
        if reply_to.callback.is_some()
            && let [id] = ids
        {
            return self.kill_pressed(chat, who, reply_to, *id, (&now, &others)).await;
        }
        let asked = async {
            if !others.is_empty() {
                self.ask_to_kill(chat, who, reply_to, others).await;
            }
        };
        let killed = async {
            if now.is_empty() {
                return Ok(());
            }
            // The outbox hears of the report when the work has stopped.
            self.boards.kill(chat, &who.person, reply_to.clone(), &now).await
        };
        match join(killed, asked).await.0 {
            Ok(()) => String::new(),
            Err(why) => sentences::kill_not_stored(&why),
        }
    }

    /// The same for a card's button: what pops up.
    async fn kill_pressed(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        id: JobId,
        (now, others): (&[(JobId, Option<Verdict>)], &[Job]),
    ) -> String {
        let Some(snapshot) = self.boards.job(chat, id) else { return self.no_such_task(chat, id) };
        if snapshot.job.state.is_finished() {
            return sentences::already(id, snapshot.job.state.word());
        }
        if let [job] = others {
            if self.is_again(chat, reply_to, Button::Kill(id), who).await {
                return words::asked_already();
            }
            self.ask_to_kill(chat, who, reply_to, vec![job.clone()]).await;
            return words::confirm_below(&job.person.name);
        }
        if let [(_, Some(Verdict::NotAllowed { owner, known }))] = now {
            return words::not_allowed(id, owner, words::Act::Kill, *known);
        }
        let origin = once(reply_to, Button::Kill(id).code());
        match self.boards.kill(chat, &who.person, origin, now).await {
            Ok(()) => sentences::killing(id),
            Err(why) => sentences::kill_not_stored(&why),
        }
    }

    /// Others' tasks are killed when somebody who may has said so twice.
    async fn ask_to_kill(&self, chat: ChatId, who: &Actor, reply_to: &Origin, mut jobs: Vec<Job>) {
        jobs.sort_by_key(|job| job.id);
        jobs.dedup_by_key(|job| job.id);
        let Some(first) = jobs.first().map(|job| job.id) else { return };
        let (these, rest): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.id.0 - first.0 <= MORE);
        let more =
            these.iter().filter(|job| job.id > first).map(|job| 1_u64 << (job.id.0 - first.0 - 1)).sum();
        let asker = who.person.id;
        let kill = Button::KillThese { first, more, asker };
        let label = if these.len() == 1 { labels::kill() } else { labels::kill_all(these.len()) };
        let rest: Vec<_> = rest.iter().map(|job| job.id).collect();
        let question = Content {
            keyboard: Some(row(vec![kill.labelled(label), Button::Keep { asker }.labelled(labels::keep())])),
            ..Content::text(&words::kill_question(&these, &rest))
        };
        let mut answer = Answer::new(reply_to.clone(), Body::Message(question)).asked();
        if let [job] = these.as_slice() {
            answer = answer.about(job.id);
        }
        self.outbox.say(chat, answer).await;
    }

    /// Asks whether all is to be killed that the person may kill.
    pub(super) async fn kill_all(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        standing: Standing,
    ) -> String {
        let jobs = self.all_unfinished(chat);
        let Some(last) = jobs.last().map(|job| job.id) else { return sentences::nothing_running() };
        let own = jobs.iter().filter(|job| job.person.id == who.person.id).count();
        let others = jobs.len() - own;
        let may = standing == Standing::Any;
        if own == 0 && !may {
            return words::none_is_yours(others, standing == Standing::Own);
        }
        let asker = who.person.id;
        let kill = Button::KillAll { last, own: !may && others > 0, asker };
        let label = labels::kill_all(if may { jobs.len() } else { own });
        let question = Content {
            keyboard: Some(row(vec![kill.labelled(label), Button::Keep { asker }.labelled(labels::keep())])),
            ..Content::text(&words::kill_all_question(own, others, may, standing != Standing::Unknown))
        };
        self.outbox.say(chat, Answer::new(reply_to.clone(), Body::Message(question)).asked()).await;
        String::new()
    }

    /// The "yes" to such a question: from who was asked, or from anybody else who may.
    pub(super) async fn kill_now(&self, chat: ChatId, request: &Request, standing: Standing) -> String {
        let Request { who, wish, reply_to } = request;
        let jobs = self.meant(chat, wish);
        let foreign = jobs.iter().find(|job| job.person.id != who.person.id);
        if let (Some(job), true) = (foreign, standing != Standing::Any) {
            let known = standing == Standing::Own;
            return words::not_allowed(job.id, &job.person.name, words::Act::Kill, known);
        }
        let told = match (jobs.len(), wish) {
            (0, Wish::KillThese(ids)) => self.ends_of(chat, ids),
            (0, _) => sentences::nothing_running(),
            (count, Wish::KillAllUpTo(_, Some(person))) => {
                let all = self.all_unfinished(chat);
                words::killing_own(count, all.iter().filter(|job| job.person.id != *person).count())
            }
            (count, _) => sentences::killing_all(count),
        };
        if jobs.is_empty() {
            self.edit(chat, reply_to.clone(), Content::text(&told)).await;
            return String::new();
        }
        let ids: Vec<_> = jobs.iter().map(|job| (job.id, None)).collect();
        let kill = self.boards.kill(chat, &who.person, once(reply_to, YES.to_owned()), &ids);
        // Together, the kill first: the words alone would be a promise that a crash breaks.
        match join(kill, self.edit(chat, reply_to.clone(), Content::text(&told))).await.0 {
            Ok(()) => String::new(),
            Err(why) => sentences::kill_not_stored(&why),
        }
    }

    /// What became of tasks that are not unfinished any more.
    fn ends_of(&self, chat: ChatId, ids: &[JobId]) -> String {
        let line = |id: &JobId| match self.boards.job(chat, *id) {
            Some(snapshot) => sentences::already(*id, snapshot.job.state.word()),
            None => self.no_such_task(chat, *id),
        };
        ids.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The "no".
    pub(super) async fn keep(
        &self,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        standing: Standing,
        asker: i64,
    ) -> String {
        if asker != who.person.id && standing != Standing::Any {
            return words::not_your_question();
        }
        self.edit(chat, reply_to.clone(), Content::text(&sentences::nothing_killed())).await;
        String::new()
    }

    /// Runs a task again; the same button of the same message does it once.
    pub(super) async fn retry(
        self: &Arc<Self>,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        id: JobId,
    ) -> String {
        let (is_press, standing) = (reply_to.callback.is_some(), rights.standing);
        let call = self.call_of(chat, id);
        if let Some(call) = &call
            && let Err(why) = self.admitted(chat, who, rights, call)
        {
            // First: whoever sent it, it is not theirs to run.
            return allowed::refusal(&call.name, why);
        }
        if let Some(old) = self.boards.job(chat, id).filter(crate::board::Snapshot::can_be_retried)
            && old.job.person.id != who.person.id
            && standing != Standing::Any
        {
            return words::not_allowed(
                id,
                &old.job.person.name,
                words::Act::Retry,
                standing == Standing::Own,
            );
        }
        if let Some(call) = call {
            return self.run_again(chat, who, reply_to, rights, (id, &call)).await;
        }
        let origin = once(reply_to, Button::Retry(id).code());
        match self.boards.retry(chat, who.person.clone(), origin, id).await {
            Ok(new) if is_press => sentences::submitted(new),
            // The card is the answer.
            Ok(_) => String::new(),
            Err(RetryRefusal::Refused(Refusal::Busy { seconds })) if is_press => {
                self.outbox.busy_words(seconds)
            }
            Err(RetryRefusal::Refused(Refusal::Busy { seconds })) => {
                self.outbox.say_busy(chat, reply_to.clone(), seconds).await;
                String::new()
            }
            Err(RetryRefusal::Unknown) => self.no_such_task(chat, id),
            Err(why) => sentences::retry_refusal(id, why),
        }
    }
}

/// A press that comes twice is one: what it leads to is known by the message and its button.
pub(super) fn once(reply_to: &Origin, button: String) -> Origin {
    let callback = reply_to.callback.as_ref().map(|_| button);
    Origin { callback, ..reply_to.clone() }
}

fn not_allowed(job: Job, standing: Standing) -> Verdict {
    Verdict::NotAllowed { owner: job.person.name, known: standing == Standing::Own }
}
