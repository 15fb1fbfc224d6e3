use std::fmt;
use std::sync::Arc;

use super::shown::{Offer, Shown};
use super::{ViewError, ViewFailure};
use crate::event::Region;
use crate::projection::Projection;
use crate::store::fold::Folding;
use crate::store::read::Events;
use crate::store::running::{Handle, Unreached};
use crate::sync::Mutex;

/// A projection that is kept up to date: see [`Store::view`](crate::Store::view). Dropping this stops it.
///
/// It does not keep the store open, and its last state may be had after that is dropped.
#[must_use = "dropped, it is kept up to date no more"]
pub struct LiveView<P> {
    pub(super) handle: Handle<ViewError>,
    pub(super) shown: Arc<Shown<P>>,
    pub(super) region: Region,
    /// Held by who rebuilds it.
    pub(super) rebuilding: Mutex<()>,
}

impl<P: Projection> LiveView<P> {
    /// The newest state. It takes as long as copying a pointer, whatever is being folded meanwhile, and does not change any more.
    #[must_use]
    pub fn get(&self) -> Arc<P> {
        self.shown.get()
    }

    /// The position that the newest state is of, at least.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.handle.position()
    }

    /// How far it is behind the newest event, whether or not that is in its region.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.handle.lag()
    }

    /// Why it has stopped, if it has and was not asked to.
    #[must_use]
    pub fn error(&self) -> Option<ViewError> {
        self.handle.error()
    }

    /// The state once it has this position, such as that of an event which was just appended, so that one reads what one has
    /// written. A position that the log has not reached is waited for, too.
    ///
    /// # Errors
    /// Why it has stopped, if it has before that.
    pub fn wait_for(&self, position: u64) -> Result<Arc<P>, ViewError> {
        let reached = self.handle.wait_for(position);
        reached.map_err(|unreached| self.unreached(unreached))?;
        Ok(self.get())
    }

    /// The state once it has come to where the log ends now.
    ///
    /// # Errors
    /// As for [`Self::wait_for`].
    pub fn catch_up(&self) -> Result<Arc<P>, ViewError> {
        self.handle.shared.refresh();
        self.wait_for(self.handle.shared.watermarks.published())
    }

    /// Folds all of its events anew, on this thread, and puts what comes of it in the place of the state when it has come as far. Until then the
    /// old one is kept up to date, and so it is if this fails. States that are kept in a cache are not used.
    ///
    /// # Errors
    /// What keeps the events from being folded, or why it has stopped, if it has.
    pub fn rebuild(&self) -> Result<(), ViewError> {
        let _rebuilding = self.rebuilding.lock();
        let Handle { running, shared } = &self.handle;
        if let Err(unreached) = self.handle.wait_for(0) {
            return Err(self.unreached(unreached));
        }
        if !running.is_at_work() {
            let stopped = || self.failed(ViewFailure::Stopped);
            return Err(running.error().unwrap_or_else(stopped));
        }
        let mut folding = Folding::default();
        let events = Events::of(&self.region, shared, shared.view());
        let position = events.position();
        let folded = events.fold_into(&mut folding);
        folded.map_err(|error| self.failed(error.into()))?;
        let number = self.shown.offer(Offer { folding, position });
        shared.watch.notify();
        let answered = running.wait_until(|| self.shown.is_answered(number));
        if let Err(unreached) = answered {
            let _offer = self.shown.take_offer();
            return Err(self.unreached(unreached));
        }
        let switched = self.shown.take_answer();
        switched.map_err(|error| self.failed(error.into()))
    }

    /// Stops it, and waits for that.
    ///
    /// # Errors
    /// Why it has stopped, if it has before that.
    pub fn stop(self) -> Result<(), ViewError> {
        let ended = self.handle.end();
        ended.map_err(|unreached| self.unreached(unreached))
    }

    fn unreached(&self, unreached: Unreached<ViewError>) -> ViewError {
        ViewError::of(unreached, self.handle.running.name(), self.position())
    }

    fn failed(&self, failure: ViewFailure) -> ViewError {
        ViewError::at(self.handle.running.name(), self.position(), failure)
    }
}

impl<P> fmt::Debug for LiveView<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveView")
            .field("projection", &self.handle.name())
            .field("position", &self.handle.position())
            .finish_non_exhaustive()
    }
}
