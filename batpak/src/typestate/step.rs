use std::sync::atomic::{AtomicU64, Ordering};

use super::{CommitError, Committed, Cursor, Denied, Folded, In, Machine, Pending, State};
use crate::guard::Asked;
use crate::pipeline::{Batch, Condition, NewEvent};
use crate::store::Store;

/// A machine in a known state: what `state_machine!` implements for `OrderIn<S>`.
pub trait Instance: Sized {
    /// The state.
    type State: State;
    /// [`Committed`] or [`Pending`].
    type Phase;
    /// The machine in the same state, ahead of the log.
    type Pending: Instance<State = Self::State, Phase = Pending>;

    /// The machine with these contents.
    fn new(within: In<Self::State, Self::Phase>) -> Self;

    /// Its contents.
    fn within(&self) -> &In<Self::State, Self::Phase>;

    /// Its contents, by value.
    fn into_within(self) -> In<Self::State, Self::Phase>;
}

/// Where a step leads: a machine in a known state, or one of several.
pub trait Moved {
    /// The same at another place of the stream, once the step's events are there.
    #[must_use]
    fn moved(self, cursor: Cursor) -> Self;
}

#[diagnostic::do_not_recommend]
impl<I: Instance> Moved for I {
    fn moved(self, cursor: Cursor) -> Self {
        Self::new(self.into_within().moved(cursor))
    }
}

/// Numbers the steps that are gone on from, so that none goes on with the machine of another.
static STEPS: AtomicU64 = AtomicU64::new(1);

/// One command whose gates have permitted it, or several in a row: events that are not recorded yet,
/// and where they lead.
///
/// Steps chain by [`Self::then`]. Only a step that begins with a committed machine can be committed.
#[derive(Debug)]
#[must_use = "nothing is recorded until .commit(..)"]
pub struct Step<F, T> {
    from: F,
    /// The events, and what must hold for them to be committed.
    batch: Batch,
    to: T,
}

impl<F, T, M> Step<F, T>
where
    F: Instance<State: State<Machine = M>>,
    T: Instance<State: State<Machine = M>, Phase = Committed>,
    M: Machine,
{
    /// A step over an event by which the machine's table leads to `T`.
    ///
    /// # Panics
    /// If the table does not lead there, or nowhere.
    pub(crate) fn of(from: F, event: M::Event) -> Self {
        let within = from.within();
        let recorded = NewEvent::of(within.cursor().coordinate(), &event);
        let mut folded = Folded {
            state: within.state().clone().into_any(),
            data: within.data().clone(),
        };
        let advanced = folded.advance(event);
        let arrived = advanced
            .ok()
            .and_then(|()| T::State::from_any(folded.state).ok());
        let Some(state) = arrived else {
            unreachable!("a command is emitted for a line of the table, and for where it leads");
        };
        let to = T::new(In::new(within.cursor().clone(), state, folded.data));
        Self::new(from, recorded, to)
    }
}

impl<F, T> Step<F, T> {
    /// A step over one event that leads to `to`.
    pub(crate) fn new(from: F, event: NewEvent, to: T) -> Self {
        Self {
            from,
            batch: event.into(),
            to,
        }
    }
}

impl<F, T> Step<F, T> {
    /// The step after its last event was permitted by these gates.
    pub(crate) fn permitted(mut self, asked: Asked) -> Self {
        if let Some(event) = self.batch.events.pop() {
            self.batch.events.push(event.permitted(&asked.permit()));
        }
        self.batch.reads.extend(asked.reads);
        self
    }
}

#[cfg(feature = "testing")]
impl<F, T> Step<F, T> {
    /// The events that it would commit.
    pub(crate) fn into_events(self) -> Vec<NewEvent> {
        self.batch.events
    }
}

impl<F: Instance, T: Instance> Step<F, T> {
    /// Goes on with a command of the machine that the step leads to. All events of the chain are
    /// committed as one atomic batch, or none.
    ///
    /// The closure gets the machine as it will be, with the same commands as a committed one; their steps
    /// cannot be committed by themselves, so that no state is handed out before its events are recorded.
    /// A step that may lead to one of several states has no `then`, but may be the last.
    ///
    /// ```
    /// # use batpak::prelude::*;
    /// # state_machine!(
    /// #     #[derive(Debug, Clone)]
    /// #     pub enum Door {
    /// #         #[initial]
    /// #         Closed,
    /// #         Open,
    /// #         Gone,
    /// #     }
    /// #     #[derive(Event)]
    /// #     #[event(category = 0x3)]
    /// #     pub enum DoorEvent {
    /// #         #[event(id = 0x001)]
    /// #         Opened,
    /// #         #[event(id = 0x002)]
    /// #         Shut,
    /// #         #[event(id = 0x003)]
    /// #         Removed,
    /// #     }
    /// #     fn evolve(door: Door, event: DoorEvent) -> Door {
    /// #         match (door, event) {
    /// #             #[command(open)]
    /// #             (Closed, Opened) => Open,
    /// #             #[command(shut)]
    /// #             (Open, Shut) => Closed,
    /// #             #[command(remove)]
    /// #             (Open, Removed) => Gone,
    /// #             (Gone, Removed) => Gone,
    /// #         }
    /// #     }
    /// # );
    /// fn take_away(door: DoorIn<Closed>, store: &Store) -> Result<DoorIn<Gone>, Box<dyn std::error::Error>> {
    ///     let gone = door.open()?.then(|door| door.remove())?.commit(store)?;
    ///     Ok(gone)
    /// }
    /// ```
    ///
    /// # Errors
    /// What the closure gives, with the machine that the whole chain began with.
    ///
    /// # Panics
    /// If the closure gives a step of another machine than the one that it was given.
    pub fn then<U, D>(
        self,
        next: impl FnOnce(T::Pending) -> Result<Step<T::Pending, U>, Denied<T::Pending, D>>,
    ) -> Result<Step<F, U>, Denied<F, D>> {
        let Self { from, batch, to } = self;
        let cursor = from.within().cursor().clone();
        let number = STEPS.fetch_add(1, Ordering::Relaxed);
        let pending = T::Pending::new(to.into_within().ahead(number, cursor));
        match next(pending) {
            Ok(step) => {
                assert!(
                    step.from.within().step() == number,
                    "a step goes on with the machine that its closure was given"
                );
                Ok(Step {
                    from,
                    batch: batch.and(step.batch),
                    to: step.to,
                })
            }
            Err(denied) => Err(Denied::new(from, denied.denial)),
        }
    }
}

impl<F, T> Step<F, T> {
    /// Adds what must hold for the step to be committed, besides that the stream has not moved on.
    pub fn when(mut self, condition: Condition) -> Self {
        self.batch = self.batch.when(condition);
        self
    }
}

impl<F: Instance<Phase = Committed>, T: Moved> Step<F, T> {
    /// Commits the events of the step, on condition that the stream is still at the revision that the
    /// machine was loaded at, and gives the machine where it leads.
    ///
    /// # Errors
    /// [`CommitError`] with the machine as it was, and the reason: a
    /// [conflict](crate::StoreError::Conflict) if the stream has moved on, or whatever
    /// [`Store::commit`] gives.
    pub fn commit(self, store: &Store) -> Result<T, CommitError<F>> {
        self.commit_with(store, Batch::new())
    }

    /// Commits the events of the step and, in the same atomic batch, those of `more`, which go to other
    /// streams.
    ///
    /// # Errors
    /// As for [`Self::commit`], and [`StoreError::OwnStream`](crate::StoreError::OwnStream) if `more`
    /// has events for the machine's own stream, which no arm would have seen.
    pub fn commit_with(self, store: &Store, more: Batch) -> Result<T, CommitError<F>> {
        let cursor = self.from.within().cursor();
        match cursor.commit(store, self.batch, more) {
            Ok(cursor) => Ok(self.to.moved(cursor)),
            Err(error) => Err(CommitError {
                machine: Box::new(self.from),
                error,
            }),
        }
    }
}
