use super::{Outcome, Told};

impl<T, E> From<Result<T, E>> for Outcome<T, E> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Err(error),
        }
    }
}

impl<T, E> TryFrom<Outcome<T, E>> for Result<T, E> {
    type Error = NoResult<T, E>;

    /// As [`Outcome::into_result`].
    fn try_from(outcome: Outcome<T, E>) -> Result<Self, NoResult<T, E>> {
        outcome.into_result()
    }
}

impl<T, E> Outcome<T, E> {
    /// The value of an `Ok` and the error of an `Err`.
    ///
    /// # Errors
    /// [`NoResult`] with the outcome itself, if it is anything else, a batch of one included.
    ///
    /// ```
    /// use batpak::Outcome;
    ///
    /// fn total(cents: Outcome<u64>) -> Result<u64, Box<dyn std::error::Error>> {
    ///     Ok(cents.into_result()??)
    /// }
    ///
    /// assert_eq!(total(Outcome::Ok(500)).unwrap(), 500);
    /// let failed = total(Outcome::failed("NO_ROOM", "the hall is full")).unwrap_err();
    /// assert_eq!(failed.to_string(), "NO_ROOM: the hall is full");
    /// let neither = total(Outcome::cancelled("too late")).unwrap_err();
    /// assert_eq!(neither.to_string(), "the outcome is neither ok nor an error: cancelled (too late)");
    /// ```
    pub fn into_result(self) -> Result<Result<T, E>, NoResult<T, E>> {
        match self {
            Self::Ok(value) => Ok(Ok(value)),
            Self::Err(error) => Ok(Err(error)),
            outcome => Err(NoResult { outcome }),
        }
    }
}

/// An [`Outcome`] that is no `Result`: `Retry`, `Pending`, `Cancelled` or a `Batch`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the outcome is neither ok nor an error: {}", Told(.outcome))]
pub struct NoResult<T, E> {
    /// The outcome.
    pub outcome: Outcome<T, E>,
}
