//! What comes from Telegram, and the calls to it and to PokeAPI.

use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{
    SHORT, histogram,
    labels::{
        Answer, Asked, Called, Found, Handled, Method, OfAnswer, OfAsked, OfCall, OfHandled, OfUpdate, Update,
    },
};

/// What is known of updates and calls.
pub(super) struct Traffic {
    received: Family<OfUpdate, Counter>,
    handled: Family<OfHandled, Counter>,
    handling: Histogram,
    webhook: Family<OfAnswer, Counter>,
    calls: Family<OfCall, Counter>,
    calling: Histogram,
    pokeapi: Family<OfAsked, Counter>,
    asking: Histogram,
}

/// What came from Telegram and went there since the start.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    /// Updates of any kind.
    pub updates: u64,
    /// Messages and edits that Telegram took.
    pub messages: u64,
    /// Pauses that it asked for (429).
    pub pauses: u64,
}

impl Traffic {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let traffic = Self {
            received: Family::default(),
            handled: Family::default(),
            handling: histogram(&SHORT),
            webhook: Family::default(),
            calls: Family::default(),
            calling: histogram(&SHORT),
            pokeapi: Family::default(),
            asking: histogram(&SHORT),
        };
        traffic.begin();
        let Self { received, handled, handling, webhook, calls, calling, pokeapi, asking } = &traffic;
        registry.register("updates_received", "Updates that came, by kind", received.clone());
        let help = "Updates by what became of them: handled, known from before, or of no known kind";
        registry.register("updates_handled", help, handled.clone());
        let help = "From the receipt of an update to the moment when its effect is stored";
        registry.register_with_unit("update_handling", help, Unit::Seconds, handling.clone());
        let help = "Requests to the webhook, by the status of the answer";
        registry.register("webhook_requests", help, webhook.clone());
        let help = "Calls to the Bot API, by method and outcome";
        registry.register("telegram_calls", help, calls.clone());
        let help = "How long a call to the Bot API took; long polls and uploads are not counted";
        registry.register_with_unit("telegram_call", help, Unit::Seconds, calling.clone());
        let help = "Requests to PokeAPI, by what was asked for and the outcome";
        registry.register("pokeapi_requests", help, pokeapi.clone());
        let help = "How long a request to PokeAPI took";
        registry.register_with_unit("pokeapi_request", help, Unit::Seconds, asking.clone());
        traffic
    }

    fn begin(&self) {
        for &kind in Update::ALL {
            drop(self.received.get_or_create(&OfUpdate { kind }));
        }
        for &outcome in Handled::ALL {
            drop(self.handled.get_or_create(&OfHandled { outcome }));
        }
        for &status in Answer::ALL {
            drop(self.webhook.get_or_create(&OfAnswer { status }));
        }
        for &method in Method::ALL {
            for outcome in [Called::Done, Called::TooManyRequests] {
                drop(self.calls.get_or_create(&OfCall { method, outcome }));
            }
        }
        for &what in Asked::ALL {
            for &outcome in Found::ALL {
                drop(self.pokeapi.get_or_create(&OfAsked { what, outcome }));
            }
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let calls = |method, outcome| self.calls.get_or_create(&OfCall { method, outcome }).get();
        let messages = Method::ALL.iter().filter(|method| method.is_message());
        Totals {
            updates: Update::ALL
                .iter()
                .map(|&kind| self.received.get_or_create(&OfUpdate { kind }).get())
                .sum(),
            messages: messages.map(|&method| calls(method, Called::Done)).sum(),
            pauses: Method::ALL.iter().map(|&method| calls(method, Called::TooManyRequests)).sum(),
        }
    }

    pub(super) fn received(&self, kind: Update) {
        self.received.get_or_create(&OfUpdate { kind }).inc();
    }

    pub(super) fn handled(&self, outcome: Handled) {
        self.handled.get_or_create(&OfHandled { outcome }).inc();
    }

    pub(super) fn handling(&self, took: Duration) {
        self.handling.observe(took.as_secs_f64());
    }

    pub(super) fn webhook(&self, status: Answer) {
        self.webhook.get_or_create(&OfAnswer { status }).inc();
    }

    /// `took` is `None` where the time says nothing of Telegram.
    pub(super) fn called(&self, method: Method, outcome: Called, took: Option<Duration>) {
        self.calls.get_or_create(&OfCall { method, outcome }).inc();
        if let Some(took) = took {
            self.calling.observe(took.as_secs_f64());
        }
    }

    pub(super) fn asked(&self, what: Asked, outcome: Found, took: Duration) {
        self.pokeapi.get_or_create(&OfAsked { what, outcome }).inc();
        self.asking.observe(took.as_secs_f64());
    }
}
