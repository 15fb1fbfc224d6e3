use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::Random;
use crate::StoreConfig;
use crate::outcome;
use crate::store::source::Source;

/// A clock that stands still until it is told to go. Clones are the same clock.
///
/// It gives a store its times, and a [`Driver`](outcome::Driver) its waits: whoever sleeps by it does not wait, the
/// clock moves on instead.
///
/// ```
/// use std::time::Duration;
///
/// use batpak::prelude::*;
/// use batpak::testing::{Clock, MemoryDisk};
///
/// let clock = Clock::at_us(1_700_000_000_000_000);
/// let store = Store::open(MemoryDisk::new().config().scripted(&clock, 7))?;
/// let coordinate = Coordinate::new("player:alice", "room:dungeon")?;
/// let kind = EventKind::custom(0xF, 1);
///
/// store.append(&coordinate, kind, &"monday")?;
/// clock.advance(Duration::from_secs(24 * 60 * 60));
/// let receipt = store.append(&coordinate, kind, &"tuesday")?;
/// assert_eq!(receipt.time_us, 1_700_086_400_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Arc<Dial>);

#[derive(Debug)]
struct Dial {
    now_us: AtomicU64,
    slept: Mutex<Vec<Duration>>,
}

impl Clock {
    /// A clock that says `time_us`, in microseconds since 1970 UTC.
    #[must_use]
    pub fn at_us(time_us: u64) -> Self {
        Self(Arc::new(Dial {
            now_us: AtomicU64::new(time_us),
            slept: Mutex::default(),
        }))
    }

    /// What it says.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.0.now_us.load(Ordering::SeqCst)
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        let later = |now_us: u64| Some(now_us.saturating_add(by));
        // It is refused by nobody.
        let _ = self
            .0
            .now_us
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// Sets it, also to an earlier time: times in a log never decrease whatever the clock says.
    pub fn set_us(&self, time_us: u64) {
        self.0.now_us.store(time_us, Ordering::SeqCst);
    }

    /// For how long somebody has slept by it, each time, in order.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use batpak::outcome::{Driver, Outcome};
    /// use batpak::testing::Clock;
    ///
    /// let clock = Clock::at_us(1_700_000_000_000_000);
    /// let hour = Duration::from_secs(3600);
    /// let driver = Driver::new(24 * hour).clock(clock.clone());
    /// let gave_up = driver.run(|_| Outcome::<()>::pending("a signature", 10 * hour));
    /// assert_eq!(gave_up.unwrap_err().elapsed, 20 * hour);
    /// assert_eq!(clock.slept(), [10 * hour, 10 * hour]);
    /// ```
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.0.slept.lock().clone()
    }
}

/// Sleeping moves the clock on at once, by whole microseconds.
impl outcome::Clock for Clock {
    fn now(&self) -> Duration {
        Duration::from_micros(self.now_us())
    }

    fn sleep(&self, how_long: Duration) {
        self.0.slept.lock().push(how_long);
        // Nobody is woken before the time: what is less than a microsecond counts as one.
        self.advance(how_long.saturating_add(Duration::from_nanos(999)));
    }
}

impl StoreConfig {
    /// For tests: the time comes from `clock`, and all that is random in ids and files from `seed`, so
    /// that the same calls give the same bytes in each run.
    ///
    /// Stores of one seed have one id, so that a machine that was loaded from one is taken for one of
    /// the other. Each configuration made so begins anew, also on a store that is there already.
    #[must_use]
    pub fn scripted(self, clock: &Clock, seed: u64) -> Self {
        let source = Arc::new(Script {
            clock: clock.clone(),
            random: Mutex::new(Random::new(seed)),
        });
        Self { source, ..self }
    }
}

/// A clock and random numbers that are the same in each run.
#[derive(Debug)]
struct Script {
    clock: Clock,
    random: Mutex<Random>,
}

impl Source for Script {
    fn now_us(&self) -> u64 {
        self.clock.now_us()
    }

    fn random(&self) -> u128 {
        let mut random = self.random.lock();
        u128::from(random.number()) << 64 | u128::from(random.number())
    }
}
