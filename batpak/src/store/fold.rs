//! Folds: streams and regions as the states that they lead to.

use std::ops::ControlFlow;

use super::{Events, Store, StoreError, Work};
use crate::coordinate::Coordinate;
use crate::event::{EventHeader, RawEvent, Region};
use crate::projection::{AsOf, Projection};
use crate::typestate::{Cursor, Folded, Machine, Place};

impl Store {
    /// Folds one stream into a projection: its state after the stream's newest event.
    ///
    /// Of a long stream with few events of the kinds that the projection names, only these are read.
    ///
    /// # Errors
    /// [`StoreError::Fold`] with the place of an event that the projection cannot take, and whatever
    /// reading gives.
    pub fn project<P: Projection>(&self, coordinate: &Coordinate) -> Result<P, StoreError> {
        self.of_stream(coordinate, self.stream(coordinate))
    }

    /// Folds the events of a region, in order of position, into a projection.
    ///
    /// It is the region [narrowed](Projection::narrow) to the kinds that the projection names which is read, as
    /// [`Self::query`] reads it: by the index, where that is less to read.
    ///
    /// # Errors
    /// As for [`Self::project`].
    pub fn fold<P: Projection>(&self, region: &Region) -> Result<P, StoreError> {
        let (state, _) = self.shared.folded(region)?;
        Ok(state)
    }

    /// Folds one stream into a projection as it was at a position of the log, or at a time.
    ///
    /// A machine of the past cannot be committed to, so there is no loading of one: its state is
    /// `project_as_of::<Order>`, or `project_as_of::<OrderFold>` with what its states share.
    ///
    /// # Errors
    /// As for [`Self::project`], and [`StoreError::PositionAhead`] for a position above [`Self::position`].
    pub fn project_as_of<P: Projection>(
        &self,
        coordinate: &Coordinate,
        as_of: AsOf,
    ) -> Result<P, StoreError> {
        self.fold_as_of(&Region::stream(coordinate), as_of)
    }

    /// Folds the events of a region into a projection as it was at a position of the log, or at a time.
    ///
    /// # Errors
    /// As for [`Self::project_as_of`].
    pub fn fold_as_of<P: Projection>(&self, region: &Region, as_of: AsOf) -> Result<P, StoreError> {
        let view = self.shared.view();
        let last = view.published();
        match as_of {
            AsOf::Position(position) if position > last => {
                Err(StoreError::PositionAhead { position, last })
            }
            _ => self.query_in(&as_of.of(region.clone()), &view).project(),
        }
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
        let events = self.stream(coordinate);
        let head = events
            .view()
            .head(coordinate.entity(), coordinate.scope())?
            .map_or((0, 0), |head| (head.revision, head.position));
        let folded: Folded<M> = self.of_stream(coordinate, events)?;
        let cursor = Cursor::new(self.id(), coordinate.clone(), head);
        Ok(folded.state.enter(Place::new(cursor), folded.data))
    }

    /// The projection of the events of a stream.
    fn of_stream<P: Projection>(
        &self,
        coordinate: &Coordinate,
        events: Events<'_>,
    ) -> Result<P, StoreError> {
        let region = Region::stream(coordinate);
        let until = events.position();
        self.shared.go_on(&region, until, |folding, after| {
            fold_stream(folding, &region, events.skip_to(after + 1))
        })
    }
}

/// Folds events of a stream. It is read as it is, and the index asked for the kinds only once it shows that
/// few events are of them: in most streams all are, and to ask of each would be in vain.
fn fold_stream<P: Projection>(
    folding: &mut Folding<P>,
    stream: &Region,
    mut events: Events<'_>,
) -> Result<(), StoreError> {
    let mut lately = Lately::default();
    let mut work = events.begin(Work::Folding);
    let is_sparse = events.visit_raw(|event| {
        work.did(1);
        let is_taken = folding.take(event)?;
        Ok(lately.count(is_taken))
    })?;
    if is_sparse {
        let rest = events.only(&P::narrow(stream.clone()));
        rest.for_each_raw(|event| {
            work.did(1);
            folding.take(event).map(drop)
        })?;
    }
    work.end();
    Ok(())
}

/// A projection, and how it takes events.
#[derive(Debug, Default)]
pub(super) struct Folding<P> {
    pub(super) state: P,
    /// How many events were read, and the last of them.
    pub(super) events: u64,
    pub(super) last: Option<EventHeader>,
}

impl<P: Projection> Folding<P> {
    /// One that goes on from a state.
    pub(super) fn of(state: P) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Takes the next event, if it is of a kind that the projection reads. Whether it is.
    pub(super) fn take(&mut self, event: &RawEvent<'_>) -> Result<bool, StoreError> {
        let header = &event.meta.header;
        (self.events, self.last) = (self.events + 1, Some(*header));
        if !P::reads(header.kind) {
            return Ok(false);
        }
        match self.state.apply(event) {
            Ok(()) => Ok(true),
            Err(source) => Err(StoreError::Fold {
                position: header.sequence,
                coordinate: event.meta.coordinate(),
                source,
            }),
        }
    }
}

/// How many events are read before it is asked again whether too many of them were for nothing.
const LATELY: u32 = 64;

/// What was read lately, and how much of it was taken.
#[derive(Debug, Default)]
struct Lately {
    read: u32,
    taken: u32,
}

impl Lately {
    /// Counts an event, and breaks off if most of the last were read for nothing.
    fn count(&mut self, is_taken: bool) -> ControlFlow<()> {
        self.read += 1;
        self.taken += u32::from(is_taken);
        if self.read < LATELY {
            return ControlFlow::Continue(());
        }
        let is_sparse = self.taken < LATELY / 2;
        *self = Self::default();
        match is_sparse {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
