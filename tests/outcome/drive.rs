//! Steps that are called again until they have an answer, by a clock that moves on when somebody sleeps.

use std::cell::RefCell;
use std::time::Instant;

use batpak::Backoff;
use batpak::outcome::{Driver, Limit};
use batpak::testing::Clock;

use super::*;

/// A driver by a clock of its own, with a minute of time.
fn driver() -> (Driver, Clock) {
    let clock = Clock::at_us(1_700_000_000_000_000);
    (
        Driver::new(Duration::from_secs(60)).clock(clock.clone()),
        clock,
    )
}

fn busy(after: u64) -> Answer {
    Outcome::retry(millis(after), "the bank is busy")
}

fn waiting(after: u64) -> Answer {
    Outcome::pending("a signature", millis(after))
}

/// Gives these answers one after the other, and notes the numbers of the attempts.
fn script(answers: Vec<Answer>, attempts: &RefCell<Vec<u32>>) -> impl FnMut(u32) -> Answer {
    let mut answers = answers.into_iter();
    move |attempt| {
        attempts.borrow_mut().push(attempt);
        answers.next().expect("it is not called again")
    }
}

#[test]
fn what_is_settled_is_not_called_again() {
    for settled in [
        Answer::Ok(1),
        Answer::failed("NO_ROOM", "the hall is full"),
        Answer::cancelled("too late"),
        Answer::Batch(vec![]),
        Answer::Batch(vec![Outcome::Ok(1), Outcome::cancelled("too late")]),
    ] {
        let (driver, clock) = driver();
        let attempts = RefCell::default();
        let outcome = driver.run(script(vec![settled.clone()], &attempts));
        assert_eq!(outcome, Ok(settled));
        assert_eq!(clock.slept(), []);
    }
}

#[test]
fn a_retry_is_a_new_attempt_after_the_wait_that_it_asks_for() {
    let (driver, clock) = driver();
    let attempts = RefCell::default();
    let answers = vec![busy(20), busy(5), Outcome::Ok(1)];
    assert_eq!(driver.run(script(answers, &attempts)), Ok(Outcome::Ok(1)));
    assert_eq!(clock.slept(), [millis(20), millis(5)]);
    assert_eq!(attempts.into_inner(), [1, 2, 3]);
}

#[test]
fn what_is_pending_is_looked_at_again_in_the_same_attempt() {
    let (driver, clock) = driver();
    let attempts = RefCell::default();
    let answers = vec![
        waiting(20),
        busy(5),
        waiting(30),
        waiting(40),
        Outcome::Ok(1),
    ];
    assert_eq!(
        driver.attempts(2).run(script(answers, &attempts)),
        Ok(Outcome::Ok(1))
    );
    assert_eq!(clock.slept(), [20, 5, 30, 40].map(millis));
    assert_eq!(attempts.into_inner(), [1, 1, 2, 2, 2]);
}

#[test]
fn it_gives_up_after_the_attempts_that_it_may_make() {
    let (driver, clock) = driver();
    let attempts = RefCell::default();
    let answers = vec![busy(20), busy(20), busy(7)];
    let gave_up = driver
        .attempts(3)
        .run(script(answers, &attempts))
        .unwrap_err();
    assert_eq!(gave_up.limit, Limit::Attempts);
    assert_eq!((gave_up.attempts, gave_up.elapsed), (3, millis(40)));
    assert_eq!(gave_up.outcome, busy(7));
    assert_eq!(clock.slept(), [millis(20), millis(20)]);
    assert_eq!(
        gave_up.to_string(),
        "gave up after 3 attempts in 40ms, for no more are allowed: the last outcome is to be retried after 7ms \
         (the bank is busy)"
    );
}

#[test]
fn one_attempt_is_always_made() {
    let attempts = RefCell::default();
    let (driver, _) = driver();
    let gave_up = driver.attempts(0).run(script(vec![busy(1)], &attempts));
    assert_eq!(gave_up.unwrap_err().attempts, 1);

    let none = Driver::new(Duration::ZERO).attempts(0);
    assert_eq!(
        none.run(script(vec![Outcome::Ok(1)], &attempts)),
        Ok(Outcome::Ok(1))
    );
}

#[test]
fn what_would_come_too_late_is_not_waited_for() {
    let (driver, clock) = driver();
    let attempts = RefCell::default();
    // The second wait ends with the minute exactly, the third would end after it.
    let answers = vec![waiting(20_000), busy(40_000), waiting(1)];
    let gave_up = driver.run(script(answers, &attempts)).unwrap_err();
    assert_eq!(gave_up.limit, Limit::Time);
    assert_eq!(
        (gave_up.attempts, gave_up.elapsed),
        (2, Duration::from_secs(60))
    );
    assert_eq!(gave_up.outcome, waiting(1));
    assert_eq!(clock.slept(), [millis(20_000), millis(40_000)]);
    assert_eq!(
        gave_up.to_string(),
        "gave up after 2 attempts in 60s, for the next call would come too late: the last outcome is pending on \
         a signature for 1ms or more"
    );
}

#[test]
fn the_time_that_the_step_takes_counts() {
    let (driver, clock) = driver();
    let gave_up = driver.run(|_| -> Answer {
        clock.advance(Duration::from_secs(25));
        busy(1)
    });
    assert_eq!(gave_up.unwrap_err().attempts, 3);
}

#[test]
fn a_backoff_spaces_out_attempts_and_not_looks() {
    let (driver, clock) = driver();
    let driver = driver.backoff(Backoff::new(millis(10), millis(30)));
    let attempts = RefCell::default();
    let answers = vec![
        busy(0),
        waiting(2),
        busy(0),
        busy(500),
        busy(0),
        Outcome::Ok(1),
    ];
    assert_eq!(driver.run(script(answers, &attempts)), Ok(Outcome::Ok(1)));
    assert_eq!(clock.slept(), [10, 2, 20, 500, 30].map(millis));
}

#[test]
fn a_step_that_asks_for_no_wait_does_not_spin() {
    let (driver, clock) = driver();
    let attempts = RefCell::default();
    let answers = vec![busy(0), waiting(0), Outcome::Ok(1)];
    assert_eq!(driver.run(script(answers, &attempts)), Ok(Outcome::Ok(1)));
    assert_eq!(clock.slept(), [millis(1), millis(1)]);
}

#[test]
fn a_batch_is_called_again_as_a_whole_after_its_longest_wait() {
    let (driver, clock) = driver();
    let attempts = RefCell::default();
    let inner = Outcome::Batch(vec![waiting(30), busy(10)]);
    let answers = vec![
        Outcome::Batch(vec![Outcome::Ok(1), inner, Outcome::cancelled("too late")]),
        Outcome::Batch(vec![Outcome::Ok(1), waiting(7)]),
        Outcome::Batch(vec![Outcome::Ok(1), Outcome::Ok(2)]),
    ];
    let last = answers[2].clone();
    assert_eq!(driver.run(script(answers, &attempts)), Ok(last));
    assert_eq!(clock.slept(), [millis(30), millis(7)]);
    assert_eq!(attempts.into_inner(), [1, 2, 2]);
}

/// Who is called in `run_each`, as which attempt, and when in milliseconds.
type Calls = RefCell<Vec<(&'static str, u32, u64)>>;

/// Notes the call and the time of it.
fn note(calls: &Calls, clock: &Clock, name: &'static str, attempt: u32) {
    let ms = (clock.now_us() - 1_700_000_000_000_000) / 1_000;
    calls.borrow_mut().push((name, attempt, ms));
}

#[test]
fn of_several_only_those_are_called_again_that_ask_for_it_each_when_it_is_due() {
    let (driver, clock) = driver();
    let calls = Calls::default();
    let outcome = driver.run_each(["a", "b", "c"], |name, attempt| {
        note(&calls, &clock, name, attempt);
        match (*name, attempt) {
            ("a", 1) => busy(50),
            ("c", 1..=3) => busy(20),
            ("a", _) => Outcome::Ok(1),
            ("b", _) => Answer::failed("NO_ROOM", "the hall is full"),
            _ => Outcome::Ok(3),
        }
    });
    let expected = [
        Outcome::Ok(1),
        Outcome::failed("NO_ROOM", "the hall is full"),
        Outcome::Ok(3),
    ];
    assert_eq!(outcome, Ok(Outcome::Batch(expected.to_vec())));
    let expected = [
        ("a", 1, 0),
        ("b", 1, 0),
        ("c", 1, 0),
        ("c", 2, 20),
        ("c", 3, 40),
        ("a", 2, 50),
        ("c", 4, 60),
    ];
    assert_eq!(calls.into_inner(), expected);
}

#[test]
fn the_others_go_on_if_one_of_several_is_given_up() {
    let (driver, clock) = driver();
    let calls = Calls::default();
    let gave_up = driver.attempts(2).run_each(["a", "b"], |name, attempt| {
        note(&calls, &clock, name, attempt);
        match (*name, attempt) {
            ("a", _) => busy(10),
            ("b", 1) => busy(100),
            _ => Outcome::Ok(2),
        }
    });
    let gave_up = gave_up.unwrap_err();
    assert_eq!((gave_up.limit, gave_up.attempts), (Limit::Attempts, 2));
    assert_eq!(gave_up.elapsed, millis(100));
    assert_eq!(
        gave_up.outcome,
        Outcome::Batch(vec![busy(10), Outcome::Ok(2)])
    );
    assert_eq!(
        calls.into_inner(),
        [("a", 1, 0), ("b", 1, 0), ("a", 2, 10), ("b", 2, 100)]
    );
}

#[test]
fn of_several_none_is_called_again_after_the_time_that_they_have_together() {
    let (driver, clock) = driver();
    let calls = Calls::default();
    let gave_up = driver.run_each(["a", "b"], |name, attempt| {
        note(&calls, &clock, name, attempt);
        if attempt == 2 {
            clock.advance(Duration::from_secs(70));
        }
        waiting_or_busy(name)
    });
    let gave_up = gave_up.unwrap_err();
    assert_eq!((gave_up.limit, gave_up.attempts), (Limit::Time, 2));
    assert_eq!(gave_up.outcome, Outcome::Batch(vec![busy(10), waiting(20)]));
    assert_eq!(calls.into_inner(), [("a", 1, 0), ("b", 1, 0), ("a", 2, 10)]);
}

fn waiting_or_busy(name: &str) -> Answer {
    if name == "a" { busy(10) } else { waiting(20) }
}

#[test]
fn nothing_to_drive_is_an_empty_batch() {
    let (driver, _) = driver();
    let outcome = driver.run_each(Vec::<u8>::new(), |_, _| -> Answer { unreachable!() });
    assert_eq!(outcome, Ok(Outcome::Batch(vec![])));
}

#[test]
fn without_another_clock_it_waits_as_long_as_it_says() {
    let began = Instant::now();
    let attempts = RefCell::default();
    let answers = vec![busy(15), waiting(10), Outcome::Ok(1)];
    let outcome = Driver::new(Duration::from_secs(60)).run(script(answers, &attempts));
    assert_eq!(outcome, Ok(Outcome::Ok(1)));
    assert!(began.elapsed() >= millis(25));
}

#[test]
fn a_scripted_clock_wakes_nobody_too_early() {
    use batpak::outcome::Clock as _;

    let clock = Clock::at_us(5);
    for (nanos, now_us) in [(0, 5), (1, 6), (1_000, 7), (1_001, 9)] {
        clock.sleep(Duration::from_nanos(nanos));
        assert_eq!(
            (clock.now_us(), clock.now()),
            (now_us, Duration::from_micros(now_us))
        );
    }
    assert_eq!(
        clock.slept(),
        [0, 1, 1_000, 1_001].map(Duration::from_nanos)
    );
}

proptest! {
    #[test]
    fn whatever_a_step_answers_it_is_called_until_that_is_settled_or_a_limit_is_reached(
        answers in prop::collection::vec(outcome(), 1..6),
        most in 1..8_u32,
    ) {
        let clock = Clock::at_us(0);
        let driver = Driver::new(millis(100)).clock(clock.clone());
        let mut calls = 0;
        let ended = driver.attempts(most).run(|attempt| {
            assert!((1..=most).contains(&attempt));
            let answer = answers[calls % answers.len()].clone();
            calls += 1;
            answer
        });
        prop_assert_eq!(clock.slept().len(), calls - 1);
        let last = answers[(calls - 1) % answers.len()].clone();
        match ended {
            Ok(outcome) => {
                prop_assert!(outcome.is_settled());
                prop_assert_eq!(outcome, last);
            }
            Err(gave_up) => {
                prop_assert!(!gave_up.outcome.is_settled());
                match gave_up.limit {
                    Limit::Attempts => prop_assert_eq!(gave_up.attempts, most),
                    // No wait is longer than three milliseconds.
                    _ => prop_assert!(gave_up.elapsed > millis(97)),
                }
                prop_assert_eq!(gave_up.outcome, last);
            }
        }
    }
}
