//! Waiting for the log to go on.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::sync::{AtomicU64, Condvar, Instant, Mutex};

/// Nobody waits longer than that, so that every moment until which somebody waits is one that a clock can show.
const EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Where threads wait that follow the log. As long as there are none, who writes the log does no more than look.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// How many wait, or are about to.
    watchers: AtomicU64,
    asking: Mutex<()>,
    news: Condvar,
}

impl Watch {
    /// Waits until this holds. It is asked again each time that there is news, and is to lock nothing.
    pub(crate) fn wait_until(&self, holds: impl Fn() -> bool) {
        self.watchers.fetch_add(1, Ordering::SeqCst);
        let mut asking = self.asking.lock();
        while !holds() {
            self.news.wait(&mut asking);
        }
        drop(asking);
        self.watchers.fetch_sub(1, Ordering::SeqCst);
    }

    /// The same, for this long at most. Says whether it holds.
    pub(crate) fn wait_for(&self, patience: Duration, holds: impl Fn() -> bool) -> bool {
        let until = Instant::now() + patience.min(EVER);
        self.watchers.fetch_add(1, Ordering::SeqCst);
        let mut asking = self.asking.lock();
        let held = loop {
            if holds() {
                break true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break false;
            }
            self.news.wait_for(&mut asking, left);
        };
        drop(asking);
        self.watchers.fetch_sub(1, Ordering::SeqCst);
        held
    }

    /// Wakes who waits, for something has changed just now that may be waited for.
    pub(crate) fn notify(&self) {
        // Either the watcher is seen here, or it sees there what was changed.
        fence(Ordering::SeqCst);
        if self.watchers.load(Ordering::SeqCst) > 0 {
            // Who has asked in vain is waiting once this is free.
            drop(self.asking.lock());
            self.news.notify_all();
        }
    }
}
