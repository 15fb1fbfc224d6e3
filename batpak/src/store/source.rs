//! What a store takes from outside besides its disk: the time, and numbers that nobody can foresee.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// Where times and the random parts of ids come from.
pub(crate) trait Source: Debug + Send + Sync {
    /// Microseconds since 1970 UTC; 0 before it.
    fn now_us(&self) -> u64;

    /// A number that is random in all but a few of its bits, as a UUID of version 4 is.
    fn random(&self) -> u128;
}

/// The clock and the random numbers of the operating system.
#[derive(Debug)]
pub(crate) struct SystemSource;

impl Source for SystemSource {
    fn now_us(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
            })
    }

    fn random(&self) -> u128 {
        Uuid::new_v4().as_u128()
    }
}
