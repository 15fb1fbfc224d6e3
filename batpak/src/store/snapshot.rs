//! Folds that go on from what is kept of them.

use std::sync::Arc;

use super::StoreError;
use super::fold::Folding;
use super::index::View;
use super::log::segment::reader::FrameReader;
use super::read::Events;
use super::shared::Shared;
use crate::event::{EventHeader, Region};
use crate::projection::cache::{Evidence, Opening, Saved, Subject, Use, evidence};
use crate::projection::{CacheError, Projection};

impl Shared {
    /// The projection of a region whose events up to some position `read` folds, of those behind the position that it is
    /// given: it goes on from what is kept, and keeps what comes of it.
    pub(super) fn go_on<P: Projection>(
        &self,
        region: &Region,
        until: u64,
        read: impl FnOnce(&mut Folding<P>, u64) -> Result<(), StoreError>,
    ) -> Result<P, StoreError> {
        let mut folding = Folding::default();
        let opening = self.snapshots.as_ref().filter(|_| is_kept::<P>());
        let Some(opening) = opening else {
            read(&mut folding, 0)?;
            return Ok(folding.state);
        };
        let subject = Subject::new::<P>(Use::Whole, self.id, region);
        let mut after = 0;
        if let Some((state, saved)) = self.resume::<P>(opening, &subject, until) {
            folding.state = state;
            after = saved.position;
        }
        read(&mut folding, after)?;
        if let Some(last) = &folding.last {
            self.keep(opening, &subject, &folding.state, last, folding.events);
        }
        Ok(folding.state)
    }

    /// The projection of a region, and the position that it is of.
    pub(super) fn folded<P: Projection>(&self, region: &Region) -> Result<(P, u64), StoreError> {
        let events = Events::of(region, self, self.view());
        let until = events.position();
        let state = self.go_on(region, until, |folding, after| {
            events.skip_to(after + 1).fold_into(folding)
        })?;
        Ok((state, until))
    }

    /// Keeps what has come of a region so far, if anything has come of it.
    pub(super) fn keep_fold<P: Projection>(&self, region: &Region, folding: &Folding<P>) {
        let opening = self.snapshots.as_ref().filter(|_| is_kept::<P>());
        if let (Some(opening), Some(last)) = (opening, &folding.last) {
            let subject = Subject::new::<P>(Use::Whole, self.id, region);
            self.keep(opening, &subject, &folding.state, last, folding.events);
        }
    }

    /// The state that is kept of the subject, if it is one of this log up to that position.
    fn resume<P: Projection>(
        &self,
        opening: &Opening,
        subject: &Arc<Subject>,
        until: u64,
    ) -> Option<(P, Arc<Saved>)> {
        let found = opening.find(subject)?;
        let saved = found.snapshot;
        if saved.position > until {
            return None;
        }
        if !found.checked && !self.shows(saved.position, &saved.evidence) {
            return None;
        }
        // One that is of no state of this type is not known as checked, so that another takes its place.
        let state = P::restore(&saved.state)?;
        if !found.checked {
            opening.checked(subject, &saved);
        }
        Some((state, saved))
    }

    /// Whether the log has the event at a position that the evidence is of.
    pub(super) fn shows(&self, position: u64, of: &Evidence) -> bool {
        let find = |view: &View| -> Result<bool, StoreError> {
            let place = self.place_in(view, position)?;
            let mut reader = FrameReader::default();
            let (event, _) = reader.read_only(&place)?;
            Ok(evidence(&event.meta.header) == *of)
        };
        // What cannot be read shows nothing, and reading on will say why.
        find(&self.view()).unwrap_or(false)
    }

    /// Keeps a state, whose last event and the number of those before it that are new are these.
    fn keep<P: Projection>(
        &self,
        opening: &Opening,
        subject: &Arc<Subject>,
        state: &P,
        last: &EventHeader,
        events: u64,
    ) {
        if let Some(state) = save(opening, state) {
            let saved = Saved {
                position: last.sequence,
                revision: last.revision,
                evidence: evidence(last),
                state,
            };
            opening.keep(subject, saved, events, self.watermarks.durable());
        }
    }

    /// Writes what is kept in memory alone, as far as the log is durable.
    pub(super) fn settle_snapshots(&self) {
        if let Some(opening) = &self.snapshots {
            opening.settle(self.watermarks.durable());
        }
    }
}

/// Whether states of `P` may be kept.
pub(super) fn is_kept<P: Projection>() -> bool {
    P::default().save().is_some()
}

/// The state as bytes, if it can be had.
pub(super) fn save<P: Projection>(opening: &Opening, state: &P) -> Option<Vec<u8>> {
    let saved = state.save()?.map_err(|source| CacheError::Encode {
        projection: P::NAME,
        source,
    });
    saved.map_err(|error| opening.tell(error)).ok()
}
