//! What a batch needs before it can be staged, done on its caller's thread and under no lock.

use smallvec::SmallVec;

use crate::coordinate::Coordinate;
use crate::event::{Digest, hash};
use crate::pipeline::{Durability, EncodedEvent, Expect, NewEvent};
use crate::store::index::Tail;
use crate::store::names::FirstUses;
use crate::store::{StoreConfig, StoreError};

/// A batch whose every part is encoded, hashed and within the limits.
pub(crate) struct Prepared {
    /// Most batches have one.
    pub(crate) events: SmallVec<[PreparedEvent; 1]>,
    /// Those that tell the name of their kind.
    pub(crate) first_uses: FirstUses,
    pub(crate) expectations: Vec<(Coordinate, Expect)>,
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
    pub(crate) fn new(
        (events, expectations, durability): (
            impl ExactSizeIterator<Item = NewEvent>,
            Vec<(Coordinate, Expect)>,
            Option<Durability>,
        ),
        first_uses: FirstUses,
        config: &StoreConfig,
        chained: bool,
    ) -> Result<Self, StoreError> {
        let mut prepared = Self {
            events: SmallVec::with_capacity(events.len()),
            first_uses,
            expectations,
            durability: durability.unwrap_or(config.durability),
            bytes: 0,
        };
        for (place, event) in events.enumerate() {
            let event = prepared.check(place, event, config)?;
            prepared.bytes += event.bytes();
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
        let naming = self.first_uses.has(place, event.kind());
        let event = event.finish(naming)?;
        if event.kind.is_reserved() {
            return Err(StoreError::ReservedKind(event.kind));
        }
        let limit = StoreError::check_limit;
        limit(
            "bytes in a payload with its metadata",
            event.content_bytes,
            config.max_payload_bytes,
        )?;
        limit("tags on an event", event.tag_count(), NewEvent::MAX_TAGS)?;
        limit(
            "causes of an event",
            event.causes().len(),
            NewEvent::MAX_CAUSES,
        )?;
        Ok(event)
    }
}
