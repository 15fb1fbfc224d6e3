use std::convert::Infallible;
use std::time::Duration;

use super::Outcome;

impl<T, E> Outcome<T, E> {
    /// All the values, in order, if every one of the outcomes is `Ok`; otherwise the worst of them.
    ///
    /// Cancelled comes before Err, that before Retry, that before Pending. Of several to be retried it is the one with
    /// the longest wait, and so of several that are pending; else, and among equals, the first. A batch counts as its
    /// members, and so does one within it. Of nothing, it is `Ok` of nothing.
    ///
    /// ```
    /// use batpak::Outcome;
    ///
    /// let seats = [Outcome::Ok(1), Outcome::Batch(vec![Outcome::Ok(2), Outcome::Ok(3)])];
    /// let all: Outcome<Vec<u8>> = Outcome::join_all(seats);
    /// assert_eq!(all, Outcome::Ok(vec![1, 2, 3]));
    ///
    /// let seats = [Outcome::Ok(1), Outcome::failed("TAKEN", "seat 2 is taken")];
    /// assert_eq!(Outcome::join_all(seats), Outcome::failed("TAKEN", "seat 2 is taken"));
    /// ```
    pub fn join_all(outcomes: impl IntoIterator<Item = Self>) -> Outcome<Vec<T>, E> {
        let mut values = Vec::new();
        let batch = Outcome::Batch(outcomes.into_iter().collect());
        match batch.map(|value| values.push(value)).values() {
            Ok(_) => Outcome::Ok(values),
            Err(worst) => worst.map(|never| match never {}),
        }
    }

    /// The best of the outcomes: the first that is `Ok`, else the one that is most likely to become it.
    ///
    /// Pending comes before Retry, that before Err, that before Cancelled. Of several that are pending it is the one
    /// with the shortest wait, and so of several to be retried; else, and among equals, the first. A batch counts as
    /// its members, and so does one within it. Of nothing, it is a batch of nothing.
    ///
    /// No more is taken from the iterator once one is `Ok`, so that a lazy one stops there.
    ///
    /// ```
    /// use batpak::Outcome;
    ///
    /// let mut asked = Vec::new();
    /// let mirrors = ["london", "paris", "rome"].into_iter().map(|mirror| {
    ///     asked.push(mirror);
    ///     match mirror {
    ///         "paris" => Outcome::Ok("the file"),
    ///         _ => Outcome::failed("DOWN", mirror),
    ///     }
    /// });
    /// assert_eq!(Outcome::join_any(mirrors), Outcome::Ok("the file"));
    /// assert_eq!(asked, ["london", "paris"]);
    /// ```
    pub fn join_any(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let mut best = Self::Batch(Vec::new());
        for outcome in outcomes {
            let next = match outcome {
                Self::Batch(members) => Self::join_any(members),
                single => single,
            };
            if next.rank() < best.rank() {
                best = next;
            }
            if matches!(best, Self::Ok(_)) {
                break;
            }
        }
        best
    }

    /// Both values, if both outcomes are `Ok`; otherwise what [`join_all`](Self::join_all) gives of the two.
    ///
    /// If all in both is `Ok` and one is a batch, each value of the left is paired with each of the right, in the shape
    /// of the left with that of the right in the place of each value; it is for those that values are cloned.
    ///
    /// ```
    /// use batpak::Outcome;
    ///
    /// let (order, price) = (Outcome::Ok("tea"), Outcome::Ok(350));
    /// let both: Outcome<(&str, u64)> = order.zip(price);
    /// assert_eq!(both, Outcome::Ok(("tea", 350)));
    ///
    /// let (order, price) = (Outcome::failed("SOLD_OUT", "no tea"), Outcome::cancelled("too late"));
    /// let both: Outcome<(&str, u64)> = order.zip(price);
    /// assert_eq!(both, Outcome::cancelled("too late"));
    /// ```
    pub fn zip<U>(self, other: Outcome<U, E>) -> Outcome<(T, U), E>
    where
        T: Clone,
        U: Clone,
    {
        match both(self.values(), other.values()) {
            Ok((Outcome::Ok(left), Outcome::Ok(right))) => Outcome::Ok((left, right)),
            Ok((left, right)) => left
                .and_then(|left| right.clone().map(|right| (left.clone(), right)))
                .map_err(|never| match never {}),
            Err(worst) => worst.map(|never| match never {}),
        }
    }

    /// The outcome in its own shape, if all in it is `Ok`; otherwise the worst in it.
    fn values(self) -> Result<Values<T>, NotOk<E>> {
        match self {
            Self::Ok(value) => Ok(Outcome::Ok(value)),
            Self::Err(error) => Err(Outcome::Err(error)),
            Self::Retry { after, reason } => Err(Outcome::Retry { after, reason }),
            Self::Pending { on, after } => Err(Outcome::Pending { on, after }),
            Self::Cancelled { reason } => Err(Outcome::Cancelled { reason }),
            Self::Batch(members) => {
                let mut all = Ok(Vec::new());
                for member in members {
                    all = both(all, member.values()).map(|(mut all, values)| {
                        all.push(values);
                        all
                    });
                }
                all.map(Outcome::Batch)
            }
        }
    }

    /// The better, the lower. A batch is asked only if it is empty, and that is no answer at all.
    fn rank(&self) -> (u8, Duration) {
        match self {
            Self::Ok(_) => (0, Duration::ZERO),
            Self::Pending { after, .. } => (1, *after),
            Self::Retry { after, .. } => (2, *after),
            Self::Err(_) => (3, Duration::ZERO),
            Self::Cancelled { .. } => (4, Duration::ZERO),
            Self::Batch(_) => (5, Duration::ZERO),
        }
    }
}

/// `Ok`, or batches of it.
type Values<T> = Outcome<T, Infallible>;

/// Anything but `Ok` and a batch.
type NotOk<E> = Outcome<Infallible, E>;

/// Both, or the worse of what is not `Ok`, the first among equals.
fn both<A, B, E>(
    left: Result<A, NotOk<E>>,
    right: Result<B, NotOk<E>>,
) -> Result<(A, B), NotOk<E>> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(worst), Ok(_)) | (Ok(_), Err(worst)) => Err(worst),
        (Err(left), Err(right)) if right.rank() > left.rank() => Err(right),
        (Err(left), Err(_)) => Err(left),
    }
}
