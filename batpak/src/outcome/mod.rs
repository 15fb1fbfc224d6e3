//! What a step of a workflow answers: yes, no, or not yet.
//!
//! A `Result` knows two answers. A step that asks somebody else, a bank or a person or another process, gets
//! others too: "try again in a second", "it is being worked on, look again tomorrow", "the customer has withdrawn the
//! order". Made into errors, they are told apart by whoever calls, each in a way of its own. An [`Outcome`] has them
//! as variants:
//!
//! | variant | what it says | who goes on |
//! | --- | --- | --- |
//! | [`Ok`](Outcome::Ok) | done, with this value | the next step |
//! | [`Err`](Outcome::Err) | it failed, and would fail again | whoever can do something else |
//! | [`Retry`](Outcome::Retry) | it failed this time; begin anew, not before this long | a [`Driver`] |
//! | [`Pending`](Outcome::Pending) | it has begun; look again, not before this long | a [`Driver`], or whoever hears more |
//! | [`Cancelled`](Outcome::Cancelled) | it is not wanted any more, which is nobody's fault | nobody |
//! | [`Batch`](Outcome::Batch) | several answers, each by itself | each as it says |
//!
//! # When a `Result` does
//!
//! Wherever there are two answers: parsing, checking, reading, a command of a machine, an append to a store. `?` works
//! on a `Result`, and every reader knows it. An outcome pays where an answer is kept (it has a form in serde, so that
//! an event can say what a step came to), where several are weighed against each other, or where something is
//! to be tried again. The two meet in [`Outcome::from`] and [`Outcome::into_result`].
//!
//! # Working with outcomes
//!
//! [`map`](Outcome::map) and [`and_then`](Outcome::and_then) go on with a value, [`map_err`](Outcome::map_err) and
//! [`or_else`](Outcome::or_else) with an error, as they do on a `Result`. `Retry`, `Pending` and `Cancelled` pass
//! through all of them. In a `Batch` they go on with each member by itself, which is why they take an `FnMut`. What
//! comes of a member takes its place: a batch in a batch stays one, and none is ever merged into another.
//!
//! ```
//! use batpak::Outcome;
//!
//! let halved = |n: u32| match n % 2 {
//!     0 => Outcome::Ok(n / 2),
//!     _ => Outcome::Err(format!("{n} is odd")),
//! };
//! let batch = Outcome::Batch(vec![Outcome::Ok(6), Outcome::Ok(7), Outcome::cancelled("too late")]);
//! assert_eq!(
//!     batch.and_then(halved),
//!     Outcome::Batch(vec![
//!         Outcome::Ok(3),
//!         Outcome::Err("7 is odd".to_owned()),
//!         Outcome::cancelled("too late"),
//!     ])
//! );
//! ```
//!
//! [`join_all`](Outcome::join_all) needs all of several outcomes, [`zip`](Outcome::zip) both of two, and
//! [`join_any`](Outcome::join_any) one of several. The first two give what is worst, the last what is best, by one
//! order:
//!
//! > Ok, Pending, Retry, Err, Cancelled
//!
//! Of several that are pending, or several to be retried, the shorter wait is the better. To all three a batch is as
//! many outcomes as it has members.
//!
//! # The laws
//!
//! For pure functions, all outcomes `m`, batches in batches included:
//! - `Outcome::Ok(v).and_then(f) == f(v)`, and `m.and_then(Outcome::Ok) == m`
//! - `m.and_then(f).and_then(g) == m.and_then(|v| f(v).and_then(g))`
//! - `m.map(f) == m.and_then(|v| Outcome::Ok(f(v)))`, and `m.map(f).flatten() == m.and_then(f)`
//! - the same of `Err`, `or_else` and `map_err`
//! - `Outcome::Batch(ms).and_then(f)` is the batch of `m.and_then(f)` for each `m` in `ms`
//! - `Outcome::from(r).into_result() == Ok(r)` for each `Result`
//! - `join_all` and `join_any` of some, joined with the others, are those of all
//!
//! # Trying again
//!
//! A [`Driver`] calls a step until it says neither `Retry` nor `Pending`, waits as long as it says, and gives up at a
//! limit. It sleeps on the thread that calls it. [`Backoff`] says how long to wait between attempts, and is of use by
//! itself.

mod backoff;
mod clock;
mod drive;
mod failure;
mod join;
mod result;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use backoff::Backoff;
pub use clock::Clock;
pub use drive::{Driver, GaveUp, Limit};
pub use failure::Failure;
pub use result::NoResult;

/// What a step of a workflow came to; see [the module](self) for when to use it.
///
/// ```
/// use std::time::Duration;
///
/// use batpak::Outcome;
///
/// /// What the bank says.
/// fn charge(cents: u64) -> Outcome<u64> {
///     match cents {
///         0 => Outcome::failed("NOTHING_TO_PAY", "the order is free"),
///         1..=999 => Outcome::Ok(cents),
///         1_000..=9_999 => Outcome::retry(Duration::from_secs(2), "the bank is busy"),
///         _ => Outcome::pending("the customer's signature", Duration::from_secs(3600)),
///     }
/// }
///
/// let receipt = charge(500).map(|cents| format!("{cents} cents are paid"));
/// assert_eq!(receipt, Outcome::Ok("500 cents are paid".to_owned()));
///
/// // All three are needed: what is to be tried again comes before what is waited for.
/// let all = Outcome::join_all([charge(500), charge(20_000), charge(1_000)]);
/// assert_eq!(all, Outcome::retry(Duration::from_secs(2), "the bank is busy"));
///
/// // One of them is enough.
/// let any = Outcome::join_any([charge(0), charge(500), charge(1_000)]);
/// assert_eq!(any, Outcome::Ok(500));
/// ```
///
/// # In serde
///
/// The form is that of a plain enum, and therefore `Ok` and `Err` have that of a `Result`: what was written as one can
/// be read as an outcome. A duration has seconds and nanoseconds, as serde writes it.
///
/// ```
/// use std::time::Duration;
///
/// use batpak::Outcome;
///
/// let outcomes = [
///     Outcome::Ok(7),
///     Outcome::failed("NO_ROOM", "the hall is full"),
///     Outcome::retry(Duration::from_millis(1_500), "the bank is busy"),
///     Outcome::pending("a signature", Duration::from_secs(60)),
///     Outcome::cancelled("the order was withdrawn"),
///     Outcome::Batch(vec![Outcome::Ok(7)]),
/// ];
/// let json = [
///     r#"{"Ok":7}"#,
///     r#"{"Err":{"code":"NO_ROOM","message":"the hall is full"}}"#,
///     r#"{"Retry":{"after":{"secs":1,"nanos":500000000},"reason":"the bank is busy"}}"#,
///     r#"{"Pending":{"on":"a signature","after":{"secs":60,"nanos":0}}}"#,
///     r#"{"Cancelled":{"reason":"the order was withdrawn"}}"#,
///     r#"{"Batch":[{"Ok":7}]}"#,
/// ];
/// for (outcome, json) in outcomes.iter().zip(json) {
///     assert_eq!(serde_json::to_string(outcome)?, json);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "an outcome that nobody looks at may be a failure"]
pub enum Outcome<T, E = Failure> {
    /// It is done.
    Ok(T),
    /// It failed, and would fail again.
    Err(E),
    /// It failed this time, and may succeed when it is begun anew.
    Retry {
        /// How long to wait at least.
        after: Duration,
        /// Why, for people.
        reason: String,
    },
    /// It has begun and is not done.
    Pending {
        /// What is waited for.
        on: String,
        /// When to look again, at the earliest.
        after: Duration,
    },
    /// It is not wanted any more.
    Cancelled {
        /// Why, for people.
        reason: String,
    },
    /// The outcomes of several steps, in their order. A member may be a batch, too.
    Batch(Vec<Outcome<T, E>>),
}

impl<T, E> Outcome<T, E> {
    /// It failed this time: begin anew, not before `after`.
    pub fn retry(after: Duration, reason: impl Into<String>) -> Self {
        Self::Retry {
            after,
            reason: reason.into(),
        }
    }

    /// It waits for `on`: look again, not before `after`.
    pub fn pending(on: impl Into<String>, after: Duration) -> Self {
        Self::Pending {
            on: on.into(),
            after,
        }
    }

    /// It is not wanted any more.
    pub fn cancelled(reason: impl Into<String>) -> Self {
        Self::Cancelled {
            reason: reason.into(),
        }
    }

    /// Whether nothing in it is to be tried or looked at again: neither `Retry` nor `Pending`.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Ok(_) | Self::Err(_) | Self::Cancelled { .. } => true,
            Self::Retry { .. } | Self::Pending { .. } => false,
            Self::Batch(members) => members.iter().all(Self::is_settled),
        }
    }

    /// The outcome with `f` of each value in it.
    ///
    /// ```
    /// use batpak::Outcome;
    ///
    /// let paid: Outcome<u64> = Outcome::Batch(vec![Outcome::Ok(500), Outcome::cancelled("too late")]);
    /// let euros = paid.map(|cents| cents / 100);
    /// assert_eq!(euros, Outcome::Batch(vec![Outcome::Ok(5), Outcome::cancelled("too late")]));
    /// ```
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Outcome<U, E> {
        self.and_then(|value| Outcome::Ok(f(value)))
    }

    /// The outcome with what `f` makes of each value in the value's place.
    ///
    /// In a batch that is one member for each member: if `f` gives a batch, that is a member of the outer one.
    pub fn and_then<U>(self, mut f: impl FnMut(T) -> Outcome<U, E>) -> Outcome<U, E> {
        self.replace(&mut f, &mut Outcome::Err)
    }

    /// The outcome with `f` of each error in it.
    pub fn map_err<F>(self, mut f: impl FnMut(E) -> F) -> Outcome<T, F> {
        self.or_else(|error| Outcome::Err(f(error)))
    }

    /// The outcome with what `f` makes of each error in the error's place.
    ///
    /// So errors that pass become something to try again:
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    /// use std::time::Duration;
    ///
    /// use batpak::Outcome;
    ///
    /// fn patient(read: Result<usize, Error>) -> Outcome<usize, Error> {
    ///     Outcome::from(read).or_else(|error| match error.kind() {
    ///         ErrorKind::WouldBlock => Outcome::retry(Duration::from_millis(10), error.to_string()),
    ///         _ => Outcome::Err(error),
    ///     })
    /// }
    ///
    /// assert!(matches!(patient(Ok(7)), Outcome::Ok(7)));
    /// assert!(matches!(patient(Err(ErrorKind::WouldBlock.into())), Outcome::Retry { .. }));
    /// assert!(matches!(patient(Err(ErrorKind::NotFound.into())), Outcome::Err(_)));
    /// ```
    pub fn or_else<F>(self, mut f: impl FnMut(E) -> Outcome<T, F>) -> Outcome<T, F> {
        self.replace(&mut Outcome::Ok, &mut f)
    }

    /// Looks at each value in it, in order, and gives the outcome as it is.
    pub fn inspect(self, mut f: impl FnMut(&T)) -> Self {
        self.map(|value| {
            f(&value);
            value
        })
    }

    /// What comes of each value and each error takes its place; the rest stays as it is.
    fn replace<U, F>(
        self,
        value: &mut impl FnMut(T) -> Outcome<U, F>,
        error: &mut impl FnMut(E) -> Outcome<U, F>,
    ) -> Outcome<U, F> {
        match self {
            Self::Ok(of) => value(of),
            Self::Err(of) => error(of),
            Self::Retry { after, reason } => Outcome::Retry { after, reason },
            Self::Pending { on, after } => Outcome::Pending { on, after },
            Self::Cancelled { reason } => Outcome::Cancelled { reason },
            Self::Batch(members) => {
                let members = members.into_iter();
                Outcome::Batch(members.map(|member| member.replace(value, error)).collect())
            }
        }
    }
}

impl<T, E> Outcome<Outcome<T, E>, E> {
    /// The inner outcomes, each in the place of the value that it was. Batches stay as they are.
    ///
    /// ```
    /// use batpak::Outcome;
    ///
    /// let nested: Outcome<Outcome<u8>> = Outcome::Ok(Outcome::cancelled("too late"));
    /// assert_eq!(nested.flatten(), Outcome::cancelled("too late"));
    /// ```
    pub fn flatten(self) -> Outcome<T, E> {
        self.and_then(|inner| inner)
    }
}

/// Which variant an outcome is, and what it says, in the words of a message.
struct Told<'a, T, E>(&'a Outcome<T, E>);

impl<T, E> fmt::Display for Told<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Outcome::Ok(_) => f.write_str("ok"),
            Outcome::Err(_) => f.write_str("an error"),
            Outcome::Retry { after, reason } => {
                write!(f, "to be retried after {after:?} ({reason})")
            }
            Outcome::Pending { on, after } => write!(f, "pending on {on} for {after:?} or more"),
            Outcome::Cancelled { reason } => write!(f, "cancelled ({reason})"),
            Outcome::Batch(members) => write!(f, "a batch of {}", members.len()),
        }
    }
}
