//! Who works: workers announce themselves in a bucket, and are gone when they are not heard of.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime},
};

use async_nats::jetstream::kv::{Entry, Operation};
use futures_util::StreamExt;
use serde::Deserialize;

use super::{Remote, answers::BOT};
use crate::{
    nats::{
        Failing, Nats, NatsError,
        message::{self, Announcement},
    },
    work::fleet::{Fleet, Link, Worker, WorkerState},
};

impl Remote {
    pub(super) async fn watch_fleet(&self) {
        tokio::join!(self.watch_link(), self.watch_workers(), self.watch_gone(), self.watch_offers());
    }

    /// Sees to it that workers can ask for orders of what they offer.
    async fn watch_offers(&self) {
        let mut fleet = self.fleet.subscribe();
        let mut ensured = BTreeSet::new();
        loop {
            let offered: BTreeSet<_> = fleet.borrow_and_update().offered().into_keys().collect();
            // What was there once is looked at with all else, now and then.
            if !offered.is_subset(&ensured) {
                let what = ("orders of commands cannot be asked for", &"NATS" as _);
                self.nats.insist(self.timings.again, what, || Box::pin(self.ensure_stored())).await;
                ensured = offered;
            }
            if fleet.changed().await.is_err() {
                return;
            }
        }
    }

    /// It is up when what the bot needs there is made: before, nobody can be given anything.
    async fn watch_link(&self) {
        let (mut link, mut stored) = (self.nats.link(), self.stored.subscribe());
        loop {
            let (state, is_made) = (*link.borrow_and_update(), stored.borrow_and_update().is_some());
            let now = match (state.away(), state.silent()) {
                (_, Some(since)) if !is_made => Some(Link::Refuses { since }),
                (Some(since), _) => Some(Link::Away { since }),
                (None, _) => is_made.then_some(Link::Up),
            };
            if let Some(now) = now {
                self.fleet.send_if_modified(|fleet| std::mem::replace(&mut fleet.link, now) != now);
            }
            tokio::select! {
                Ok(()) = link.changed() => {}
                Ok(()) = stored.changed() => {}
                else => return,
            }
        }
    }

    async fn watch_workers(&self) {
        let mut failing = Failing::default();
        loop {
            self.nats.up().await;
            if let Err(error) = self.watch_until_lost().await
                && let Some(failures) = failing.again()
            {
                tracing::warn!(failures, %error, "workers are not heard; trying again");
            }
            tokio::time::sleep(failing.pause(self.timings.again)).await;
        }
    }

    async fn watch_until_lost(&self) -> Result<(), NatsError> {
        let refused = NatsError::refused("workers");
        let connects = self.nats.connects();
        let bucket = self.nats.ensure_workers(self.timings.gone).await?;
        // Who was not heard while nobody listened may be there all the same.
        self.state().heard = Some(Instant::now());
        let asked = Asked::now(&self.nats, &bucket.stream_name).await?;
        let mut entries = bucket.watch_with_history(">").await.map_err(|error| refused(&error))?;
        loop {
            tokio::select! {
                entry = entries.next() => {
                    let Some(entry) = entry else { return Ok(()) };
                    let entry = entry.map_err(|error| refused(&error))?;
                    if entry.key == BOT {
                        continue;
                    }
                    self.state().heard = Some(Instant::now());
                    let age = asked.age(&entry);
                    // Who died lately has left an entry that NATS still has.
                    let there = entry.operation == Operation::Put && age < self.timings.gone;
                    let seen = Instant::now().checked_sub(age).filter(|_| there);
                    self.fleet.send_modify(|fleet| note(fleet, &entry.key, seen.map(|seen| (&entry.value[..], seen))));
                }
                _ = self.nats.another_than(connects) => return Ok(()),
            }
        }
    }

    /// Beside those who hear them: where nothing is heard, they are gone all the same.
    async fn watch_gone(&self) {
        let mut look = tokio::time::interval(self.timings.gone / 12);
        loop {
            look.tick().await;
            self.drop_gone();
        }
    }

    fn drop_gone(&self) {
        let gone = self.timings.gone;
        self.fleet.send_if_modified(|fleet| {
            // While NATS is away nobody can be heard, and nobody is given anything.
            if fleet.link != Link::Up {
                return false;
            }
            let before = fleet.workers.len();
            fleet.workers.retain(|worker| {
                let stays = worker.seen.elapsed() < gone;
                if !stays {
                    tracing::warn!(worker = worker.id, host = worker.host, "a worker is gone");
                }
                stays
            });
            fleet.workers.len() != before
        });
    }
}

/// What the server of a bucket said of itself.
struct Asked {
    at: Instant,
    /// Its time, which may be another than ours.
    time: SystemTime,
    /// The newest revision.
    last: u64,
}

impl Asked {
    async fn now(nats: &Nats, stream: &str) -> Result<Self, NatsError> {
        /// What the client's type leaves out.
        #[derive(Deserialize)]
        struct Info {
            ts: String,
            state: State,
        }
        #[derive(Deserialize)]
        struct State {
            last_seq: u64,
        }
        let at = Instant::now();
        let asked = nats.jetstream().request(format!("STREAM.INFO.{stream}"), &()).await;
        let info: Info = asked.map_err(|error| NatsError::refused("the time")(&error))?;
        let time = humantime::parse_rfc3339(&info.ts);
        let time = time.map_err(|error| NatsError::refused("the time")(&error))?;
        Ok(Self { at, time, last: info.state.last_seq })
    }

    /// How long ago an entry was put; none for those that came since, whatever clocks say.
    fn age(&self, entry: &Entry) -> Duration {
        if entry.revision > self.last {
            return Duration::ZERO;
        }
        self.time.duration_since(entry.created.into()).unwrap_or_default() + self.at.elapsed()
    }
}

/// What a worker said of itself, and when; `None`: that it goes.
fn note(fleet: &mut Fleet, id: &str, said: Option<(&[u8], Instant)>) {
    let said = said.and_then(|(value, seen)| Some((message::read::<Announcement>(value).ok()?, seen)));
    let Some((said, seen)) = said else {
        fleet.workers.retain(|worker| worker.id != id);
        return;
    };
    let state = if said.draining { WorkerState::Draining } else { WorkerState::Working };
    let worker = Worker {
        id: id.to_owned(),
        host: said.host,
        version: said.version,
        protocol: said.protocol,
        cpu: said.cpu,
        io: said.io,
        memory: said.memory,
        commands: said.commands,
        state,
        in_hand: said.in_hand,
        seen,
    };
    match fleet.workers.binary_search_by(|known| known.id.as_str().cmp(id)) {
        Ok(place) => fleet.workers[place] = worker,
        Err(place) => {
            tracing::info!(
                worker = worker.id,
                host = worker.host,
                cpu = worker.cpu,
                io = worker.io,
                "a worker is there"
            );
            fleet.workers.insert(place, worker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::away, *};

    #[tokio::test]
    async fn who_was_not_heard_of_is_gone_also_where_nobody_can_be_heard() {
        let remote = away().await;
        let said =
            "{\"protocol\":1,\"id\":\"a\",\"host\":\"h\",\"version\":\"9\",\"cpu\":1,\"io\":0,\"memory\":1}";
        let seen = Instant::now().checked_sub(remote.timings.gone).unwrap();
        remote.fleet.send_modify(|fleet| note(fleet, "a", Some((said.as_bytes(), seen))));
        remote.drop_gone();
        assert_eq!(remote.fleet.borrow().workers.len(), 1, "nobody could be heard");
        remote.fleet.send_modify(|fleet| fleet.link = Link::Up);
        let mut fleet = remote.fleet();
        let dropped = async { drop(fleet.wait_for(|fleet| fleet.workers.is_empty()).await) };
        let served = async {
            tokio::select! { () = dropped => true, () = remote.watch_gone() => false }
        };
        assert!(tokio::time::timeout(remote.timings.gone, served).await.is_ok_and(|dropped| dropped));
    }
}
