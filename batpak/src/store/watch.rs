//! Waiting for the log to go on.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::sync::{AtomicU64, Condvar, Instant, Mutex};

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
        self.enter();
        let mut asking = self.asking.lock();
        while !holds() {
            self.news.wait(&mut asking);
        }
        drop(asking);
        self.watchers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Waits until this holds, or for so long: whether it holds. It is asked as by [`Self::wait_until`].
    pub(crate) fn wait_for(&self, patience: Duration, holds: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        self.enter();
        let mut asking = self.asking.lock();
        let held = loop {
            if holds() {
                break true;
            }
            let left = patience.saturating_sub(start.elapsed());
            if left.is_zero() {
                break false;
            }
            self.news.wait_for(&mut asking, left);
        };
        drop(asking);
        self.watchers.fetch_sub(1, Ordering::SeqCst);
        held
    }

    /// One more waits from now on.
    fn enter(&self) {
        self.watchers.fetch_add(1, Ordering::SeqCst);
        // What is asked for then is read after that, also where it is read with less order.
        fence(Ordering::SeqCst);
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
