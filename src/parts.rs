//! Everything that runs while the bot runs, and the order in which it stops.

use std::{future::Future, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    RunError,
    board::Boards,
    config::Config,
    http::{Server, Site},
    job::ChatId,
    lease::Term,
    nats::JobKey,
    standby::Alone,
    store::Store,
    telegram::{self, Access, Bot, Fatal, Handlers, Inline, Menus, Outbox, Settings, Webhook, api::Api},
};

/// How long answers over HTTP that are under way are waited for at a stop.
const ANSWERED: Duration = Duration::from_secs(1);

/// What is served over HTTP.
pub(crate) struct Web {
    pub(crate) site: Arc<Site>,
    pub(crate) server: Option<Server>,
    pub(crate) webhook: Option<Webhook>,
}

/// Everything that runs.
pub(crate) struct Parts {
    pub(crate) api: Api,
    pub(crate) store: Store,
    pub(crate) boards: Arc<Boards>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) inline: Arc<Inline>,
    pub(crate) access: Arc<Access>,
    /// The command menus that the last process has left.
    pub(crate) menus: String,
    pub(crate) config: Config,
    /// Where others may be that are not to lead beside this one.
    pub(crate) alone: Option<Alone>,
    /// How long this bot leads, where others may.
    pub(crate) term: Option<Term>,
}

impl Parts {
    /// Reads updates until it is told to stop, and stops.
    pub(crate) async fn serve(
        self,
        bot: Bot,
        handled: Vec<(i64, u64)>,
        questions: Vec<(ChatId, u64, String)>,
        web: Web,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        let quit = CancellationToken::new();
        let (stop_updates, stop_listening) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        let beside = self.alone.as_ref().map_or_else(CancellationToken::new, |alone| alone.beside().clone());
        self.spawn_helpers(&tasks, &stop_updates, &stop_listening);
        let handlers = Handlers::new(
            &self.api,
            self.boards.clone(),
            self.outbox.clone(),
            (self.store.clone(), self.settings.clone(), self.inline.clone(), self.access.clone()),
            bot,
            &self.config,
            quit.clone(),
        );
        handlers.restore(questions);
        tasks.spawn(handlers.clone().keep_schedules(stop_updates.clone()));
        let Web { site, server, webhook } = web;
        let by_webhook = webhook.is_some();
        let updates = tasks.spawn(self.updates(&handlers, handled, (webhook, site.clone()), &stop_updates));
        tokio::pin!(updates);
        let ended = tokio::select! {
            () = shutdown => None,
            () = quit.cancelled() => None,
            () = beside.cancelled() => None,
            ended = &mut updates => Some(ended),
        };

        tracing::info!("stopping");
        site.ready().stop();
        stop_updates.cancel();
        let ended = match ended {
            Some(ended) => ended,
            None => updates.await,
        };
        if let Some(server) = server.as_ref().filter(|_| by_webhook) {
            // What was handled is confirmed first: a `quit` that comes again would quit again.
            server.answered(ANSWERED).await;
            telegram::delete_webhook(&self.api).await;
        }
        self.inline.stop().await;
        handlers.stop().await;
        self.boards.stop(self.config.timings.stop_jobs).await;
        stop_listening.cancel();
        tasks.close();
        tasks.wait().await;
        self.outbox.drain(self.config.timings.stop_outbox).await;
        let store = self.store;
        // Closing waits for the disk.
        tokio::task::spawn_blocking(move || store.close()).await.map_err(RunError::Task)?;
        if let Some(server) = server {
            server.stop(ANSWERED).await;
        }
        tracing::info!("stopped");
        match ended {
            Ok(Err(_)) => {
                Err(RunError::Token("Telegram does not accept the token any more: check TELOXIDE_TOKEN"))
            }
            Ok(Ok(())) if beside.is_cancelled() => Err(RunError::Beside),
            Ok(Ok(())) => Ok(()),
            Err(error) => Err(RunError::Task(error)),
        }
    }

    /// Reads updates until `stop`, in the one way or the other.
    fn updates(
        &self,
        handlers: &Arc<Handlers>,
        handled: Vec<(i64, u64)>,
        (webhook, site): (Option<Webhook>, Arc<Site>),
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<(), Fatal>> + Send + 'static {
        let (api, store, stop) = (self.api.clone(), self.store.clone(), stop.clone());
        let (handlers, timings) = (handlers.clone(), self.config.timings);
        async move {
            match webhook {
                Some(webhook) => {
                    let (api, timings) = (&api, (&timings, site.ready()));
                    telegram::serve_webhook(api, &handlers, &store, handled, webhook, timings, &stop).await
                }
                None => telegram::poll(&api, &handlers, &store, handled, &timings, &stop).await,
            }
        }
    }

    /// What runs beside the reading of updates.
    fn spawn_helpers(
        &self,
        tasks: &TaskTracker,
        stop_updates: &CancellationToken,
        stop_listening: &CancellationToken,
    ) {
        tasks.spawn({
            let (outbox, stop) = (self.outbox.clone(), stop_listening.clone());
            async move { outbox.listen(stop).await }
        });
        tasks.spawn({
            let (boards, stop) = (self.boards.clone(), stop_listening.clone());
            async move { boards.retain(stop).await }
        });
        if let Some(alone) = self.alone.clone() {
            let fleet = self.boards.remote();
            // What was heard before and is of no use was left where it is.
            let tell = move || fleet.iter().for_each(|fleet| fleet.hear_again());
            tasks.spawn(alone.hold(tell, stop_listening.clone()));
        }
        if let Some(keeper) = self.store.keeper() {
            tasks.spawn(keeper.tend(stop_listening.clone()));
        }
        if let Some(fleet) = self.boards.remote() {
            let (boards, term, alone) = (self.boards.clone(), self.term.clone(), self.alone.clone());
            let leads =
                move || !term.as_ref().is_some_and(Term::is_over) && alone.as_ref().is_none_or(Alone::holds);
            let is_current = while_leading(leads, move |job| boards.is_current(job));
            tasks.spawn(fleet.serve(is_current, stop_listening.clone()));
        }
        tasks.spawn({
            let (boards, stop) = (self.boards.clone(), stop_listening.clone());
            async move { boards.follow_fleet(stop).await }
        });
        tasks.spawn({
            let menus = Menus::new(
                self.api.clone(),
                self.store.clone(),
                self.boards.declared().clone(),
                &self.config,
            );
            let (left, stop) = (self.menus.clone(), stop_updates.clone());
            async move { menus.tend(&left, stop).await }
        });
    }
}

/// Whether what is on NATS of a job is still of use. A bot that does not lead does not know the jobs of the one that does: to it,
/// all are. It stood still meanwhile, or was started beside the other one.
fn while_leading(leads: impl Fn() -> bool, is_current: impl Fn(JobKey) -> bool) -> impl Fn(JobKey) -> bool {
    move |job| !leads() || is_current(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobId;

    #[test]
    fn to_who_leads_no_more_all_jobs_are_of_use() {
        let (term, job) = (Term::endless(), JobKey { chat: ChatId(1), job: JobId(1) });
        let its = term.clone();
        let is_of_use = while_leading(move || !its.is_over(), |_| false);
        assert!(!is_of_use(job));
        term.lasts_until(Duration::ZERO);
        assert!(is_of_use(job));
    }
}
