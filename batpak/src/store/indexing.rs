//! What opening makes of the log: the index of what no part covers, and the names of the kinds.

use std::sync::Arc;

use super::StoreError;
use super::index::{FramePlace, FrameSpan, Index, IndexError, Part, PartDir, Tail};
use super::log::segment::directory::Reading;
use super::names::KindNames;
use crate::coordinate::{Coordinate, Tag};
use crate::event::{EventHeader, EventId, EventMeta, RawEvent, is_minted};

/// The index in the making.
#[derive(Debug)]
pub(crate) struct Indexing {
    index: Index,
    names: KindNames,
    parts: PartDir,
    /// Everything before this position is durable.
    durable: u64,
    last: u64,
    last_id: EventId,
    time_us: u64,
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
        let last = covering.last();
        Ok(Self {
            last: last.map_or(0, |part| part.last()),
            last_id: last.map_or(EventId::from_u128(0), |part| part.last_id()),
            time_us: last.map_or(0, |part| part.last_time_us()),
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
        (self.index, self.names, (self.last_id, self.time_us))
    }

    /// Says why this event cannot follow all others, if so.
    fn check(&self, header: &EventHeader) -> Result<(), &'static str> {
        if header.sequence != self.last + 1 {
            return Err("the event has another position");
        }
        if header.time_us < self.time_us {
            return Err("the event is older than the one before it");
        }
        if header.time_us > EventId::MAX_TIME_US || !is_minted(header.event_id) {
            return Err("the event has a time or an id that no store gives");
        }
        if self.last_id >= header.event_id {
            return Err("the event's id does not rise above the one before it");
        }
        Ok(())
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
        self.check(&meta.header)?;
        check_tags(meta)?;
        self.names.read(meta)?;
        let hash = Tail::stream_hash(meta.entity, meta.scope);
        let revision = self.revision(hash, meta)?;
        if revision.is_some_and(|revision| meta.header.revision != revision + 1) {
            return Err("the event has another revision in its stream");
        }
        self.index.tail().write().push(hash, meta, place);
        self.last = meta.header.sequence;
        self.last_id = meta.header.event_id;
        self.time_us = meta.header.time_us;
        self.freeze_if_full()
    }

    fn place(&self, position: u64) -> Option<FrameSpan> {
        let view = self.index.view(self.last);
        view.locate(position).ok().flatten()
    }
}

/// That the tags are such as an append takes: well-formed, sorted, each once.
fn check_tags(meta: &EventMeta<'_>) -> Result<(), &'static str> {
    let mut last = "";
    for tag in meta.tags() {
        if tag <= last || tag.parse::<Tag>().is_err() {
            return Err("the event has a tag that no event can have");
        }
        last = tag;
    }
    Ok(())
}
