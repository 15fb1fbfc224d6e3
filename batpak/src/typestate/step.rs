use super::{CommitError, Cursor, In, State};
use crate::pipeline::{Batch, NewEvent};
use crate::store::Store;

/// A machine in a known state: what `state_machine!` implements for `OrderIn<S>`.
pub trait Instance: Sized {
    /// The state.
    type State: State;

    /// The machine with these contents.
    fn new(within: In<Self::State>) -> Self;

    /// Its contents.
    fn within(&self) -> &In<Self::State>;

    /// Its contents, by value.
    fn into_within(self) -> In<Self::State>;
}

/// Where a step leads: a machine in a known state, or one of several.
pub trait Moved {
    /// The same at another place of the stream, once the step's events are there.
    #[must_use]
    fn moved(self, cursor: Cursor) -> Self;
}

impl<I: Instance> Moved for I {
    fn moved(self, cursor: Cursor) -> Self {
        Self::new(In {
            cursor,
            ..self.into_within()
        })
    }
}

/// A command whose gates have permitted it: events that are not recorded yet, and where they lead.
#[derive(Debug)]
#[must_use = "nothing is recorded until .commit(..)"]
pub struct Step<F, T> {
    from: F,
    event: NewEvent,
    to: T,
}

impl<F: Instance, T: Moved> Step<F, T> {
    /// A step over one event; `state_machine!` calls it.
    pub const fn new(from: F, event: NewEvent, to: T) -> Self {
        Self { from, event, to }
    }

    /// Commits the step's event, on condition that the stream is still at the revision that the
    /// machine was loaded at, and gives the machine where it leads.
    ///
    /// # Errors
    /// [`CommitError`] with the machine as it was, and the reason: a
    /// [conflict](crate::StoreError::Conflict) if the stream has moved on, or whatever
    /// [`Store::commit`] gives.
    pub fn commit(self, store: &Store) -> Result<T, CommitError<F>> {
        self.commit_with(store, Batch::new())
    }

    /// Commits the step's event and, in the same atomic batch, the events of `more`, which go to other
    /// streams.
    ///
    /// # Errors
    /// As for [`Self::commit`], and [`StoreError::OwnStream`](crate::StoreError::OwnStream) if `more`
    /// has events for the machine's own stream, which no arm would have seen.
    pub fn commit_with(self, store: &Store, more: Batch) -> Result<T, CommitError<F>> {
        let cursor = &self.from.within().cursor;
        match cursor.commit(store, vec![self.event], more) {
            Ok(cursor) => Ok(self.to.moved(cursor)),
            Err(error) => Err(CommitError {
                machine: Box::new(self.from),
                error,
            }),
        }
    }
}
