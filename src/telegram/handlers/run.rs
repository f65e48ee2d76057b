//! Commands that the operator has declared: who may run them, and whether they are asked first.

use std::sync::Arc;

use super::{
    Handlers, confirm,
    kill::once,
    roles::{Actor, Rights, Standing, is_private},
    wish::Wish,
};
use crate::{
    board::Refusal,
    declared::{Allow, Declaration},
    job::{Call, ChatId, JobId, Origin, Spec},
    telegram::{
        buttons::Button,
        sentences::{self, allowed as words},
    },
};

/// Why somebody may not run a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::telegram) enum NotAllowed {
    /// Nobody may: no command of this name is declared any more.
    NotDeclared,
    /// It is for admins of the chat, and for owners of the bot.
    Admins {
        /// Whether Telegram says that they are none: it may be silent.
        known: bool,
    },
    /// In a private chat nobody is an admin: it is for owners of the bot there.
    NotInPrivate,
    /// It is for others, and who these are is not told.
    Others,
}

impl Handlers {
    /// Whether somebody may run this in the chat, as Telegram says now: to be asked by whoever runs something in the name of
    /// somebody who is not there. It may take as long as a look at who is an admin, so no handler waits for it.
    ///
    /// # Errors
    /// [`NotAllowed`]; for people it is in words at [`words::refusal`].
    #[expect(dead_code, reason = "schedules ask it")]
    pub(super) async fn may_run(&self, chat: ChatId, who: &Actor, spec: &Spec) -> Result<(), NotAllowed> {
        let Spec::Declared(call) = spec else { return Ok(()) };
        let as_admin = self.wants_admin(chat, &Wish::Run(call.clone()));
        let standing = if as_admin { self.roles.find_out_admin(chat, who).await } else { Standing::Own };
        self.admitted(chat, who, Rights { standing, as_admin }, call).map(drop)
    }

    /// Whether a command that somebody may say here is shown to them, where it is known without a look who they are.
    pub(super) async fn shows(&self, chat: ChatId, who: &Actor, allow: &Allow) -> bool {
        match allow {
            Allow::Admins => self.roles.known_admin(chat, who).await == Some(Standing::Any),
            _ => self.admits(chat, who, Rights::NONE, allow).is_ok(),
        }
    }

    /// Whether it has to be known that who asks is an admin of the chat, whatever the policy about others' tasks is.
    pub(super) fn wants_admin(&self, chat: ChatId, wish: &Wish) -> bool {
        let (call, asker) = match wish {
            Wish::Run(call) => (Some(call.clone()), None),
            Wish::Retry(id) => (self.call_of(chat, *id), None),
            Wish::Yes(question) | Wish::No(question) => {
                let Some(open) = self.confirms.get(*question) else { return false };
                (Some(open.call), Some(open.who))
            }
            _ => (None, None),
        };
        let allow =
            call.and_then(|call| self.declared.current().get(&call.name).map(|found| found.allow.clone()));
        // A chat that has asked as itself presses no button: its admins do.
        allow == Some(Allow::Admins) || asker.is_some_and(|asker| asker.user.is_none())
    }

    /// What a task that can be run again has called.
    pub(super) fn call_of(&self, chat: ChatId, id: JobId) -> Option<Call> {
        let old = self.boards.job(chat, id).filter(crate::board::Snapshot::can_be_retried)?;
        match old.job.spec {
            Spec::Declared(call) => Some(call),
            _ => None,
        }
    }

    /// What is declared now of what somebody wants to run, if they may.
    pub(super) fn admitted(
        &self,
        chat: ChatId,
        who: &Actor,
        rights: Rights,
        call: &Call,
    ) -> Result<Arc<Declaration>, NotAllowed> {
        let catalog = self.declared.current();
        let declaration = catalog.get(&call.name).ok_or(NotAllowed::NotDeclared)?;
        self.admits(chat, who, rights, &declaration.allow)?;
        Ok(declaration.clone())
    }

    fn admits(&self, chat: ChatId, who: &Actor, rights: Rights, allow: &Allow) -> Result<(), NotAllowed> {
        if self.roles.is_owner(who) {
            return Ok(());
        }
        match allow {
            Allow::Everyone => Ok(()),
            Allow::Admins if is_private(chat) => Err(NotAllowed::NotInPrivate),
            Allow::Admins if rights.is_admin() => Ok(()),
            Allow::Admins => {
                Err(NotAllowed::Admins { known: rights.as_admin && rights.standing == Standing::Own })
            }
            Allow::Owners => Err(NotAllowed::Others),
            Allow::Listed { people, chats } => {
                // The group that a supergroup was is listed still.
                let former = self.boards.former(chat);
                let is_here = chats.iter().any(|listed| *listed == chat || Some(*listed) == former);
                let is_one = who.user.is_some_and(|user| people.contains(&user));
                if is_here || is_one { Ok(()) } else { Err(NotAllowed::Others) }
            }
        }
    }

    /// Runs it, asks whether to, or says who may.
    pub(super) async fn run(
        self: &Arc<Self>,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        call: &Call,
    ) -> String {
        self.run_as(chat, who, (reply_to, reply_to.clone()), rights, call).await
    }

    /// The same for a task that has run before.
    pub(super) async fn run_again(
        self: &Arc<Self>,
        chat: ChatId,
        who: &Actor,
        reply_to: &Origin,
        rights: Rights,
        (id, call): (JobId, &Call),
    ) -> String {
        let origin = once(reply_to, Button::Retry(id).code());
        self.run_as(chat, who, (reply_to, origin), rights, call).await
    }

    /// Runs what is known by its origin from then on: what comes again with the same one is the same task.
    async fn run_as(
        self: &Arc<Self>,
        chat: ChatId,
        who: &Actor,
        (reply_to, origin): (&Origin, Origin),
        rights: Rights,
        call: &Call,
    ) -> String {
        let is_press = reply_to.callback.is_some();
        if let Some(id) = self.boards.by_origin(chat, &origin) {
            // It was asked about and confirmed: the update has come twice.
            return if is_press { sentences::submitted(id) } else { String::new() };
        }
        let declaration = match self.admitted(chat, who, rights, call) {
            Ok(declaration) => declaration,
            Err(why) => return words::refusal(&call.name, why),
        };
        let call = Call { weight: declaration.weight, ..call.clone() };
        if declaration.confirm {
            let asked = confirm::Asked { who: who.clone(), call, origin };
            return self.ask_to_run(chat, asked, &declaration, is_press).await;
        }
        match self.boards.submit(chat, who.person.clone(), origin, Spec::Declared(call)).await {
            Ok(id) if is_press => sentences::submitted(id),
            // The card is the answer.
            Ok(_) => String::new(),
            Err(Refusal::Busy { seconds }) if is_press => self.outbox.busy_words(seconds),
            Err(Refusal::Busy { seconds }) => {
                self.outbox.say_busy(chat, reply_to.clone(), seconds).await;
                String::new()
            }
            Err(why) => sentences::refusal(why),
        }
    }
}
