use std::fmt;
use std::sync::Arc;

use super::ReactorError;
use super::progress::Progress;
use crate::store::commit::Committer;
use crate::store::shared::Shared;

/// A reactor that was started by [`Store::react`](crate::Store::react). Dropping this stops it, and waits for the reaction that is
/// being made.
///
/// It does not keep the store open, and may be asked after that is dropped.
#[must_use = "dropped, it stops the reactor"]
pub struct Reacting {
    pub(super) progress: Arc<Progress>,
    pub(super) committer: Arc<Committer>,
    pub(super) shared: Arc<Shared>,
}

impl Reacting {
    /// The name of the reactor.
    #[must_use]
    pub fn name(&self) -> &str {
        self.progress.name()
    }

    /// How far it has come: it was asked about every event of its region up to this position, and what followed is stored.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.progress.position()
    }

    /// How far it is behind the newest event, whether or not that is in its region.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let published = self.shared.watermarks.published();
        published.saturating_sub(self.position())
    }

    /// Why it has ended, if it has and was not stopped.
    #[must_use]
    pub fn error(&self) -> Option<ReactorError> {
        self.progress.error()
    }

    /// Waits until it has come to this position, such as that of an event which is to have its reaction. A position that the log has not reached
    /// is waited for, too.
    ///
    /// # Errors
    /// Why it has ended, if it has before that.
    pub fn wait_for(&self, position: u64) -> Result<(), ReactorError> {
        self.check_process()?;
        self.progress.wait_for(position)
    }

    /// Waits until it has come to where the log ends now.
    ///
    /// # Errors
    /// As for [`Self::wait_for`].
    pub fn catch_up(&self) -> Result<(), ReactorError> {
        self.wait_for(self.shared.watermarks.published())
    }

    /// Stops it, once it has made the reaction that it is at, and waits for that.
    ///
    /// # Errors
    /// Why it has ended, if it has before that.
    pub fn stop(self) -> Result<(), ReactorError> {
        self.end()
    }

    fn end(&self) -> Result<(), ReactorError> {
        self.check_process()?;
        self.progress.end(&self.shared.watch)
    }

    /// A fork has no thread to wait for, and may find any lock held for good.
    fn check_process(&self) -> Result<(), ReactorError> {
        let checked = self.committer.check_process();
        checked.map_err(|error| self.progress.ended(0, error.into()))
    }
}

impl Drop for Reacting {
    fn drop(&mut self) {
        // Who wants to hear of an error stops it.
        let _ = self.end();
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
