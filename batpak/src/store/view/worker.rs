use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::shown::{Offer, Shown};
use super::{ViewError, ViewFailure};
use crate::event::Region;
use crate::projection::Projection;
use crate::store::fold::Folding;
use crate::store::running::{Running, panic_message};
use crate::store::shared::Shared;
use crate::store::subscribe::Feed;
use crate::store::{StoreError, trace};

/// After how many events at most what came of them is shown.
const ROUND: u32 = 4_096;

/// A view at work.
pub(super) struct Worker<P> {
    pub(super) region: Region,
    pub(super) folding: Folding<P>,
    pub(super) feed: Feed,
    pub(super) shown: Arc<Shown<P>>,
    pub(super) running: Arc<Running<ViewError>>,
    pub(super) shared: Arc<Shared>,
}

impl<P: Projection + Clone> Worker<P> {
    /// Keeps the state up to date until it is to end, or cannot go on.
    pub(super) fn run(mut self) -> Result<(), ViewError> {
        // Nobody uses the state again after a panic.
        let ended = catch_unwind(AssertUnwindSafe(|| self.work()));
        let failure = match ended {
            Ok(Ok(())) => {
                self.shared.keep_fold(&self.region, &self.folding);
                return Ok(());
            }
            Ok(Err(error)) => ViewFailure::from(error),
            Err(panic) => ViewFailure::Panicked(panic_message(panic.as_ref()).into()),
        };
        let error = ViewError::at(self.running.name(), self.running.position(), failure);
        trace::view_stopped(&self.shared.dir, &error);
        Err(error)
    }

    fn work(&mut self) -> Result<(), StoreError> {
        loop {
            let (running, shown) = (&self.running, &self.shown);
            self.feed
                .wait(None, || !running.goes_on() || shown.has_offer())?;
            if !self.running.goes_on() {
                return Ok(());
            }
            if let Some(offer) = self.shown.take_offer() {
                let switched = self.switch(offer);
                self.shown.answer(switched);
                self.running.notify();
            }
            let has_ended = self.feed.has_ended();
            self.catch_up()?;
            if has_ended && self.feed.position() >= self.feed.end() {
                return self.feed.check();
            }
        }
    }

    /// Folds what has come, and shows it.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        let mut taken = 0;
        while taken < ROUND && self.running.goes_on() {
            let folding = &mut self.folding;
            match self.feed.next(|event, _| folding.take(event))? {
                Some(is_taken) => taken += u32::from(is_taken),
                None => break,
            }
        }
        if taken > 0 {
            self.shown.show(self.folding.state.clone());
        }
        self.running.reach(self.feed.position());
        Ok(())
    }

    /// Takes a state that was folded beside, once that has come as far as this one.
    fn switch(&mut self, offer: Offer<P>) -> Result<(), StoreError> {
        let mut folding = offer.folding;
        let mut feed = self.feed.beside(offer.position);
        while feed.position() < self.feed.position() {
            if feed.next(|event, _| folding.take(event))?.is_none() {
                break;
            }
        }
        self.shown.show(folding.state.clone());
        (self.folding, self.feed) = (folding, feed);
        Ok(())
    }
}
