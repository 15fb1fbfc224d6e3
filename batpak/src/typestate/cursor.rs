use std::fmt;

use super::{Machine, State};
use crate::coordinate::Coordinate;
use crate::event::EventId;
use crate::store::{AppendReceipt, Store, StoreError};

/// Where a machine was read, or last committed: store, stream, revision and position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    store: EventId,
    coordinate: Coordinate,
    revision: u64,
    sequence: u64,
}

impl Cursor {
    pub(crate) fn new(
        store: EventId,
        coordinate: Coordinate,
        (revision, sequence): (u64, u64),
    ) -> Self {
        Self {
            store,
            coordinate,
            revision,
            sequence,
        }
    }

    /// The stream.
    #[must_use]
    pub fn coordinate(&self) -> &Coordinate {
        &self.coordinate
    }

    /// The revision of the newest event that the state is folded from; 0 if there is none.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The position of that event in the whole log; 0 if there is none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The same stream after an append to it.
    pub(super) fn after(self, receipt: &AppendReceipt) -> Self {
        Self {
            revision: receipt.revision,
            sequence: receipt.sequence,
            ..self
        }
    }

    /// That `store` is the one that this was read from.
    pub(super) fn check_store(&self, store: &Store) -> Result<(), StoreError> {
        if self.store == store.id() {
            Ok(())
        } else {
            Err(StoreError::OtherStore(self.coordinate.clone()))
        }
    }

    /// That the coordinate's entity has the prefix of `M`, if that has one.
    pub(crate) fn check_address<M: Machine>(coordinate: &Coordinate) -> Result<(), StoreError> {
        let Some(entity) = M::ENTITY else {
            return Ok(());
        };
        let rest = coordinate.entity().strip_prefix(entity);
        if rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with(':')) {
            return Ok(());
        }
        Err(StoreError::OtherMachine {
            coordinate: coordinate.clone(),
            machine: M::NAME,
            entity,
        })
    }
}

/// A machine in the state `S`, where it was read: what the wrapper of each machine has within.
#[derive(Clone)]
pub struct In<S: State> {
    /// Where it was read.
    pub cursor: Cursor,
    /// The state.
    pub state: S,
    /// What all states share.
    pub data: <S::Machine as Machine>::Data,
}

impl<S: State> fmt::Debug for In<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(S::NAME)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}
