//! What a batch needs before it can be staged, done on its caller's thread and under no lock.

use foldhash::HashMap;
use smallvec::SmallVec;

use crate::event::{Digest, EventId, hash};
use crate::pipeline::{Batch, Condition, Durability, EncodedEvent, NewEvent};
use crate::store::index::Tail;
use crate::store::names::FirstUses;
use crate::store::shared::Shared;
use crate::store::{StoreConfig, StoreError};

/// A batch whose every part is encoded, hashed and within the limits.
pub(crate) struct Prepared {
    /// Most batches have one.
    pub(crate) events: SmallVec<[PreparedEvent; 1]>,
    /// Those that tell the name of their kind.
    pub(crate) first_uses: FirstUses,
    /// Where in the batch the events are whose ids were given.
    pub(crate) given_ids: HashMap<EventId, usize>,
    pub(crate) condition: Condition,
    pub(crate) durability: Durability,
    /// An upper bound of what it takes in the log.
    pub(crate) bytes: usize,
}

/// An event in bytes, and what is computed of it outside of locks.
pub(crate) struct PreparedEvent {
    pub(crate) event: EncodedEvent,
    pub(crate) payload_digest: Digest,
    /// What the index finds its stream by.
    pub(crate) stream_hash: u64,
}

impl Prepared {
    /// The batch of a caller of the store.
    pub(crate) fn of(
        batch: Batch,
        shared: &Shared,
        config: &StoreConfig,
        chained: bool,
    ) -> Result<Self, StoreError> {
        if batch.is_empty() {
            return Err(StoreError::EmptyBatch);
        }
        let limit = config.max_batch_events;
        let given = batch.events.iter().filter(|event| !event.is_own());
        StoreError::check_limit("events in a batch", given.count(), limit)?;
        let first_uses = shared.names.read().first_uses(&batch.events)?;
        let mut condition = batch.condition;
        for read in batch.reads {
            shared.check_is_mine("what was observed", read.store)?;
            condition = condition.fail_if_after(read.region, read.position);
        }
        let batch = (batch.events.into_iter(), condition, batch.durability);
        Self::new(batch, first_uses, config, chained)
    }

    pub(crate) fn new(
        (events, condition, durability): (
            impl ExactSizeIterator<Item = NewEvent>,
            Condition,
            Option<Durability>,
        ),
        first_uses: FirstUses,
        config: &StoreConfig,
        chained: bool,
    ) -> Result<Self, StoreError> {
        let mut prepared = Self {
            events: SmallVec::with_capacity(events.len()),
            first_uses,
            given_ids: HashMap::default(),
            condition,
            durability: durability.unwrap_or(config.durability),
            bytes: 0,
        };
        for (place, event) in events.enumerate() {
            let event = prepared.check(place, event, config)?;
            prepared.bytes += event.bytes();
            if let Some(id) = event.given_id()
                && prepared.given_ids.insert(id, place).is_some()
            {
                return Err(StoreError::RepeatedInBatch(id));
            }
            let coordinate = &event.coordinate;
            prepared.events.push(PreparedEvent {
                stream_hash: Tail::stream_hash(coordinate.entity(), coordinate.scope()),
                payload_digest: if chained {
                    hash::plain(&event.payload)
                } else {
                    Digest::ZERO
                },
                event,
            });
        }
        StoreError::check_limit("bytes in a batch", prepared.bytes, config.max_batch_bytes)?;
        Ok(prepared)
    }

    /// The event at this place of the batch in bytes, if it is one to store.
    fn check(
        &self,
        place: usize,
        event: NewEvent,
        config: &StoreConfig,
    ) -> Result<EncodedEvent, StoreError> {
        if let Some(name) = event.reserved_metadata() {
            return Err(StoreError::ReservedMetadata(name.to_owned()));
        }
        if let Some(tag) = event.reserved_tag() {
            return Err(StoreError::ReservedTag(tag.clone()));
        }
        let naming = self.first_uses.has(place, event.kind());
        let event = event.finish(naming)?;
        if event.kind.is_reserved() && !event.is_own {
            return Err(StoreError::ReservedKind(event.kind));
        }
        let limit = StoreError::check_limit;
        limit(
            "bytes in a payload with its metadata",
            event.content_bytes,
            config.max_payload_bytes,
        )?;
        limit("tags on an event", event.given_tags(), NewEvent::MAX_TAGS)?;
        limit(
            "causes of an event",
            event.causes().len(),
            NewEvent::MAX_CAUSES,
        )?;
        Ok(event)
    }
}
