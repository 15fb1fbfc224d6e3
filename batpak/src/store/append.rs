//! The write path: a batch is encoded and hashed by its caller, then checked, placed, chained and
//! written under the writer's lock, and published once it has the durability asked for.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::MutexGuard;
use serde::Serialize;

use super::index::{Head, MAX_TIME_US};
use super::log::body::Body;
use super::log::segment::header::SegmentHeader;
use super::log::segment::reader::SegmentFile;
use super::log::segment::writer::SegmentWriter;
use super::names::FirstUses;
use super::source::Source;
use super::{Store, StoreConfig, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{
    Digest, EventFlags, EventHeader, EventId, EventKind, EventPayload, IdMint, RawEvent, chain,
    hash,
};
use crate::pipeline::{Batch, Durability, EncodedEvent, Expect, NewEvent};

/// What an append answers: the event is stored, and this is where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendReceipt {
    /// The event's id.
    pub event_id: EventId,
    /// Its position in the whole log, dense from 1.
    pub sequence: u64,
    /// Its place in its stream, dense from 1.
    pub revision: u64,
    /// When it was committed, in microseconds since 1970 UTC.
    pub time_us: u64,
    /// Its digest, which commits to the whole history of its stream; `None` in an unchained store.
    pub digest: Option<Digest>,
    /// The durability that was reached before the answer.
    pub durability: Durability,
}

impl Store {
    /// Appends one untyped event: any payload that serde can write.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn append<P: Serialize + ?Sized>(
        &self,
        coordinate: &Coordinate,
        kind: EventKind,
        payload: &P,
    ) -> Result<AppendReceipt, StoreError> {
        self.commit_one(NewEvent::new(coordinate, kind, payload))
    }

    /// Appends one event of a type that derives [`Event`](macro@crate::Event).
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn append_typed<E: EventPayload>(
        &self,
        coordinate: &Coordinate,
        event: &E,
    ) -> Result<AppendReceipt, StoreError> {
        self.commit_one(NewEvent::of(coordinate, event))
    }

    fn commit_one(&self, event: NewEvent) -> Result<AppendReceipt, StoreError> {
        let receipts = self.commit(Batch::new().event(event))?;
        receipts.into_iter().next().ok_or(StoreError::EmptyBatch)
    }

    /// Commits a batch: all of its events, in its order, or none. The receipts are in that order.
    ///
    /// # Errors
    /// - [`StoreError::Conflict`] if a stream is not as the batch expects;
    /// - [`StoreError::Limit`], [`StoreError::EmptyBatch`], [`StoreError::ReservedKind`],
    ///   [`StoreError::ReservedMetadata`], [`StoreError::UnknownCause`], [`StoreError::Encode`],
    ///   [`StoreError::Tag`] if the batch is not one to store;
    /// - [`StoreError::OtherName`] if a typed event has another name than the first one of its kind;
    /// - [`StoreError::Io`] if the write or the sync fails, and [`StoreError::Poisoned`] ever after
    ///   until the store is opened again: whether the batch is stored is then unknown;
    /// - [`StoreError::Moved`] if the directory is no longer where it was opened, when a new segment is
    ///   needed; [`StoreError::ReadOnly`] if this build cannot continue the store's chain.
    ///
    /// After any but an I/O error nothing of the batch is stored.
    pub fn commit(&self, batch: Batch) -> Result<Vec<AppendReceipt>, StoreError> {
        if batch.is_empty() {
            return Err(StoreError::EmptyBatch);
        }
        let limit = self.config.max_batch_events;
        StoreError::check_limit("events in a batch", batch.len(), limit)?;
        let first_uses = self.index.read().names.first_uses(&batch.events)?;
        let batch = Prepared::new(batch, first_uses, &self.config, self.chained)?;
        let mut writer = self.writer()?;
        let staging = self.stage(&batch)?;
        // Until the batch is published nothing else may be written, not even after a panic.
        writer.state = State::Writing;
        let committed = writer.settle(|writer| writer.write(&batch, staging))?;
        let receipts = self.publish(&batch, committed);
        writer.state = State::Ready;
        Ok(receipts)
    }

    /// Makes every event that was committed so far durable, and notes in the log that it is.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the sync fails, and [`StoreError::Poisoned`] ever after;
    /// [`StoreError::ReadOnly`] if the store is.
    pub fn flush(&self) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        let published = self.index.read().published();
        writer.settle(|writer| writer.log.sync())?;
        self.index.write().durable = published;
        let begun = writer.settle(|writer| writer.prove(published))?;
        if let Some(segment) = begun {
            let end = SegmentHeader::BYTES as u64;
            self.index
                .write()
                .segments
                .push_segment(segment, Vec::new(), end);
        }
        Ok(())
    }

    /// The writer, if there is one and nothing has failed before.
    fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let writer = self.writer.as_ref();
        let writer = writer.ok_or_else(|| StoreError::ReadOnly(self.config.dir.clone()))?;
        let writer = writer.lock();
        writer.check()?;
        Ok(writer)
    }

    /// Checks the batch against what is published, and finds what its events follow.
    fn stage<'b>(&self, batch: &'b Prepared) -> Result<Staging<'b>, StoreError> {
        let index = self.index.read();
        for (coordinate, expected) in &batch.expectations {
            let actual = index.head(coordinate).revision;
            if !expected.holds(actual) {
                return Err(StoreError::Conflict {
                    coordinate: coordinate.clone(),
                    expected: *expected,
                    actual,
                });
            }
        }
        let mut causes = batch.events.iter().flat_map(|(event, _)| event.causes());
        if let Some(unknown) = causes.find(|id| index.position_of(*id).is_none()) {
            return Err(StoreError::UnknownCause(unknown));
        }
        // Another batch may have named a kind since this one was prepared.
        for (kind, name) in batch.first_uses.names() {
            index.names.check(kind, name)?;
        }
        let now_us = self.config.source.now_us().min(MAX_TIME_US);
        Ok(Staging {
            heads: batch
                .events
                .iter()
                .map(|(event, _)| (&event.coordinate, index.head(&event.coordinate)))
                .collect(),
            published: index.published(),
            durable: index.durable,
            time_us: now_us.max(index.time_us),
        })
    }

    /// Shows the batch to readers, and answers for it.
    fn publish(&self, batch: &Prepared, committed: Committed) -> Vec<AppendReceipt> {
        let mut index = self.index.write();
        if let Some(segment) = committed.new_segment {
            let end = SegmentHeader::BYTES as u64;
            index.segments.push_segment(segment, Vec::new(), end);
        }
        index.segments.push_events(committed.offsets, committed.end);
        for ((event, _), header) in batch.events.iter().zip(&committed.headers) {
            index.push(&event.coordinate, header);
        }
        for (kind, name) in batch.first_uses.names() {
            index.names.record(kind, name);
        }
        index.durable = index.durable.max(committed.durable);
        let durability = if index.durable >= index.published() {
            Durability::Durable
        } else {
            Durability::Written
        };
        let receipt = |header: &EventHeader| AppendReceipt {
            event_id: header.event_id,
            sequence: header.sequence,
            revision: header.revision,
            time_us: header.time_us,
            digest: header.digest,
            durability,
        };
        committed.headers.iter().map(receipt).collect()
    }
}

/// A batch whose every part is encoded, hashed and within the limits.
struct Prepared {
    /// Each event with the digest of its payload.
    events: Vec<(EncodedEvent, Digest)>,
    /// Those that tell the name of their kind.
    first_uses: FirstUses,
    expectations: Vec<(Coordinate, Expect)>,
    durability: Durability,
    /// An upper bound of what it takes in the log.
    bytes: usize,
}

impl Prepared {
    fn new(
        batch: Batch,
        first_uses: FirstUses,
        config: &StoreConfig,
        chained: bool,
    ) -> Result<Self, StoreError> {
        let limit = StoreError::check_limit;
        let mut events = Vec::with_capacity(batch.len());
        let mut bytes = 0;
        for (place, event) in batch.events.into_iter().enumerate() {
            if let Some(name) = event.reserved_metadata() {
                return Err(StoreError::ReservedMetadata(name.to_owned()));
            }
            let naming = first_uses.has(place, event.kind());
            let event = event.finish(naming)?;
            if event.kind.is_reserved() {
                return Err(StoreError::ReservedKind(event.kind));
            }
            limit(
                "bytes in a payload with its metadata",
                event.content_bytes,
                config.max_payload_bytes,
            )?;
            limit("tags on an event", event.tag_count, NewEvent::MAX_TAGS)?;
            limit(
                "causes of an event",
                event.causes().len(),
                NewEvent::MAX_CAUSES,
            )?;
            bytes += event.bytes();
            let digest = if chained {
                hash::plain(&event.payload)
            } else {
                Digest::ZERO
            };
            events.push((event, digest));
        }
        limit("bytes in a batch", bytes, config.max_batch_bytes)?;
        Ok(Self {
            events,
            first_uses,
            expectations: batch.expectations,
            durability: batch.durability.unwrap_or(config.durability),
            bytes,
        })
    }
}

/// What a batch follows.
struct Staging<'b> {
    /// The newest event of each of its streams.
    heads: HashMap<&'b Coordinate, Head>,
    published: u64,
    durable: u64,
    time_us: u64,
}

/// What a batch became in the log.
struct Committed {
    headers: Vec<EventHeader>,
    offsets: Vec<u32>,
    end: u64,
    /// Every position up to this one is durable.
    durable: u64,
    /// The segment that was begun for it.
    new_segment: Option<Arc<SegmentFile>>,
}

/// The one writer of a store.
pub(crate) struct Writer {
    log: SegmentWriter,
    mint: IdMint,
    source: Arc<dyn Source>,
    chained: bool,
    /// The process that opened the store.
    owner: u32,
    state: State,
    /// Every position up to this one is proven durable by something that is itself durable.
    proven: u64,
    /// A buffer for what digests are computed over.
    scratch: Vec<u8>,
}

/// Whether a writer may write.
#[derive(Debug)]
enum State {
    Ready,
    /// A batch is being written. Who finds a writer so finds it after a panic.
    Writing,
    /// The first error of a write or sync, after which what is on disk is unknown.
    Poisoned(Arc<str>),
}

impl Writer {
    /// A writer that goes on with a log whose newest event has the id `last`, and which is proven
    /// durable up to the position `proven`.
    pub(crate) fn new(
        log: SegmentWriter,
        source: Arc<dyn Source>,
        chained: bool,
        (last, proven): (EventId, u64),
    ) -> Self {
        Self {
            log,
            mint: IdMint::after(last, source.random()),
            source,
            chained,
            owner: std::process::id(),
            state: State::Ready,
            proven,
            scratch: Vec::new(),
        }
    }

    /// That nothing has failed before, and that this is the process that opened the store: a fork
    /// does not know what its parent has written since.
    fn check(&self) -> Result<(), StoreError> {
        if std::process::id() != self.owner {
            return Err(StoreError::Poisoned(
                "the store was opened before a fork".into(),
            ));
        }
        match &self.state {
            State::Ready => Ok(()),
            State::Writing => Err(StoreError::Poisoned("a panic while writing".into())),
            State::Poisoned(error) => Err(StoreError::Poisoned(Arc::clone(error))),
        }
    }

    /// Touches the disk, and remembers the first error, so that nothing is written after it.
    fn settle<T>(
        &mut self,
        touch: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        touch(self).inspect_err(|error| self.state = State::Poisoned(error.to_string().into()))
    }

    /// Leaves a proof that everything up to `durable` is: a mark, or behind a sealed segment the next
    /// one, which is then given.
    fn prove(&mut self, durable: u64) -> Result<Option<Arc<SegmentFile>>, StoreError> {
        if self.proven >= durable {
            return Ok(None);
        }
        let begun = self.log.begin_next()?;
        if begun || self.log.mark(durable)? {
            self.proven = durable;
        }
        Ok(begun.then(|| Arc::clone(self.log.segment())))
    }

    fn write<'b>(
        &mut self,
        batch: &'b Prepared,
        mut staging: Staging<'b>,
    ) -> Result<Committed, StoreError> {
        let new_segment = self.log.reserve(batch.bytes)?;
        if new_segment {
            staging.durable = staging.published;
        } else if batch.durability == Durability::Durable && staging.durable < staging.published {
            // The frames of the batch are to prove that all before them is durable, so that at any
            // time only the newest batch has no proof.
            self.log.sync()?;
            staging.durable = staging.published;
        }
        let mut headers = Vec::with_capacity(batch.events.len());
        for (i, (event, payload_digest)) in batch.events.iter().enumerate() {
            let head = staging.heads.entry(&event.coordinate).or_default();
            let id = self.mint.mint(staging.time_us, || self.source.random());
            let mut header = EventHeader::new(id, event.kind, event.version);
            header.sequence = staging.published + 1 + i as u64;
            header.revision = head.revision + 1;
            header.time_us = staging.time_us;
            header.correlation = event.correlation;
            if i + 1 == batch.events.len() {
                header.flags = EventFlags::COMMIT;
            }
            let digests = (head.digest, *payload_digest);
            let header = self.stage(event, header, digests, staging.durable);
            head.revision = header.revision;
            head.digest = header.digest.unwrap_or(Digest::ZERO);
            headers.push(header);
        }
        let written = self.log.write()?;
        let mut durable = staging.durable;
        if batch.durability == Durability::Durable {
            self.log.sync()?;
            self.proven = self.proven.max(staging.durable);
            durable = staging.published + batch.events.len() as u64;
        }
        Ok(Committed {
            headers,
            offsets: written.offsets,
            end: written.end,
            durable,
            new_segment: new_segment.then(|| Arc::clone(self.log.segment())),
        })
    }

    /// Chains one event to the digest before it, and stages its frame. Returns the header with its digest.
    fn stage(
        &mut self,
        event: &EncodedEvent,
        header: EventHeader,
        (previous, payload_digest): (Digest, Digest),
        durable: u64,
    ) -> EventHeader {
        let mut meta = event.meta(header);
        if self.chained {
            let digest = chain::of_event(&mut self.scratch, &previous, &meta, &payload_digest);
            meta.header.digest = Some(digest);
        }
        self.log.stage(&Body {
            event: RawEvent::new(meta, &event.payload),
            durable,
        });
        meta.header
    }
}
