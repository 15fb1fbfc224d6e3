use std::sync::Arc;

use super::{Failure, Running, Unreached};
use crate::store::shared::Shared;

/// What one has of something that runs: it is asked how it goes, and ends when this is dropped.
///
/// It keeps what is read of the store, and neither the store open nor its directory locked.
#[derive(Debug)]
pub(in crate::store) struct Handle<E: Failure> {
    pub(in crate::store) running: Arc<Running<E>>,
    pub(in crate::store) shared: Arc<Shared>,
}

impl<E: Failure> Handle<E> {
    pub(in crate::store) fn name(&self) -> &str {
        self.running.name()
    }

    pub(in crate::store) fn position(&self) -> u64 {
        self.running.position()
    }

    /// How far it is behind the newest event.
    pub(in crate::store) fn lag(&self) -> u64 {
        let published = self.shared.watermarks.published();
        published.saturating_sub(self.position())
    }

    pub(in crate::store) fn error(&self) -> Option<E> {
        self.running.error()
    }

    pub(in crate::store) fn wait_for(&self, position: u64) -> Result<(), Unreached<E>> {
        self.running.wait_for(position)
    }

    /// Waits until it has come to where the log ends now.
    pub(in crate::store) fn catch_up(&self) -> Result<(), Unreached<E>> {
        self.wait_for(self.shared.watermarks.published())
    }

    /// Asks it to end, and waits until it has.
    pub(in crate::store) fn end(&self) -> Result<(), Unreached<E>> {
        self.running.end(&self.shared.watch)
    }
}

impl<E: Failure> Drop for Handle<E> {
    fn drop(&mut self) {
        // Who wants to hear of an error stops it.
        let _ = self.end();
    }
}
