use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use super::course::Course;
use super::{ConsumerError, Parked};
use crate::store::running::{Handle, Unreached};

/// A consumer that was started by [`Consumer::run`](crate::Consumer::run). Dropping this stops it, and waits for the event that is being
/// handled.
///
/// It does not keep the store open, and may be asked after that is dropped.
#[must_use = "dropped, it stops the consumer"]
pub struct Consuming {
    pub(super) handle: Handle<ConsumerError>,
    pub(super) course: Arc<Course>,
}

impl Consuming {
    /// The name of the consumer.
    #[must_use]
    pub fn name(&self) -> &str {
        self.handle.name()
    }

    /// How far it has come: every event of its region up to this position was handled, or parked.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.handle.position()
    }

    /// The position that is stored: the next run begins behind it, whatever happens to this one. It is never above
    /// [`Self::position`], nor above [`Store::durable_position`](crate::Store::durable_position).
    #[must_use]
    pub fn stored_position(&self) -> u64 {
        self.course.stored()
    }

    /// How far it is behind the newest event, whether or not that is in its region.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.handle.lag()
    }

    /// Why it has ended, if it has and was not stopped.
    #[must_use]
    pub fn error(&self) -> Option<ConsumerError> {
        self.handle.error()
    }

    /// What the handler said last of an event that it could not handle, in this run; it may have succeeded since.
    #[must_use]
    pub fn last_error(&self) -> Option<ConsumerError> {
        self.course.ledger(|ledger| ledger.last_error.clone())
    }

    /// The events that are parked, by position.
    #[must_use]
    pub fn parked(&self) -> Vec<Parked> {
        self.course
            .ledger(|ledger| ledger.parked().cloned().collect())
    }

    /// Has the handler called once more for the parked events at these positions, all of them with `..`, in their order, once it is done
    /// with those that are in hand, and waits for that. What it handles is parked no more, and what fails again stays parked, with
    /// the new error. Returns what is parked there then.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use std::sync::Arc;
    /// # let dir = std::env::temp_dir().join(format!("batpak-replay-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// store.append(&Coordinate::new("order:1", "shop")?, EventKind::custom(0x1, 1), &"tea")?;
    /// let is_up = Arc::new(AtomicBool::new(false));
    /// let server = Arc::clone(&is_up);
    /// let mailer = store
    ///     .consumer("mailer", Region::all())
    ///     .retry(batpak::Backoff::new(std::time::Duration::ZERO, std::time::Duration::ZERO), 2)
    ///     .run(move |_| match server.load(Ordering::SeqCst) {
    ///         true => Ok(()),
    ///         false => Err("the mail server does not answer"),
    ///     })?;
    /// mailer.catch_up()?;
    /// let parked = mailer.parked();
    /// assert_eq!((parked[0].position, parked[0].attempts), (1, 2));
    /// assert_eq!(parked[0].error, "the mail server does not answer");
    ///
    /// is_up.store(true, Ordering::SeqCst);
    /// assert_eq!(mailer.replay(..)?, []);
    /// assert_eq!(mailer.parked(), []);
    /// # mailer.stop()?;
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Why the consumer has ended, if it has before that.
    pub fn replay(&self, positions: impl RangeBounds<u64>) -> Result<Vec<Parked>, ConsumerError> {
        // Not by its own handler, which would wait for itself.
        self.told(self.handle.running.wait_until(|| true))?;
        let bounds = (
            positions.start_bound().cloned(),
            positions.end_bound().cloned(),
        );
        let round = self.course.ask_for(bounds);
        let has_done = || self.course.has_done(round);
        self.told(self.handle.running.wait_until(has_done))?;
        let mut parked = self.parked();
        parked.retain(|parked| bounds.contains(&parked.position));
        Ok(parked)
    }

    /// Waits until it has come to this position, such as that of an event which is to be handled. A position that the log has not reached
    /// is waited for, too.
    ///
    /// # Errors
    /// Why it has ended, if it has before that.
    pub fn wait_for(&self, position: u64) -> Result<(), ConsumerError> {
        self.told(self.handle.wait_for(position))
    }

    /// Waits until it has come to where the log ends now.
    ///
    /// # Errors
    /// As for [`Self::wait_for`].
    pub fn catch_up(&self) -> Result<(), ConsumerError> {
        self.told(self.handle.catch_up())
    }

    /// Stops it, once it is done with the events that are being handled, stores how far it has come, and waits for that. An event that
    /// waits for its next attempt is left to the next run.
    ///
    /// # Errors
    /// Why it has ended, if it has before that.
    pub fn stop(self) -> Result<(), ConsumerError> {
        self.told(self.handle.end())
    }

    fn told(&self, waited: Result<(), Unreached<ConsumerError>>) -> Result<(), ConsumerError> {
        waited.map_err(|unreached| {
            ConsumerError::of(unreached, self.handle.running.name(), self.position())
        })
    }
}

impl fmt::Debug for Consuming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consuming")
            .field("name", &self.name())
            .field("position", &self.position())
            .field("stored_position", &self.stored_position())
            .finish_non_exhaustive()
    }
}
