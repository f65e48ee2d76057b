//! The way of one job: its members wait for slots, and with the first one for its memory; they run, and their ends become one outcome.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::sync::OnceCell;
use tracing::Instrument;

use super::{
    Boards,
    queue::{Demand, Places, Slot, Ticket},
    table::Live,
};
use crate::{
    job::{
        ChatId, Ended, Failure, JobId, Member, MemberResult, Outcome, Output, Place, PokemonKey, Resource,
        Spec,
    },
    nats::JobKey,
    work::{Found, Unfinished},
};

/// How the work ended; why it was cancelled is the table's to say.
pub(super) enum End {
    Outcome(Outcome),
    Cancelled,
    /// It has not ended, though this process does.
    Left,
}

type MemberEnd = Result<Found, Unfinished>;

/// A job on its way.
pub(super) struct Run {
    boards: Arc<Boards>,
    chat: ChatId,
    id: JobId,
    spec: Spec,
    live: Live,
    /// The last process had it: a member that waits for a slot here may be running elsewhere.
    restored: bool,
    /// A member ended here before this process had anything to do with it.
    unreached: AtomicBool,
    /// Whether it may go; known when its start is stored.
    go: OnceCell<bool>,
    /// When its first member began.
    begun: OnceLock<Instant>,
}

impl Run {
    pub(super) fn new(boards: Arc<Boards>, chat: ChatId, id: JobId, spec: Spec, live: Live) -> Self {
        let (restored, unreached, go) = (false, AtomicBool::new(false), OnceCell::new());
        Self { boards, chat, id, spec, live, restored, unreached, go, begun: OnceLock::new() }
    }

    /// The same, of a job that the last process may have handed out.
    pub(super) fn restored(self) -> Self {
        Self { restored: true, ..self }
    }

    /// Takes the job's place. To be called in the order in which jobs are accepted: so they start.
    pub(super) fn line_up(&self, person: i64) -> Places {
        let Self { boards, chat, spec, live, .. } = self;
        let demand = |member: &Member| {
            let demand = || Demand { resource: member.resource(), cost: boards.work.cost(member) };
            (!boards.work.is_at_once(member)).then(demand)
        };
        let demands: Vec<_> = spec.members().iter().map(demand).collect();
        // A lone small number is as long under way as its job is.
        if !matches!(demands[..], [None]) {
            live.track.wait(demands.len());
        }
        let places = boards.queue.line_up(boards.claim(*chat, person, spec), &demands);
        live.lined_up(&places);
        places
    }

    /// Runs the job in its turn and to its end, and tells the board.
    pub(super) async fn run(self, places: Places) {
        let span = tracing::info_span!("job", chat = self.chat.0, job = self.id.0);
        let Places { grant, tickets } = places;
        let end = self.work(tickets).instrument(span).await;
        let end = self.recalled(end).await;
        self.live.track.close();
        if let Some(begun) = self.begun.get() {
            self.boards.metrics.ran(&self.spec, begun.elapsed());
        }
        self.boards.finish(self.chat, self.id, end).await;
        if !self.boards.exit.is_cancelled() {
            self.boards.work.forget(self.key());
        }
        // Only now: until they are in a file, the digits are in memory. And only when nobody works for the job any more:
        // a thread may still be busy giving memory back.
        self.live.control.leave_behind(grant);
    }

    /// Its end is true only when nobody has anything of it any more, the members included that waited here and that somebody may
    /// have since the last process.
    async fn recalled(&self, end: End) -> End {
        if !self.restored || !self.unreached.load(Ordering::Relaxed) || matches!(end, End::Left) {
            return end;
        }
        tokio::select! {
            biased;
            // It is left for the next start.
            () = self.boards.exit.cancelled() => End::Left,
            () = self.boards.work.recall(self.key()) => end,
        }
    }

    /// What the work knows the job by. It stays the same for as long as this process runs, also where the chat's id does not.
    fn key(&self) -> JobKey {
        JobKey { chat: self.chat, job: self.id }
    }

    async fn work(&self, tickets: Vec<Option<Ticket>>) -> End {
        let members = self.spec.members();
        self.boards.work.announce(&members, &self.live.control);
        let at_once = tickets.iter().all(Option::is_none);
        let timed_out = AtomicBool::new(false);
        let work =
            join_all(members.iter().zip(tickets).enumerate().map(|(index, (member, ticket))| async move {
                let end = self.member((index, member), ticket, at_once).await;
                self.live.track.end(index, ended(&end));
                end
            }));
        let limit = async {
            self.time_limit().await;
            // A kill or a stop that came first is what ends the job.
            timed_out.store(self.live.control.check().is_ok(), Ordering::Relaxed);
            self.live.cancel.cancel();
            // The work is what ends the race: it has to stop first.
            std::future::pending::<Vec<MemberEnd>>().await
        };
        let ends = tokio::select! {
            ends = work => ends,
            ends = limit => ends,
        };
        match assemble(&self.spec, members, ends) {
            // The board gives the reason where nobody else does.
            End::Cancelled if timed_out.load(Ordering::Relaxed) => {
                self.live.track.took_too_long();
                End::Outcome(Outcome::Failed(Failure::TookTooLong(self.boards.limits.job_timeout)))
            }
            end => end,
        }
    }

    /// Runs one member in its turn; `at_once` if none of the job's needs a worker.
    async fn member(
        &self,
        (index, member): (usize, &Member),
        ticket: Option<Ticket>,
        at_once: bool,
    ) -> MemberEnd {
        let is_elsewhere = ticket.is_some();
        let not_reached = || {
            self.unreached.fetch_or(is_elsewhere, Ordering::Relaxed);
            Err(Unfinished::Cancelled)
        };
        let waits = is_elsewhere.then(|| self.boards.metrics.waits(member.resource()));
        let slot = async {
            let slot = match ticket {
                Some(ticket) => ticket.slot().await,
                None => None,
            };
            self.boards.may_begin(slot.as_ref()).await;
            slot
        };
        let slot = tokio::select! {
            biased;
            () = self.live.control.cancelled() => return not_reached(),
            slot = slot => slot,
            // Nothing is left to be done, so nobody has to be there to do it.
            () = self.boards.work.ended((self.key(), index)), if self.restored && is_elsewhere => None,
        };
        let _busy = waits.map(|waits| {
            waits.came();
            self.boards.metrics.works(member.resource())
        });
        // The first one starts the job, and nobody works before that is stored.
        if !*self.go.get_or_init(|| self.boards.started(self.chat, self.id, at_once)).await {
            return not_reached();
        }
        self.begun.get_or_init(Instant::now);
        let place = place(member, slot.as_ref());
        self.live.track.begin(index, place);
        if let Place::Worker(worker) = place {
            self.boards.busy.begin(self.chat, worker);
        }
        // On the heap, and only now: it is ten times as large as all the rest, and thousands may wait for a slot.
        let work = self.boards.work.run((self.key(), index), member, &self.live.control);
        let end = Box::pin(work).await;
        if let (Member::Fib(_), Err(Unfinished::Failed(failure))) = (member, &end) {
            tracing::error!(?failure, %member, "a member failed, the others are stopped");
            self.live.cancel.cancel();
        }
        // Held to the end of the work: the next member starts when this one has truly stopped, and begins later.
        self.live.track.end(index, ended(&end));
        if let Place::Worker(worker) = place {
            self.boards.busy.end(worker);
        }
        match slot {
            Some(slot) if end.is_ok() => slot.done(),
            slot => drop(slot),
        }
        end
    }

    /// Ends when the job has run for as long as a job may, from when somebody could do something of it. A program has a limit of its
    /// own, and its output is told with it.
    async fn time_limit(&self) {
        if matches!(self.spec, Spec::Declared(_)) {
            return std::future::pending().await;
        }
        self.live.control.begun().await;
        let limit: Duration = self.boards.limits.job_timeout;
        tokio::time::sleep(limit).await;
    }
}

fn place(member: &Member, slot: Option<&Slot>) -> Place {
    match (member.resource(), slot) {
        (_, None) => Place::AtOnce,
        (Resource::Cpu, Some(slot)) => Place::Worker(slot.number()),
        (Resource::Io, Some(slot)) => Place::Request(slot.number()),
    }
}

fn ended(end: &MemberEnd) -> Ended {
    match end {
        Ok(_) => Ended::Succeeded,
        Err(Unfinished::Failed(_)) => Ended::Failed,
        Err(Unfinished::Cancelled | Unfinished::Left) => Ended::Cancelled,
    }
}

/// One outcome of all members' ends, which stand in the order asked.
fn assemble(spec: &Spec, members: Vec<Member>, ends: Vec<MemberEnd>) -> End {
    if ends.iter().any(|end| matches!(end, Err(Unfinished::Left))) {
        return End::Left;
    }
    match spec {
        Spec::Fib(_) | Spec::FibMulti(_) => numbers(ends),
        Spec::Dex(_) | Spec::DexMulti(_) => {
            let keys = members.into_iter().filter_map(|member| match member {
                Member::Dex { key, .. } => Some(key),
                Member::Fib(_) | Member::Declared(_) => None,
            });
            pokemon(matches!(spec, Spec::DexMulti(_)), keys.zip(ends))
        }
        Spec::Declared(_) => printed(ends),
    }
}

/// All or nothing: a number that is missing is a failure of the whole.
fn numbers(ends: Vec<MemberEnd>) -> End {
    let mut found = Vec::with_capacity(ends.len());
    let mut cancelled = false;
    for end in ends {
        match end {
            Ok(Found::Number(number)) => found.push(number),
            Err(Unfinished::Failed(failure)) => return End::Outcome(Outcome::Failed(failure)),
            Ok(_) | Err(Unfinished::Cancelled | Unfinished::Left) => cancelled = true,
        }
    }
    if cancelled { End::Cancelled } else { End::Outcome(Outcome::Succeeded(Output::Numbers(found))) }
}

/// A program is one member.
fn printed(ends: Vec<MemberEnd>) -> End {
    match ends.into_iter().next() {
        Some(Ok(Found::Printed(printed))) => End::Outcome(Outcome::Succeeded(Output::Printed(printed))),
        Some(Err(Unfinished::Failed(failure))) => End::Outcome(Outcome::Failed(failure)),
        Some(_) | None => End::Cancelled,
    }
}

/// Those that failed stand beside those that came, unless none came.
fn pokemon(multi: bool, ends: impl Iterator<Item = (PokemonKey, MemberEnd)>) -> End {
    let mut results = Vec::new();
    for (key, end) in ends {
        match end {
            Ok(Found::Pokemon(found)) => results.push(MemberResult { key, result: Ok(found) }),
            Err(Unfinished::Failed(failure)) => results.push(MemberResult { key, result: Err(failure) }),
            Ok(_) | Err(Unfinished::Cancelled | Unfinished::Left) => return End::Cancelled,
        }
    }
    if results.iter().any(|member| member.result.is_ok()) {
        return End::Outcome(Outcome::Succeeded(Output::Pokemon(results)));
    }
    let mut failures: Vec<_> =
        results.into_iter().filter_map(|member| Some((member.key, member.result.err()?))).collect();
    let failure = match failures.pop() {
        Some((_, only)) if !multi => only,
        Some(last) => {
            failures.push(last);
            Failure::AllMembers(failures)
        }
        None => Failure::AllMembers(failures),
    };
    End::Outcome(Outcome::Failed(failure))
}
