//! The state behind its lock, and who is woken when it changes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::world::World;

/// What the server's handlers and the tests share.
pub(super) struct Shared {
    /// A std lock: it is held for microseconds and never across an await. Dropped before anybody is woken.
    world: Mutex<World>,
    /// Counts changes of any kind.
    changed: watch::Sender<u64>,
    /// Counts what matters to a waiting getUpdates: most changes are the bot's own messages, which it need not see.
    updates: watch::Sender<u64>,
    /// Cancelled when the sandbox stops: everything that waits ends.
    pub(super) stop: CancellationToken,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            changed: watch::Sender::new(0),
            updates: watch::Sender::new(0),
            stop: CancellationToken::new(),
        }
    }

    /// Looks at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state and wakes whoever waits for that.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        let poll_sees =
            |world: &World| (world.next_update, world.poll, world.webhooks, world.webhook.is_some());
        let before = poll_sees(&world);
        let result = change(&mut world);
        let wakes_poll = before != poll_sees(&world);
        drop(world);
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        if wakes_poll {
            self.updates.send_modify(|count| *count = count.wrapping_add(1));
        }
        result
    }

    /// Hears of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Hears of new updates and polls from now on.
    pub(super) fn update_changes(&self) -> watch::Receiver<u64> {
        self.updates.subscribe()
    }

    /// A panic in a test's condition must not hide behind a poisoned lock: the state is whole after every statement.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
