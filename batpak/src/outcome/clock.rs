use std::fmt::Debug;
use std::time::{Duration, Instant};

/// What a [`Driver`](super::Driver) tells the time by and waits with. In tests, a
#[cfg_attr(feature = "testing", doc = "[`testing::Clock`](crate::testing::Clock)")]
#[cfg_attr(not(feature = "testing"), doc = "`testing::Clock`")]
/// is one.
pub trait Clock: Debug + Send + Sync {
    /// How long ago some moment was, the same one at each call. It never goes backward.
    fn now(&self) -> Duration;

    /// Returns after this long, or later.
    fn sleep(&self, how_long: Duration);
}

/// The clock of the operating system, from the moment on that it was made.
#[derive(Debug)]
pub(super) struct SystemClock(pub(super) Instant);

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, how_long: Duration) {
        std::thread::sleep(how_long);
    }
}
