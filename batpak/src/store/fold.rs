//! Folds: streams and regions as the states that they lead to.

use super::{Events, Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{EventHeader, Region};
use crate::projection::Projection;
use crate::typestate::{Cursor, Folded, Machine, Place};

impl Store {
    /// Folds one stream into a projection: its state after the stream's newest event.
    ///
    /// # Errors
    /// [`StoreError::Fold`] with the place of an event that the projection cannot take, and whatever
    /// reading gives.
    pub fn project<P: Projection>(&self, coordinate: &Coordinate) -> Result<P, StoreError> {
        let region = Region::stream(coordinate);
        let (projection, _) = self.shared.fold(&region, self.stream(coordinate))?;
        Ok(projection)
    }

    /// Folds the events of a region, in order of position, into a projection.
    ///
    /// # Errors
    /// As for [`Self::project`].
    pub fn fold<P: Projection>(&self, region: &Region) -> Result<P, StoreError> {
        let (projection, _) = self.shared.fold(region, self.query(region))?;
        Ok(projection)
    }

    /// Loads a machine from its stream: its state after the newest event, as a type to match on.
    ///
    /// An empty stream gives the initial state at revision 0.
    ///
    /// # Errors
    /// [`StoreError::Fold`] if the stream has an event that the machine's table does not allow, an
    /// unknown kind of the machine's category, or a payload that does not decode;
    /// [`StoreError::OtherMachine`] if the entity has not the machine's prefix.
    pub fn load<M: Machine>(&self, coordinate: &Coordinate) -> Result<M::Loaded, StoreError> {
        Cursor::check_address::<M>(coordinate)?;
        let region = Region::stream(coordinate);
        let (folded, head) = self
            .shared
            .fold::<Folded<M>>(&region, self.stream(coordinate))?;
        let cursor = Cursor::new(self.id(), coordinate.clone(), head);
        Ok(folded.state.enter(Place::new(cursor), folded.data))
    }
}

/// The projection of these events, and the revision and position of the last of them, or zeros.
pub(super) fn fold<P: Projection>(events: Events<'_>) -> Result<(P, (u64, u64)), StoreError> {
    let folded = fold_onto(P::default(), events)?;
    let head = folded.last.map(|last| (last.revision, last.sequence));
    Ok((folded.state, head.unwrap_or_default()))
}

/// A state that events were folded into.
pub(super) struct FoldedOnto<P> {
    pub(super) state: P,
    /// How many they were, and the last of them.
    pub(super) events: u64,
    pub(super) last: Option<EventHeader>,
}

/// Folds these events into a state.
pub(super) fn fold_onto<P: Projection>(
    mut state: P,
    events: Events<'_>,
) -> Result<FoldedOnto<P>, StoreError> {
    let (mut count, mut last) = (0, None);
    events.for_each_raw(|event| {
        let header = &event.meta.header;
        (count, last) = (count + 1, Some(*header));
        if !P::reads(header.kind) {
            return Ok(());
        }
        state.apply(event).map_err(|source| StoreError::Fold {
            position: header.sequence,
            coordinate: event.meta.coordinate(),
            source,
        })
    })?;
    Ok(FoldedOnto {
        state,
        events: count,
        last,
    })
}
