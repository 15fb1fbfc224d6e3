use std::fmt;
use std::marker::PhantomData;

use super::{Machine, State};
use crate::coordinate::Coordinate;
use crate::event::StoreId;
use crate::pipeline::{Batch, Expect, NewEvent};
use crate::store::{Store, StoreError};

/// Where a machine was read, or last committed: store, stream, revision and position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    store: StoreId,
    coordinate: Coordinate,
    revision: u64,
    sequence: u64,
}

impl Cursor {
    pub(crate) fn new(
        store: StoreId,
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

    /// Shows a machine that is here, in this state.
    pub(crate) fn show_in(&self, state: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(state)
            .field("cursor", self)
            .finish_non_exhaustive()
    }

    /// Commits events of a machine that was read here, and those of `more`, which go to other streams,
    /// on condition that the stream has not moved on. Gives where the machine is then.
    pub(super) fn commit(
        &self,
        store: &Store,
        own: Batch,
        more: Batch,
    ) -> Result<Self, StoreError> {
        if self.store != store.id() {
            return Err(StoreError::OtherStore(self.coordinate.clone()));
        }
        let mut others = more.events.iter().map(NewEvent::coordinate);
        if others.any(|other| *other == self.coordinate) {
            return Err(StoreError::OwnStream(self.coordinate.clone()));
        }
        let count = own.len();
        let batch = own.and(more);
        if batch.is_empty() && batch.condition.clauses().is_empty() && batch.reads.is_empty() {
            return Ok(self.clone());
        }
        let receipts =
            store.commit(batch.expect(&self.coordinate, Expect::Revision(self.revision)))?;
        let newest = count.checked_sub(1).and_then(|last| receipts.get(last));
        Ok(newest.map_or_else(
            || self.clone(),
            |receipt| Self {
                revision: receipt.revision,
                sequence: receipt.sequence,
                ..self.clone()
            },
        ))
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

/// Where a machine is entered: its cursor, from those who know that it is there in that state.
#[derive(Debug)]
pub struct Place(Cursor);

impl Place {
    pub(crate) const fn new(cursor: Cursor) -> Self {
        Self(cursor)
    }

    /// The cursor.
    pub fn into_cursor(self) -> Cursor {
        self.0
    }
}

/// The phase of a machine whose events are all in the log: it was read, or committed.
#[derive(Debug, Clone, Copy)]
pub enum Committed {}

/// The phase of a machine within [`Step::then`](super::Step::then): it is ahead of the log, by the events of
/// the step so far. It has the same commands, but their steps cannot be committed by themselves.
#[derive(Debug, Clone, Copy)]
pub enum Pending {}

/// A machine in the state `S`, where it was read: what the wrapper of each machine has within. `P` is
/// [`Committed`] or [`Pending`].
pub struct In<S: State, P> {
    cursor: Cursor,
    state: S,
    data: <S::Machine as Machine>::Data,
    /// Which step it is ahead by, if it is pending.
    step: u64,
    phase: PhantomData<P>,
}

impl<S: State, P> In<S, P> {
    /// The machine in `state`, with what all states share, at this place of its stream.
    pub const fn new(cursor: Cursor, state: S, data: <S::Machine as Machine>::Data) -> Self {
        Self {
            cursor,
            state,
            data,
            step: 0,
            phase: PhantomData,
        }
    }

    /// Where it was read; in a pending one, where the machine was that its step began with.
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The state.
    pub const fn state(&self) -> &S {
        &self.state
    }

    /// What all states share.
    pub const fn data(&self) -> &<S::Machine as Machine>::Data {
        &self.data
    }

    /// Its parts.
    pub fn into_parts(self) -> (Cursor, S, <S::Machine as Machine>::Data) {
        (self.cursor, self.state, self.data)
    }

    /// The same at another place of the stream.
    pub(super) fn moved(self, cursor: Cursor) -> Self {
        Self { cursor, ..self }
    }

    /// Which step it is ahead by; 0 if it is committed.
    pub(super) const fn step(&self) -> u64 {
        self.step
    }

    /// The same ahead of the log by this step, whose machine was read at `cursor`.
    pub(super) fn ahead(self, step: u64, cursor: Cursor) -> In<S, Pending> {
        In {
            step,
            ..In::new(cursor, self.state, self.data)
        }
    }
}

impl<S: State, P> Clone for In<S, P> {
    fn clone(&self) -> Self {
        Self {
            step: self.step,
            ..Self::new(self.cursor.clone(), self.state.clone(), self.data.clone())
        }
    }
}

impl<S: State, P> fmt::Debug for In<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cursor.show_in(S::NAME, f)
    }
}
