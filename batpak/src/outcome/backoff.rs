use std::time::Duration;

/// How long to wait between attempts: twice as long each time, up to a limit.
///
/// The same settings give the same waits. Whoever competes with others for something takes a
/// [`jitter`](Self::jitter) with a seed of its own, so that they do not all come back at once.
///
/// ```
/// use std::time::Duration;
///
/// use batpak::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(50));
/// let millis: Vec<_> = backoff.delays().take(5).map(|delay| delay.as_millis()).collect();
/// assert_eq!(millis, [10, 20, 40, 50, 50]);
///
/// let jittered = backoff.jitter(7).delay(2);
/// assert!((Duration::from_millis(10)..=Duration::from_millis(20)).contains(&jittered));
/// assert_eq!(jittered, backoff.jitter(7).delay(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    seed: Option<u64>,
}

impl Backoff {
    /// Waits `first` after the first attempt, twice that after the second, and so on, never longer than `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            seed: None,
        }
    }

    /// Takes from each wait up to a half of it. How much depends on the seed and the attempt alone.
    #[must_use]
    pub const fn jitter(self, seed: u64) -> Self {
        Self {
            seed: Some(seed),
            ..self
        }
    }

    /// How long to wait after this attempt. They are counted from 1; 0 is taken for the first.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        // A nanosecond doubled so often is longer than any duration.
        let doublings = attempt.saturating_sub(1).min(100);
        let nanos = self.first.as_nanos().saturating_mul(1 << doublings);
        let delay = Duration::from_nanos_u128(nanos.min(self.most.as_nanos()));
        match self.seed {
            Some(seed) => delay - share(delay / 2, mixed(seed, attempt.max(1))),
            None => delay,
        }
    }

    /// The waits after the first attempt, the second, and so on, without end.
    pub fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        let backoff = *self;
        let attempts = (1..=u32::MAX).chain(std::iter::repeat(u32::MAX));
        attempts.map(move |attempt| backoff.delay(attempt))
    }
}

/// As much of it as `random` is of `u64::MAX`, or a little less.
fn share(of: Duration, random: u64) -> Duration {
    /// How finely it is divided: a whole duration times that fits.
    const PARTS: u128 = 1 << 32;
    let nanos = of.as_nanos() * u128::from(random >> 32) / PARTS;
    Duration::from_nanos_u128(nanos)
}

/// A number that looks random: that of this seed for this attempt (SplitMix64).
fn mixed(seed: u64, attempt: u32) -> u64 {
    let mut mixed = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
