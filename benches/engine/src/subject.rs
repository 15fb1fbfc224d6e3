//! What is measured has in common: it is opened, written to by one or several threads, and read.

use std::path::Path;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::event::{Item, Payload};
use crate::fold::Kept;
use crate::workloads::Workload;

/// What an append has survived once it has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Durability {
    /// Nothing: it may still be in the process.
    Buffered,
    /// The end of the process.
    Written,
    /// Power loss.
    Durable,
}

/// How a store is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// What each append is to survive.
    pub(crate) durability: Durability,
    /// How many entities the events are about.
    pub(crate) entities: usize,
    /// How many threads write at once.
    pub(crate) writers: usize,
    /// Whether entity and id of an event are tags also where the subject has other means to find by them.
    pub(crate) tagged: bool,
    /// Whether the subject keeps states of projections, if it does that itself.
    pub(crate) keeps: bool,
}

/// What an append is on condition of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    /// No event behind this position has the tag of its entity.
    NoneBehind(u64),
    /// No event has the tag of its id.
    NoneWithId,
}

/// How many submitted appends a writer has in flight.
pub(crate) const IN_FLIGHT: usize = 1_024;

/// How many events a follower asks for at once.
pub(crate) const FOLLOWED_AT_ONCE: usize = 1_000;

/// One engine, in the configuration that `README.md` states.
pub(crate) trait Subject: Sync {
    /// Its name in tables and arguments.
    fn name(&self) -> &'static str;

    /// Why it has no number for a workload; `None` if it has one.
    fn lacks(&self, workload: Workload) -> Option<&'static str>;

    /// With how many threads it does what is asked of so many.
    fn writers(&self, asked: usize) -> usize {
        asked
    }

    /// Whether its appends can be on condition of what has which tags.
    fn has_conditions(&self) -> bool {
        false
    }

    /// Opens the store in a directory that exists, and makes it there if there is none.
    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>>;
}

/// An open store.
pub(crate) trait Engine: Sync {
    /// What one thread writes through.
    fn writer(&self) -> Result<Box<dyn Writer + '_>>;

    /// What one thread reads through.
    fn reader(&self) -> Result<Box<dyn Reader + '_>>;

    /// What one thread follows the store through, from the first event on.
    fn follower(&self) -> Result<Box<dyn Follower + '_>> {
        bail!("nobody can follow it")
    }

    /// Closes the store as its documentation says that it should be.
    fn close(self: Box<Self>) -> Result<()>;
}

/// One thread's way to write.
pub(crate) trait Writer {
    /// Appends one event and waits for the store's durability.
    fn append(&mut self, item: Item) -> Result<()>;

    /// Appends events atomically and waits for the store's durability.
    fn append_all(&mut self, items: &[Item]) -> Result<()>;

    /// Appends one event on this condition, if there is one, waits for the store's durability, and gives
    /// the event's position. It fails if the condition does not hold.
    fn append_on(&mut self, _item: Item, _on: Option<On>) -> Result<u64> {
        bail!("appends have no conditions")
    }

    /// Begins an append; waits for the oldest of those before it if [`IN_FLIGHT`] are under way.
    fn submit(&mut self, _item: Item) -> Result<()> {
        bail!("appends cannot be submitted")
    }

    /// Waits until all submitted appends are durable.
    fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}

/// One thread's way to read. Positions count from 1; payloads are decoded.
pub(crate) trait Reader {
    /// The event at a position.
    fn get(&mut self, position: u64) -> Result<Payload>;

    /// The id of the event at a position, which need not be fast.
    fn id_at(&mut self, position: u64) -> Result<u128>;

    /// The ids of the events at these positions, which need not be fast either.
    fn ids(&mut self, positions: &[u64]) -> Result<Vec<u128>> {
        positions.iter().map(|&at| self.id_at(at)).collect()
    }

    /// The newest event, which is this one, to see that all is there.
    fn newest(&mut self, position: u64, _item: Item) -> Result<Payload> {
        self.get(position)
    }

    /// The event with an id.
    fn get_by_id(&mut self, id: u128) -> Result<Payload>;

    /// All events of an entity, in order.
    fn stream(&mut self, entity: usize, each: &mut dyn FnMut(Payload)) -> Result<()> {
        self.stream_behind(entity, 0, each).map(drop)
    }

    /// All events of an entity behind a position, in order. Gives the position of the last of them, or the
    /// same if there is none.
    fn stream_behind(
        &mut self,
        _entity: usize,
        _position: u64,
        _each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        bail!("it keeps states itself")
    }

    /// Folds an entity's events into a state, which is brought up to date if it is kept.
    fn project(&mut self, entity: usize, kept: &mut Kept) -> Result<()> {
        let fold = &mut kept.fold;
        let take = &mut |payload: Payload| fold.take(&payload);
        kept.position = self.stream_behind(entity, kept.position, take)?;
        Ok(())
    }

    /// All events, in order.
    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()>;
}

/// One thread's way to be told what is appended.
pub(crate) trait Follower {
    /// Waits for the next events and gives their positions. There may be none yet, if it cannot wait.
    fn receive(&mut self, each: &mut dyn FnMut(u64)) -> Result<()>;
}
