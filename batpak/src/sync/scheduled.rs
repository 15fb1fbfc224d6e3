//! The scheduler's own locks, atomics and threads, with what parking_lot has beyond them.

use std::ops::Add;
use std::time::Duration;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
pub(crate) use shuttle::{thread, thread_local};
pub(crate) use shuttle_parking_lot::{Mutex, MutexGuard, RwLock};

/// A lock that is not waited for in vain: nobody has it for good.
pub(crate) trait TryLockFor<T> {
    fn try_lock_for(&self, patience: Duration) -> Option<MutexGuard<'_, T>>;
}

impl<T> TryLockFor<T> for Mutex<T> {
    fn try_lock_for(&self, _: Duration) -> Option<MutexGuard<'_, T>> {
        Some(self.lock())
    }
}

/// A condition variable for these locks.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    /// How often it was notified.
    notified: shuttle::sync::Mutex<u64>,
    changed: shuttle::sync::Condvar,
}

/// Whether a wait ended by its time.
pub(crate) struct TimedOut(bool);

impl TimedOut {
    pub(crate) fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn count(&self) -> shuttle::sync::MutexGuard<'_, u64> {
        let count = self.notified.lock();
        count.unwrap_or_else(|poison| poison.into_inner())
    }

    /// Waits until it is notified.
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let before = *self.count();
        MutexGuard::unlocked(guard, || {
            let mut count = self.count();
            while *count == before {
                let waited = self.changed.wait(count);
                count = waited.unwrap_or_else(|poison| poison.into_inner());
            }
        });
    }

    /// Time is over whenever the scheduler says so.
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: Duration) -> TimedOut {
        let before = *self.count();
        MutexGuard::unlocked(guard, thread::yield_now);
        TimedOut(*self.count() == before)
    }

    pub(crate) fn notify_one(&self) {
        // A wait may end without a reason.
        self.notify_all();
    }

    pub(crate) fn notify_all(&self) {
        let mut count = self.count();
        *count += 1;
        drop(count);
        self.changed.notify_all();
    }
}

/// A clock that runs with the scheduler's steps, a microsecond each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(Duration::from_micros(
            shuttle::current::context_switches() as u64
        ))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    pub(crate) fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}
