//! Commands that the operator has declared: who may run them, and whether they are asked first.

use std::sync::Arc;

use super::{
    Handlers, confirm,
    kill::once,
    roles::{Actor, Rights, Standing, is_private},
    said::Said,
    wish::Wish,
};
use crate::{
    board::Refusal,
    declared::{Allow, Declaration, Viewer},
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

impl NotAllowed {
    /// Why somebody of whom everything is known may not run what is for these.
    pub(in crate::telegram) fn of(allow: &Allow, private: bool) -> Self {
        match allow {
            Allow::Admins if private => Self::NotInPrivate,
            Allow::Admins => Self::Admins { known: true },
            Allow::Everyone | Allow::Owners | Allow::Listed { .. } => Self::Others,
        }
    }
}

impl Handlers {
    /// Whether somebody may run this in the chat, as Telegram says now: to be asked by whoever runs something in the name of
    /// somebody who is not there. It may take as long as a look at who is an admin, so no handler waits for it.
    ///
    /// # Errors
    /// [`NotAllowed`]; for people it is in words at [`words::refusal`].
    pub(super) async fn may_run(
        &self,
        chat: ChatId,
        who: &Actor,
        call: &Call,
    ) -> Result<Arc<Declaration>, NotAllowed> {
        let as_admin = self.wants_admin(chat, &Wish::Run(call.clone()));
        let standing = if as_admin { self.roles.find_out_admin(chat, who).await } else { Standing::Own };
        self.admitted(chat, who, Rights { standing, as_admin }, call)
    }

    /// Who looks at declared commands; `admin` where it is known whether they are one.
    pub(super) fn viewer(&self, chat: ChatId, who: &Actor, admin: Option<bool>) -> Viewer {
        Viewer { person: who.user.unwrap_or_default(), chat, owner: self.roles.is_owner(who), admin }
    }

    /// Whether who speaks is an admin of the chat, where it is known without a look. In a private chat nobody is.
    pub(super) async fn knows_admin(&self, said: &Said) -> Option<bool> {
        let standing = self.roles.known_admin(said.chat, &said.who).await;
        standing.map(|standing| !said.private && standing == Standing::Any)
    }

    /// All of `help`, with what is declared for who asks.
    pub(super) fn help(&self, chat: ChatId, who: &Actor, rights: Rights) -> String {
        let is_private = is_private(chat);
        let bot = (!is_private).then_some(self.bot.username.as_str());
        let viewer = self.viewer(chat, who, Some(rights.is_admin() && !is_private));
        let is_owner = is_private && viewer.owner;
        sentences::help(bot, is_owner, (&*self.declared.current(), &viewer))
    }

    /// Whether it has to be known that who asks is an admin of the chat, whatever the policy about others' tasks is.
    pub(super) fn wants_admin(&self, chat: ChatId, wish: &Wish) -> bool {
        let (call, asker) = match wish {
            Wish::Run(call) | Wish::Schedule(_, call) => (Some(call.clone()), None),
            Wish::Retry(id) => (self.call_of(chat, *id), None),
            Wish::Yes(question) | Wish::No(question) => {
                let Some(open) = self.confirms.get(*question) else { return false };
                (Some(open.call), Some(open.who))
            }
            // Who asks is shown what they may run.
            Wish::Help => {
                return !is_private(chat)
                    && self.declared.current().iter().any(|declared| declared.allow == Allow::Admins);
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
        let admin = rights.is_admin() && !is_private(chat);
        if allow.permits(&self.viewer(chat, who, Some(admin))) == Some(true) {
            return Ok(());
        }
        Err(match NotAllowed::of(allow, is_private(chat)) {
            NotAllowed::Admins { .. } => {
                NotAllowed::Admins { known: rights.as_admin && rights.standing == Standing::Own }
            }
            why => why,
        })
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
            let asked = confirm::Asked { who: who.clone(), call, when: None, origin };
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
