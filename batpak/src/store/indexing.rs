//! What opening makes of the log: the index of what no part covers, and the names of the kinds.

use std::sync::Arc;

use super::StoreError;
use super::index::{FramePlace, FrameSpan, Index, IndexError, Part, PartDir, Tail};
use super::log::order::{Newest, check_tags};
use super::log::segment::directory::Reading;
use super::names::KindNames;
use crate::coordinate::Coordinate;
use crate::event::{EventId, EventMeta, RawEvent};

/// The index in the making.
#[derive(Debug)]
pub(crate) struct Indexing {
    index: Index,
    names: KindNames,
    parts: PartDir,
    /// Everything before this position is durable.
    durable: u64,
    newest: Newest,
    /// Why a part could not be written without which too much would be in memory.
    failure: Option<IndexError>,
}

impl Indexing {
    /// An index of these parts. Every event before the position `durable` is durable.
    pub(crate) fn new(
        covering: Vec<Arc<Part>>,
        parts: PartDir,
        durable: u64,
    ) -> Result<Self, StoreError> {
        let mut names = KindNames::default();
        for part in &covering {
            for (kind, name) in part.names()? {
                names.record(kind, &name);
            }
        }
        let newest = covering.last().map(|part| Newest {
            position: part.last(),
            id: part.last_id(),
            time_us: part.last_time_us(),
        });
        Ok(Self {
            newest: newest.unwrap_or_default(),
            index: Index::new(covering),
            names,
            parts,
            durable,
            failure: None,
        })
    }

    /// The index so far.
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// The last position that the parts cover.
    pub(crate) fn parts_end(&self) -> u64 {
        self.index.parts_end()
    }

    /// The index, the names of the kinds, and the id and the time of the newest event.
    pub(crate) fn done(self) -> (Index, KindNames, (EventId, u64)) {
        let newest = (self.newest.id, self.newest.time_us);
        (self.index, self.names, newest)
    }

    /// The revision of the stream's newest event, as far as the tails know it.
    fn revision(&self, hash: u64, meta: &EventMeta<'_>) -> Result<Option<u64>, &'static str> {
        let head = self.index.head_in_tails(hash, meta.entity, meta.scope);
        if head.is_none() {
            Coordinate::new(meta.entity, meta.scope)
                .map_err(|_| "the event has a name that no coordinate can have")?;
        }
        let is_whole = self.index.parts_end() == 0;
        Ok(head.map(|head| head.revision).or(is_whole.then_some(0)))
    }

    /// Why it refused an event that the log may well have, if it did.
    pub(crate) fn failure(self) -> Option<StoreError> {
        self.failure.map(StoreError::from)
    }

    /// Makes parts of what fills the memory, as far as it is durable. What cannot be written now is
    /// written later, unless it becomes too much.
    fn freeze_if_full(&mut self) -> Result<(), &'static str> {
        if !self.index.tail().read().is_full() {
            return Ok(());
        }
        self.index.freeze();
        while let Some(tail) = self.index.frozen() {
            let tail = tail.read();
            if tail.last() >= self.durable {
                return Ok(());
            }
            let part = Part::write(&self.parts, &tail);
            drop(tail);
            match part {
                Ok(part) => self.index.install(part),
                Err(_) if !self.index.is_behind() => return Ok(()),
                Err(error) => {
                    self.failure = Some(error);
                    return Err("the index of the event cannot be written");
                }
            }
        }
        Ok(())
    }
}

impl Reading for Indexing {
    fn event(&mut self, event: &RawEvent<'_>, place: FramePlace) -> Result<(), &'static str> {
        let meta = &event.meta;
        self.newest.check(&meta.header)?;
        check_tags(meta)?;
        self.names.read(meta)?;
        let hash = Tail::stream_hash(meta.entity, meta.scope);
        let revision = self.revision(hash, meta)?;
        if revision.is_some_and(|revision| meta.header.revision != revision + 1) {
            return Err("the event has another revision in its stream");
        }
        self.index.tail().write().push(hash, meta, place);
        self.newest = Newest::of(&meta.header);
        self.freeze_if_full()
    }

    fn place(&self, position: u64) -> Option<FrameSpan> {
        let view = self.index.view(self.newest.position);
        view.locate(position).ok().flatten()
    }
}
