use std::fmt;

use super::{CommitError, Cursor, Folded, Machine, Refused};
use crate::pipeline::{Batch, Expect, NewEvent};
use crate::store::{Store, StoreError};

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
    events: Vec<NewEvent>,
}

impl<M: Machine> Chain<M> {
    /// A chain that begins with the machine in `state`; `state_machine!` calls it.
    pub fn new(cursor: Cursor, state: M, data: M::Data) -> Self {
        let origin = Folded { state, data };
        Self {
            cursor,
            now: origin.clone(),
            origin,
            events: Vec::new(),
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
        self.events.len()
    }

    /// Whether it has taken none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Takes an event, if the machine has an arm for it and the arm's gates permit.
    ///
    /// # Errors
    /// [`Refused`] with the reason. The chain is then as it was, and can still be committed.
    pub fn record(&mut self, event: M::Event, ctx: &M::Context) -> Result<(), Refused> {
        let Folded { state, data } = &self.now;
        state.admit(data, &event, ctx)?;
        let recorded = NewEvent::of(self.cursor.coordinate(), &event);
        self.now.advance(event)?;
        self.events.push(recorded);
        Ok(())
    }

    /// Commits the events as one atomic batch, on condition that the stream is still at the revision
    /// that the machine was loaded at. Without events, nothing is written.
    ///
    /// # Errors
    /// [`CommitError`] with the machine as it was loaded, and the reason.
    pub fn commit(self, store: &Store) -> Result<M::Loaded, CommitError<M::Loaded>> {
        self.commit_with(store, Batch::new())
    }

    /// Commits the events and, in the same atomic batch, those of `more`, which go to other streams.
    ///
    /// # Errors
    /// As for [`Self::commit`], and [`StoreError::OwnStream`] if `more` has events for the machine's
    /// own stream, which no arm would have seen.
    pub fn commit_with(
        self,
        store: &Store,
        more: Batch,
    ) -> Result<M::Loaded, CommitError<M::Loaded>> {
        let Self {
            cursor,
            origin,
            now,
            events,
        } = self;
        if events.is_empty() && more.is_empty() {
            return Ok(origin.state.enter(cursor, origin.data));
        }
        let recorded = events.len();
        let own = more
            .events
            .iter()
            .any(|event| event.coordinate() == cursor.coordinate());
        let checked = cursor.check_store(store).and_then(|()| {
            let error = || StoreError::OwnStream(cursor.coordinate().clone());
            if own { Err(error()) } else { Ok(()) }
        });
        let committed = checked.and_then(|()| {
            let expect = Expect::Revision(cursor.revision());
            let mut batch = Batch::new().expect(cursor.coordinate(), expect);
            batch.extend(events);
            store.commit(batch.and(more))
        });
        match committed {
            Ok(receipts) => {
                let newest = recorded.checked_sub(1).and_then(|last| receipts.get(last));
                let cursor = match newest {
                    Some(receipt) => cursor.after(receipt),
                    None => cursor,
                };
                Ok(now.state.enter(cursor, now.data))
            }
            Err(error) => Err(CommitError {
                machine: Box::new(origin.state.enter(cursor, origin.data)),
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
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}
