use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Outcome;

/// Why a step failed: a code for programs, and a message for people. The error of an [`Outcome`] that names no other.
///
/// ```
/// use batpak::outcome::Failure;
///
/// let failure = Failure::new("NO_ROOM", "the hall is full");
/// assert_eq!(failure.code(), "NO_ROOM");
/// assert_eq!(failure.to_string(), "NO_ROOM: the hall is full");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
}

impl Failure {
    /// A failure with this code and message.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// The code, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl<T> Outcome<T> {
    /// It failed with a [`Failure`] of this code and message.
    pub fn failed(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Err(Failure::new(code, message))
    }
}
