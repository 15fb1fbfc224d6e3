use std::fmt;

use super::{CommitError, Cursor, Folded, Machine, Place, Refused};
use crate::guard::Asked;
use crate::pipeline::{Batch, Condition, NewEvent};
use crate::store::Store;

/// Events that arrive as data, run through a machine one by one and committed as one batch.
///
/// `AnyOrderIn::chain` begins one.
#[must_use = "nothing is recorded until .commit(..)"]
pub struct Chain<M: Machine> {
    cursor: Cursor,
    /// The machine as it was loaded.
    origin: Folded<M>,
    /// The machine after the events taken so far.
    now: Folded<M>,
    /// The events, and what must hold for them to be committed.
    batch: Batch,
}

impl<M: Machine> Chain<M> {
    /// A chain that begins with the machine in `state`.
    pub(crate) fn new(cursor: Cursor, state: M, data: M::Data) -> Self {
        let origin = Folded { state, data };
        Self {
            cursor,
            now: origin.clone(),
            origin,
            batch: Batch::new(),
        }
    }

    /// The state after the events taken so far.
    #[must_use]
    pub fn state(&self) -> &M {
        &self.now.state
    }

    /// The data that all states share, after the events taken so far.
    #[must_use]
    pub fn data(&self) -> &M::Data {
        &self.now.data
    }

    /// How many events it has taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether it has taken none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Takes an event, if the machine has an arm for it and the arm's gates permit. For a machine
    /// without a context `ctx` is `&()`.
    ///
    /// # Errors
    /// [`Refused`] with the reason. The chain is then as it was, and can still be committed.
    pub fn record(&mut self, event: M::Event, ctx: &M::Context) -> Result<(), Refused> {
        let Folded { state, data } = &self.now;
        let (admitted, asked) = Asked::by(|| state.admit(data, &event, ctx));
        admitted?;
        let recorded = NewEvent::of(self.cursor.coordinate(), &event);
        self.now.advance(event)?;
        self.batch.events.push(recorded.permitted(&asked.permit()));
        self.batch.reads.extend(asked.reads);
        Ok(())
    }

    /// Adds what must hold for the chain to be committed, besides that the stream has not moved on.
    pub fn when(mut self, condition: Condition) -> Self {
        self.batch = self.batch.when(condition);
        self
    }

    /// The events that it would commit.
    #[cfg(feature = "testing")]
    pub(crate) fn into_events(self) -> Vec<NewEvent> {
        self.batch.events
    }

    /// Commits the events as one atomic batch, on condition that the stream is still at the revision
    /// that the machine was loaded at. A chain without events writes nothing.
    ///
    /// # Errors
    /// [`CommitError`] with the machine as it was loaded, and the reason.
    pub fn commit(self, store: &Store) -> Result<M::Loaded, CommitError<M::Loaded>> {
        self.commit_with(store, Batch::new())
    }

    /// Commits the events and, in the same atomic batch, those of `more`, which go to other streams;
    /// those of `more` also if the chain has none of its own.
    ///
    /// # Errors
    /// As for [`Self::commit`], and [`StoreError::OwnStream`](crate::StoreError::OwnStream) if `more`
    /// has events for the machine's own stream, which no arm would have seen.
    pub fn commit_with(
        self,
        store: &Store,
        more: Batch,
    ) -> Result<M::Loaded, CommitError<M::Loaded>> {
        match self.cursor.commit(store, self.batch, more) {
            Ok(cursor) => Ok(self.now.state.enter(Place::new(cursor), self.now.data)),
            Err(error) => Err(CommitError {
                machine: Box::new(
                    self.origin
                        .state
                        .enter(Place::new(self.cursor), self.origin.data),
                ),
                error,
            }),
        }
    }
}

impl<M: Machine> fmt::Debug for Chain<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("cursor", &self.cursor)
            .field("state", &self.now.state.name())
            .field("events", &self.batch.len())
            .finish_non_exhaustive()
    }
}
