use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::decode_value;
use super::metadata::metadata_value;
use super::{DecodeError, Digest, EventId, EventKind, EventPayload};
use crate::coordinate::{Coordinate, Tag};

/// Marks on an event, 16 bits that its digest covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct EventFlags(u16);

impl EventFlags {
    /// The last event of its batch: the commit mark, without which the batch does not count.
    pub const COMMIT: Self = Self(1);

    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// All 16 bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether every mark of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for EventFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventFlags({:#06x})", self.0)
    }
}

/// What the store knows of an event besides its address and payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventHeader {
    /// The event's id.
    pub event_id: EventId,
    /// Its position in the whole log, dense from 1.
    pub sequence: u64,
    /// Its place in its stream, dense from 1.
    pub revision: u64,
    /// When it was committed, in microseconds since 1970 UTC. It never decreases along the log.
    pub time_us: u64,
    /// Its kind.
    pub kind: EventKind,
    /// The version of its payload; 0 if it was appended untyped.
    pub version: u16,
    /// Its marks.
    pub flags: EventFlags,
    /// An id that is shared by all events with the same origin, if one was given.
    pub correlation: Option<EventId>,
    /// Its digest over all of it and the history of its stream; `None` in an unchained store.
    pub digest: Option<Digest>,
}

impl EventHeader {
    pub(crate) fn new(event_id: EventId, kind: EventKind, version: u16) -> Self {
        Self {
            event_id,
            sequence: 0,
            revision: 0,
            time_us: 0,
            kind,
            version,
            flags: EventFlags::default(),
            correlation: None,
            digest: None,
        }
    }
}

/// An event's header and addresses, borrowed from where it was read: what a projection may ask for.
///
/// It dereferences to the [`EventHeader`], so that `at.sequence` reads as it should.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventMeta<'a> {
    /// The header.
    pub header: EventHeader,
    /// WHO: the coordinate's entity.
    pub entity: &'a str,
    /// WHERE: the coordinate's scope.
    pub scope: &'a str,
    causes: &'a [u8],
    tags: TagBytes<'a>,
    metadata: &'a [u8],
}

impl<'a> EventMeta<'a> {
    pub(crate) fn new(
        header: EventHeader,
        (entity, scope): (&'a str, &'a str),
        causes: &'a [u8],
        tags: TagBytes<'a>,
        metadata: &'a [u8],
    ) -> Self {
        Self {
            header,
            entity,
            scope,
            causes,
            tags,
            metadata,
        }
    }

    /// The address of the event's stream.
    #[must_use]
    pub fn coordinate(&self) -> Coordinate {
        Coordinate::from_log(self.entity, self.scope)
    }

    /// The ids of the earlier events that led to this one.
    pub fn causes(&self) -> impl ExactSizeIterator<Item = EventId> + use<'a> {
        let (ids, _) = self.causes.as_chunks();
        ids.iter().map(|id| EventId::from_bytes(*id))
    }

    /// The event's tags, sorted.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        self.tags
    }

    /// The value that the metadata has under `name`, if any.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not a `T`.
    pub fn metadata<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        metadata_value(self.metadata, name)
    }

    /// The causes as they are stored: 16 bytes each.
    pub(crate) fn causes_bytes(&self) -> &'a [u8] {
        self.causes
    }

    /// The metadata as it is stored: a msgpack map, or nothing.
    pub(crate) fn metadata_bytes(&self) -> &'a [u8] {
        self.metadata
    }
}

impl Deref for EventMeta<'_> {
    type Target = EventHeader;

    fn deref(&self) -> &EventHeader {
        &self.header
    }
}

/// The tags of an event as they are stored: `count` msgpack strings, checked when it was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TagBytes<'a> {
    pub(crate) count: usize,
    pub(crate) strings: &'a [u8],
}

impl<'a> Iterator for TagBytes<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.count == 0 {
            return None;
        }
        let (tag, rest) = rmp::decode::read_str_from_slice(self.strings).ok()?;
        self.count -= 1;
        self.strings = rest;
        Some(tag)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for TagBytes<'_> {}

/// An event as it lies in the log, borrowed from where it was read: what folds see.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RawEvent<'a> {
    /// Its header and addresses.
    pub meta: EventMeta<'a>,
    /// Its payload, still msgpack.
    pub payload: &'a [u8],
}

impl<'a> RawEvent<'a> {
    pub(crate) fn new(meta: EventMeta<'a>, payload: &'a [u8]) -> Self {
        Self { meta, payload }
    }

    /// The payload as any type that serde can read, whatever the event's kind.
    ///
    /// # Errors
    /// [`DecodeError`] if it does not fit.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        decode_value(self.payload)
    }

    /// The event as a value of its type.
    ///
    /// # Errors
    /// [`DecodeError`] if its kind or version is not one of `E`'s, or the payload does not fit.
    pub fn event<E: EventPayload>(&self) -> Result<E, DecodeError> {
        E::decode(
            self.meta.header.kind,
            self.meta.header.version,
            self.payload,
        )
    }
}

/// An event as read from a store, its payload still encoded.
///
/// Its payload shares the buffer that it was read into with its neighbours in the log, at most 256 KiB
/// of them: who keeps few out of many should [`detach`](Self::detach) them. Nothing is decoded until
/// asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The address of its stream.
    pub coordinate: Coordinate,
    /// Its header.
    pub header: EventHeader,
    /// The earlier events that led to this one.
    pub causes: Vec<EventId>,
    /// Its further addresses, sorted.
    pub tags: Vec<Tag>,
    metadata: SharedBytes,
    payload: SharedBytes,
}

impl StoredEvent {
    pub(crate) fn new(meta: &EventMeta<'_>, metadata: SharedBytes, payload: SharedBytes) -> Self {
        Self {
            coordinate: meta.coordinate(),
            header: meta.header,
            causes: meta.causes().collect(),
            tags: meta.tags().map(Tag::from_log).collect(),
            metadata,
            payload,
        }
    }

    /// Gives the payload a buffer of its own, so that the one it was read into can be freed.
    #[must_use]
    pub fn detach(mut self) -> Self {
        self.metadata.detach();
        self.payload.detach();
        self
    }

    /// The payload as it is stored: msgpack.
    #[must_use]
    pub fn payload_bytes(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as any type that serde can read, whatever the event's kind.
    ///
    /// # Errors
    /// [`DecodeError`] if it does not fit.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        decode_value(&self.payload)
    }

    /// The event as a value of its type.
    ///
    /// # Errors
    /// [`DecodeError`] if its kind or version is not one of `E`'s, or the payload does not fit.
    pub fn event<E: EventPayload>(&self) -> Result<E, DecodeError> {
        E::decode(self.header.kind, self.header.version, &self.payload)
    }

    /// The value that the metadata has under `name`, if any.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not a `T`.
    pub fn metadata<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        metadata_value(&self.metadata, name)
    }

    /// The metadata as it is stored: a msgpack map, or nothing.
    pub(crate) fn metadata_bytes(&self) -> &[u8] {
        &self.metadata
    }
}

/// A part of a read buffer, which keeps the whole of it alive.
#[derive(Clone)]
pub(crate) struct SharedBytes {
    /// `None` if there are no bytes.
    buffer: Option<Arc<Vec<u8>>>,
    range: Range<usize>,
}

impl SharedBytes {
    /// The part of `buffer` that `part`, a slice of it, is.
    pub(crate) fn of(buffer: &Arc<Vec<u8>>, part: &[u8]) -> Self {
        if part.is_empty() {
            return Self {
                buffer: None,
                range: 0..0,
            };
        }
        let start = part.as_ptr().addr() - buffer.as_ptr().addr();
        let range = start..start + part.len();
        debug_assert_eq!(&buffer[range.clone()], part);
        Self {
            buffer: Some(Arc::clone(buffer)),
            range,
        }
    }

    /// The same bytes in a buffer of their own, if that is much smaller.
    fn detach(&mut self) {
        let shared = self.buffer.as_ref().map_or(0, |buffer| buffer.len());
        if shared > 2 * self.range.len() {
            self.buffer = Some(Arc::new(self.to_vec()));
            self.range = 0..self.range.len();
        }
    }
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.buffer {
            Some(buffer) => &buffer[self.range.clone()],
            None => &[],
        }
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
