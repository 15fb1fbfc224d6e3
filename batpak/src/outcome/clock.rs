use std::fmt::Debug;
use std::time::{Duration, Instant};

/// What a [`Driver`](super::Driver) tells the time by and waits with. `testing::Clock`, behind the feature `testing`,
/// is one that does not wait.
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
