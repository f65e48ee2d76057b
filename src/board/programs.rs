//! What boards go by where a job is a declared program.

use std::sync::Arc;

use super::{
    Boards,
    queue::{Claim, Command},
};
use crate::{
    declared::Declared,
    job::{ChatId, JobId, Origin, Spec},
};

impl Boards {
    /// What the operator declares.
    pub fn declared(&self) -> &Arc<Declared> {
        &self.declared
    }

    /// What is declared was replaced: what bounds how many run at once is other now. What runs goes on as it began.
    pub fn redeclared(&self) {
        self.queue.declare(&self.declared.current());
        self.mark_queued();
    }

    /// The job that came from this message, or press, if there is one.
    pub fn by_origin(&self, chat: ChatId, origin: &Origin) -> Option<JobId> {
        let origin = self.origin_here(chat, origin.clone());
        self.look(chat, |table| table.by_origin(&origin))?
    }

    /// Whether the job's program ends with this process, and is not begun a second time by itself: what it did is done already. So
    /// it is with what nobody declares any more. What a worker runs goes on there.
    pub(super) fn ends_with_us(&self, spec: &Spec) -> bool {
        self.work.remote().is_none() && self.begins_once(spec)
    }

    /// Whether the job is a program that is not begun again by itself once it was begun.
    pub(super) fn begins_once(&self, spec: &Spec) -> bool {
        let Spec::Declared(call) = spec else { return false };
        self.declared.current().get(&call.name).is_none_or(|declaration| !declaration.rerun)
    }

    /// Whether no worker runs the command now; never where there are none.
    pub(super) fn is_offered_by_nobody(&self, spec: &Spec) -> bool {
        let (Spec::Declared(call), Some(fleet)) = (spec, &self.fleet) else { return false };
        !fleet.borrow().offered().contains_key(&call.name)
    }

    /// What the job lines up as.
    pub(super) fn claim(&self, chat: ChatId, person: i64, spec: &Spec) -> Claim {
        let (need, member) = self.need(spec);
        let (command, weight) = match spec {
            Spec::Declared(call) => (self.queue.command(&call.name), call.weight.max(1)),
            _ => (Command::NONE, 1),
        };
        Claim { chat, person, need, member, command, weight }
    }
}
