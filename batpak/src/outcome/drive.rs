use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock::SystemClock;
use super::{Backoff, Clock, Outcome, Told};

/// Calls a step again for as long as it asks for that, and waits in between as long as it says, on the thread that
/// calls.
///
/// After a `Retry` a new attempt begins. `Pending` goes on with the same one: the step is called with the number
/// that it was called with before. Both wait for a millisecond at least, so that nothing spins. There is always
/// a limit to the time, and on request one to the attempts.
///
/// The whole step is called again, so what it did before it asked for that is done again, too, unless it sees to that
/// itself: by looking first, or by a key with which the other side knows the request again.
///
/// ```
/// use std::time::Duration;
///
/// use batpak::outcome::{Backoff, Driver, Outcome};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let driver = Driver::new(Duration::from_secs(5))
///     .attempts(4)
///     .backoff(Backoff::new(Duration::from_millis(2), Duration::from_millis(100)));
///
/// let charged = driver.run(|attempt| -> Outcome<u64> {
///     match attempt {
///         1 | 2 => Outcome::retry(Duration::ZERO, "the bank is busy"),
///         _ => Outcome::Ok(500),
///     }
/// })?;
/// assert_eq!(charged.into_result()??, 500);
///
/// let gave_up = driver.run(|_| -> Outcome<u64> { Outcome::pending("a signature", Duration::from_secs(60)) });
/// assert_eq!(
///     gave_up.unwrap_err().outcome,
///     Outcome::pending("a signature", Duration::from_secs(60))
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is called until `run` or `run_each`"]
pub struct Driver {
    within: Duration,
    attempts: u32,
    backoff: Option<Backoff>,
    clock: Arc<dyn Clock>,
}

/// How long is waited for at least, whatever an outcome says.
const LEAST_WAIT: Duration = Duration::from_millis(1);

impl Driver {
    /// Gives up rather than begin a call later than this after the first.
    pub fn new(within: Duration) -> Self {
        Self {
            within,
            attempts: u32::MAX,
            backoff: None,
            clock: Arc::new(SystemClock(Instant::now())),
        }
    }

    /// Makes at most so many attempts; one is always made.
    pub fn attempts(self, most: u32) -> Self {
        Self {
            attempts: most,
            ..self
        }
    }

    /// Waits so long between attempts, or as long as the outcome says if that is longer. For what is pending it
    /// waits as long as the outcome says.
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self {
            backoff: Some(backoff),
            ..self
        }
    }

    /// Tells the time and waits by this clock instead of the operating system's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self
        }
    }

    /// Calls the step, with the number of the attempt from 1 on, until its outcome is
    /// [settled](Outcome::is_settled), and gives that.
    ///
    /// A batch is one outcome of one step: if anything in it asks for that, the whole step is called again, after the
    /// longest wait that is asked for, and as a new attempt if there is a `Retry` in it. Where each member is a call
    /// of its own, there is [`Self::run_each`].
    ///
    /// # Errors
    /// [`GaveUp`] with the last outcome, if the next call would be one attempt too many, or too late. What would come
    /// too late is not waited for.
    pub fn run<T, E>(
        &self,
        mut step: impl FnMut(u32) -> Outcome<T, E>,
    ) -> Result<Outcome<T, E>, GaveUp<T, E>> {
        let began = self.clock.now();
        let mut attempt = 1;
        loop {
            let outcome = step(attempt);
            match self.next(&outcome, attempt, began) {
                Next::Nothing => return Ok(outcome),
                Next::Call { attempt: next, at } => {
                    self.sleep_until(at);
                    attempt = next;
                }
                Next::GiveUp(limit) => {
                    return Err(GaveUp {
                        limit,
                        attempts: attempt,
                        elapsed: self.clock.now().saturating_sub(began),
                        outcome,
                    });
                }
            }
        }
    }

    /// Calls the step for each of the inputs, and again for those whose outcome is not settled, each when it is due.
    /// Gives a batch of their outcomes, in the order of the inputs.
    ///
    /// Each input has attempts of its own; the time is that of all together. If one is given up, the others still
    /// go on, and each is called once in any case.
    ///
    /// # Errors
    /// [`GaveUp`] with the whole batch, if any of them was given up, and why the first of those was, as the inputs go.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use batpak::outcome::{Driver, Outcome};
    ///
    /// let mut calls = Vec::new();
    /// let batch = Driver::new(Duration::from_secs(5)).run_each(["tea", "milk"], |item, attempt| {
    ///     calls.push((*item, attempt));
    ///     match (*item, attempt) {
    ///         ("tea", 1) => Outcome::retry(Duration::from_millis(1), "the shop is closed"),
    ///         _ => Outcome::<_>::Ok(item.len()),
    ///     }
    /// });
    /// assert_eq!(batch?, Outcome::Batch(vec![Outcome::Ok(3), Outcome::Ok(4)]));
    /// assert_eq!(calls, [("tea", 1), ("milk", 1), ("tea", 2)]);
    /// # Ok::<(), batpak::outcome::GaveUp<usize>>(())
    /// ```
    pub fn run_each<I, T, E>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        mut step: impl FnMut(&I, u32) -> Outcome<T, E>,
    ) -> Result<Outcome<T, E>, GaveUp<T, E>> {
        let began = self.clock.now();
        let mut members: Vec<_> = inputs
            .into_iter()
            .map(|input| {
                let outcome = step(&input, 1);
                let next = self.next(&outcome, 1, began);
                Member {
                    input,
                    attempt: 1,
                    outcome,
                    next,
                }
            })
            .collect();
        while let Some((attempt, at, member)) = first_due(&mut members) {
            if self.is_too_late(self.clock.now(), began) {
                member.next = Next::GiveUp(Limit::Time);
                continue;
            }
            self.sleep_until(at);
            member.attempt = attempt;
            member.outcome = step(&member.input, attempt);
            member.next = self.next(&member.outcome, attempt, began);
        }
        self.batch(members, began)
    }

    /// What came of all members, none of which is to be called again.
    fn batch<I, T, E>(
        &self,
        members: Vec<Member<I, T, E>>,
        began: Duration,
    ) -> Result<Outcome<T, E>, GaveUp<T, E>> {
        let attempts = members.iter().map(|member| member.attempt).max();
        let limit = members.iter().find_map(|member| match member.next {
            Next::GiveUp(limit) => Some(limit),
            _ => None,
        });
        let outcomes = members.into_iter().map(|member| member.outcome);
        let outcome = Outcome::Batch(outcomes.collect());
        match limit {
            None => Ok(outcome),
            Some(limit) => Err(GaveUp {
                limit,
                attempts: attempts.unwrap_or(0),
                elapsed: self.clock.now().saturating_sub(began),
                outcome,
            }),
        }
    }

    /// What is to be done after this outcome of this attempt.
    fn next<T, E>(&self, outcome: &Outcome<T, E>, attempt: u32, began: Duration) -> Next {
        let Some(request) = Request::of(outcome) else {
            return Next::Nothing;
        };
        let mut wait = request.after.max(LEAST_WAIT);
        if request.anew {
            if attempt >= self.attempts {
                return Next::GiveUp(Limit::Attempts);
            }
            let backoff = self.backoff.map(|backoff| backoff.delay(attempt));
            wait = wait.max(backoff.unwrap_or_default());
        }
        let at = self.clock.now().saturating_add(wait);
        if self.is_too_late(at, began) {
            return Next::GiveUp(Limit::Time);
        }
        let attempt = attempt.saturating_add(u32::from(request.anew));
        Next::Call { attempt, at }
    }

    fn is_too_late(&self, at: Duration, began: Duration) -> bool {
        at.saturating_sub(began) > self.within
    }

    fn sleep_until(&self, at: Duration) {
        let wait = at.saturating_sub(self.clock.now());
        if !wait.is_zero() {
            self.clock.sleep(wait);
        }
    }
}

/// What an outcome asks for that is not settled.
struct Request {
    after: Duration,
    /// Whether a new attempt begins.
    anew: bool,
}

impl Request {
    /// In a batch, all members wait for the one that waits longest.
    fn of<T, E>(outcome: &Outcome<T, E>) -> Option<Self> {
        let (after, anew) = match outcome {
            Outcome::Ok(_) | Outcome::Err(_) | Outcome::Cancelled { .. } => return None,
            Outcome::Retry { after, .. } => (*after, true),
            Outcome::Pending { after, .. } => (*after, false),
            Outcome::Batch(members) => {
                return members
                    .iter()
                    .filter_map(Self::of)
                    .reduce(|one, other| Self {
                        after: one.after.max(other.after),
                        anew: one.anew || other.anew,
                    });
            }
        };
        Some(Self { after, anew })
    }
}

/// What is to be done after an outcome.
enum Next {
    /// It is settled.
    Nothing,
    Call {
        attempt: u32,
        at: Duration,
    },
    GiveUp(Limit),
}

/// One of several steps that are driven together.
struct Member<I, T, E> {
    input: I,
    /// The attempt that the outcome is of.
    attempt: u32,
    outcome: Outcome<T, E>,
    next: Next,
}

/// The member that is to be called first, as which attempt, and when; the first among equals.
fn first_due<I, T, E>(
    members: &mut [Member<I, T, E>],
) -> Option<(u32, Duration, &mut Member<I, T, E>)> {
    let due = members.iter_mut().filter_map(|member| match member.next {
        Next::Call { attempt, at } => Some((attempt, at, member)),
        _ => None,
    });
    due.min_by_key(|(_, at, _)| *at)
}

/// A [`Driver`] has given up, and the last outcome is not settled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gave up after {} in {elapsed:?}, for {limit}: the last outcome is {}", Count(*.attempts), Told(.outcome))]
#[non_exhaustive]
pub struct GaveUp<T, E = super::Failure> {
    /// What it would have gone beyond.
    pub limit: Limit,
    /// How many attempts were made; in a batch, the most that were made for one of its members.
    pub attempts: u32,
    /// How long all of it has taken.
    pub elapsed: Duration,
    /// The last outcome.
    pub outcome: Outcome<T, E>,
}

/// What a [`Driver`] does not go beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The number of [attempts](Driver::attempts).
    Attempts,
    /// The time that it was [made](Driver::new) with.
    Time,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no more are allowed",
            Self::Time => "the next call would come too late",
        })
    }
}

/// So many attempts, in words.
struct Count(u32);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} attempt{s}", self.0)
    }
}
