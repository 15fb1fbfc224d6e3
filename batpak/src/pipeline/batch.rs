use super::{Condition, Durability, Expect, NewEvent};
use crate::coordinate::Coordinate;
use crate::event::Region;
use crate::guard::{Observed, Read};

/// Events that are committed together or not at all, over any number of streams.
///
/// ```no_run
/// use batpak::prelude::*;
///
/// # let store = Store::open(StoreConfig::new("/tmp/my-store"))?;
/// let alice = Coordinate::new("account:alice", "bank")?;
/// let bob = Coordinate::new("account:bob", "bank")?;
/// let (debited, credited) = (EventKind::custom(0x2, 1), EventKind::custom(0x2, 2));
///
/// let receipts = store.commit(
///     Batch::new()
///         .event(NewEvent::new(&alice, debited, &500))
///         .event(NewEvent::new(&bob, credited, &500))
///         .expect(&alice, Expect::Revision(7)),
/// )?;
/// assert_eq!(receipts.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is recorded until the batch is given to `Store::commit`"]
pub struct Batch {
    pub(crate) events: Vec<NewEvent>,
    pub(crate) condition: Condition,
    /// What was observed and must not have changed.
    pub(crate) reads: Vec<Read>,
    pub(crate) durability: Option<Durability>,
}

impl Batch {
    /// A batch without events, which no store commits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event after those already there.
    pub fn event(mut self, event: NewEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Adds what must hold for the batch to be committed.
    pub fn when(mut self, condition: Condition) -> Self {
        self.condition = self.condition.and(condition);
        self
    }

    /// Adds a check of a stream as it is before the batch, whether or not the batch writes to it:
    /// [`Condition::expect`].
    pub fn expect(mut self, coordinate: &Coordinate, expect: Expect) -> Self {
        self.condition = self.condition.expect(coordinate, expect);
        self
    }

    /// Commits the batch only if the region has no event: [`Condition::fail_if_any`].
    pub fn fail_if_any(mut self, region: Region) -> Self {
        self.condition = self.condition.fail_if_any(region);
        self
    }

    /// Commits the batch only if no event of the region lies behind this position of the log:
    /// [`Condition::fail_if_after`].
    pub fn fail_if_after(mut self, region: Region, position: u64) -> Self {
        self.condition = self.condition.fail_if_after(region, position);
        self
    }

    /// Commits the batch only if nothing has come to the region of what was observed since it was.
    pub fn unchanged<T>(mut self, observed: &Observed<T>) -> Self {
        self.reads.push(observed.read().clone());
        self
    }

    /// Asks for a durability other than the store's own.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// Adds all events and conditions of `other` after those already there.
    pub fn and(mut self, other: Self) -> Self {
        self.events.extend(other.events);
        self.condition = self.condition.and(other.condition);
        self.reads.extend(other.reads);
        self.durability = self.durability.or(other.durability);
        self
    }

    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl Extend<NewEvent> for Batch {
    fn extend<I: IntoIterator<Item = NewEvent>>(&mut self, events: I) {
        self.events.extend(events);
    }
}

impl FromIterator<NewEvent> for Batch {
    fn from_iter<I: IntoIterator<Item = NewEvent>>(events: I) -> Self {
        let mut batch = Self::new();
        batch.extend(events);
        batch
    }
}

impl From<NewEvent> for Batch {
    fn from(event: NewEvent) -> Self {
        Self::new().event(event)
    }
}
