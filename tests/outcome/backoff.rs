//! How long is waited between attempts.

use batpak::Backoff;

use super::*;

proptest! {
    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_limit(first in 1..1_000_u64, most in 1..100_000_u64) {
        let backoff = Backoff::new(millis(first), millis(most));
        let mut expected = first;
        for delay in backoff.delays().take(80) {
            prop_assert_eq!(delay, millis(expected.min(most)));
            expected = expected.saturating_mul(2);
        }
    }

    #[test]
    fn jitter_takes_at_most_a_half_and_is_that_of_its_seed(seed: u64, attempt in 0..200_u32) {
        let plain = Backoff::new(millis(10), Duration::from_secs(60));
        let jittered = plain.jitter(seed);
        let (whole, delay) = (plain.delay(attempt), jittered.delay(attempt));
        prop_assert!(whole / 2 <= delay && delay <= whole);
        prop_assert_eq!(jittered.delay(attempt), delay);
        prop_assert_eq!(plain.jitter(seed).delays().nth(attempt.saturating_sub(1) as usize), Some(delay));
    }
}

#[test]
fn jitter_spreads_those_who_would_come_back_at_once() {
    let backoff = Backoff::new(millis(100), millis(100));
    for attempt in 1..=5 {
        let delays = (0..1_000).map(|seed| backoff.jitter(seed).delay(attempt));
        let mut tenths = [0; 5];
        for delay in delays {
            let within = (delay - millis(50)).as_millis() as usize / 10;
            tenths[within.min(4)] += 1;
        }
        assert!(
            tenths.iter().all(|count| (150..250).contains(count)),
            "{tenths:?}"
        );
    }
}

#[test]
fn no_setting_overflows() {
    let longest = Backoff::new(Duration::from_nanos(1), Duration::MAX);
    assert_eq!(longest.delay(u32::MAX), Duration::MAX);
    assert_eq!(
        Backoff::new(Duration::MAX, Duration::MAX).delay(2),
        Duration::MAX
    );
    assert!(longest.jitter(1).delay(u32::MAX) >= Duration::MAX / 2);
    // Twice 62 times, and not stopped before by a narrower number.
    assert_eq!(longest.delay(63), Duration::from_nanos(1 << 62));
}

#[test]
fn a_backoff_of_nothing_never_waits() {
    let backoff = Backoff::new(Duration::ZERO, millis(100)).jitter(7);
    assert!(backoff.delays().take(50).all(|delay| delay.is_zero()));
}

#[test]
fn attempt_zero_is_taken_for_the_first() {
    let backoff = Backoff::new(millis(10), millis(100));
    assert_eq!(backoff.delay(0), millis(10));
    assert_eq!(backoff.jitter(3).delay(0), backoff.jitter(3).delay(1));
}
