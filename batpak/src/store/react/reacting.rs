use std::fmt;

use super::ReactorError;
use crate::store::running::{Handle, Unreached};

/// A reactor that was started by [`Store::react`](crate::Store::react). Dropping this stops it, and waits for the reaction that is
/// being made.
///
/// It does not keep the store open, and may be asked after that is dropped.
#[must_use = "dropped, it stops the reactor"]
pub struct Reacting(pub(super) Handle<ReactorError>);

impl Reacting {
    /// The name of the reactor.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// How far it has come: it was asked about every event of its region up to this position, and what followed is stored.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.0.position()
    }

    /// How far it is behind the newest event, whether or not that is in its region.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.0.lag()
    }

    /// Why it has ended, if it has and was not stopped.
    #[must_use]
    pub fn error(&self) -> Option<ReactorError> {
        self.0.error()
    }

    /// Waits until it has come to this position, such as that of an event which is to have its reaction. A position that the log has not reached
    /// is waited for, too.
    ///
    /// # Errors
    /// Why it has ended, if it has before that.
    pub fn wait_for(&self, position: u64) -> Result<(), ReactorError> {
        self.told(self.0.wait_for(position))
    }

    /// Waits until it has come to where the log ends now.
    ///
    /// # Errors
    /// As for [`Self::wait_for`].
    pub fn catch_up(&self) -> Result<(), ReactorError> {
        self.told(self.0.catch_up())
    }

    /// Stops it, once it has made the reaction that it is at, and waits for that.
    ///
    /// # Errors
    /// Why it has ended, if it has before that.
    pub fn stop(self) -> Result<(), ReactorError> {
        self.told(self.0.end())
    }

    fn told(&self, waited: Result<(), Unreached<ReactorError>>) -> Result<(), ReactorError> {
        waited.map_err(|unreached| {
            ReactorError::of(unreached, self.0.running.name(), self.position())
        })
    }
}

impl fmt::Debug for Reacting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reacting")
            .field("name", &self.name())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
