use std::collections::BTreeMap;

use serde::Serialize;

use super::{Durability, Expect};
use crate::coordinate::{Coordinate, Tag, TagError};
use crate::event::{
    EncodeError, EventHeader, EventId, EventKind, EventMeta, EventPayload, TagBytes, check_depth,
    encode_value,
};

/// An event on its way into a store: where it goes, what it is, and what it refers to.
///
/// The payload is encoded when this is made; an error of the encoding is kept and reported by the
/// commit, so that building a batch reads as one expression.
#[derive(Debug)]
pub struct NewEvent {
    coordinate: Coordinate,
    kind: EventKind,
    version: u16,
    /// The name that the event's type has for the kind; `None` if the event is untyped.
    name: Option<&'static str>,
    payload: Vec<u8>,
    extras: Option<Box<Extras>>,
    error: Option<Box<UnfitEvent>>,
}

/// What many events have nothing of, kept apart so that an event is moved at little cost.
#[derive(Debug, Default)]
struct Extras {
    tags: Vec<Tag>,
    causes: Vec<EventId>,
    correlation: Option<EventId>,
    metadata: BTreeMap<String, Vec<u8>>,
}

/// For how many bytes of payload there is room from the beginning.
const PAYLOAD_CAPACITY: usize = 256;

/// What the names in the metadata begin with that are the store's own.
const OWN_METADATA: &str = "batpak:";

/// Under which name the metadata of the first typed event of a kind has the kind's name.
pub(crate) const KIND_NAME: &str = "batpak:name";

impl NewEvent {
    /// The most tags that an event may have.
    pub const MAX_TAGS: usize = 8;
    /// The most causes that an event may have.
    pub const MAX_CAUSES: usize = 255;

    /// An untyped event: any payload that serde can write, under a kind of the caller's choice.
    pub fn new<P: Serialize + ?Sized>(
        coordinate: &Coordinate,
        kind: EventKind,
        payload: &P,
    ) -> Self {
        Self::encoded(coordinate, kind, 0, |out| {
            encode_value("the payload", out, payload)
        })
    }

    /// A typed event, with the tags that it gives itself. Nothing asks a machine whether it may happen: a machine's own events go
    /// through its commands or a [`Chain`](crate::Chain).
    pub fn of<E: EventPayload>(coordinate: &Coordinate, event: &E) -> Self {
        let kind = event.kind();
        let new = Self {
            name: E::entry(kind).map(|entry| entry.name),
            ..Self::encoded(coordinate, kind, event.version(), |out| event.encode(out))
        };
        match event.tags() {
            Ok(tags) => tags.into_iter().fold(new, Self::tag),
            Err(error) => new.unfit(error.into()),
        }
    }

    fn encoded(
        coordinate: &Coordinate,
        kind: EventKind,
        version: u16,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Self {
        let mut payload = Vec::with_capacity(PAYLOAD_CAPACITY);
        let error = encode(&mut payload)
            .and_then(|()| check_depth("the payload", &payload))
            .err()
            .map(|error| Box::new(UnfitEvent::Encode(error)));
        Self {
            coordinate: coordinate.clone(),
            kind,
            version,
            name: None,
            payload,
            extras: None,
            error,
        }
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Adds a further address; the same tag twice counts once. At most [`Self::MAX_TAGS`].
    #[must_use]
    pub fn tag(mut self, tag: Tag) -> Self {
        let tags = &mut self.extras().tags;
        if let Err(at) = tags.binary_search(&tag) {
            tags.insert(at, tag);
        }
        self
    }

    /// Names an earlier event that led to this one; the same one twice counts once. At most
    /// [`Self::MAX_CAUSES`].
    #[must_use]
    pub fn cause(mut self, id: EventId) -> Self {
        let causes = &mut self.extras().causes;
        if !causes.contains(&id) {
            causes.push(id);
        }
        self
    }

    /// Names an id that is shared by all events with the same origin, such as that of the first one.
    #[must_use]
    pub fn correlation(mut self, id: EventId) -> Self {
        self.extras().correlation = Some(id);
        self
    }

    /// Adds a value to the event's metadata, which is kept apart from the payload under a digest of its own.
    ///
    /// Names that begin with `batpak:` are the store's, which refuses the event
    /// ([`StoreError::ReservedMetadata`](crate::StoreError::ReservedMetadata)). So far it uses one: the
    /// first typed event of each kind has the event's name under `batpak:name`.
    #[must_use]
    pub fn metadata<T: Serialize + ?Sized>(mut self, name: impl Into<String>, value: &T) -> Self {
        let mut encoded = Vec::new();
        let what = "a metadata value";
        match encode_value(what, &mut encoded, value).and_then(|()| check_depth(what, &encoded)) {
            Ok(()) => {
                self.extras().metadata.insert(name.into(), encoded);
            }
            Err(error) => return self.unfit(error.into()),
        }
        self
    }

    /// Keeps the first error, for the commit to report.
    fn unfit(mut self, error: UnfitEvent) -> Self {
        self.error = self.error.or_else(|| Some(Box::new(error)));
        self
    }

    /// The stream that it goes to.
    #[must_use]
    pub fn coordinate(&self) -> &Coordinate {
        &self.coordinate
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> EventKind {
        self.kind
    }

    /// The name that the event's type has for the kind; `None` if the event is untyped.
    pub(crate) fn kind_name(&self) -> Option<&'static str> {
        self.name
    }

    /// The first name in the metadata that is one of the store's own, if any.
    pub(crate) fn reserved_metadata(&self) -> Option<&str> {
        let extras = self.extras.as_ref()?;
        let mut names = extras.metadata.keys().map(String::as_str);
        names.find(|name| name.starts_with(OWN_METADATA))
    }

    /// The event with all its parts as bytes. It tells the name of its kind if `naming`.
    pub(crate) fn finish(mut self, naming: bool) -> Result<EncodedEvent, UnfitEvent> {
        if let Some(error) = self.error {
            return Err(*error);
        }
        let metadata = self.extras.as_ref().map(|extras| &extras.metadata);
        let metadata_bytes = metadata.map_or(0, |metadata| encode_map(metadata).len());
        if let Some(name) = self.name.filter(|_| naming) {
            let mut value = Vec::new();
            // Writing into a `Vec` cannot fail.
            let _ = rmp::encode::write_str(&mut value, name);
            self.extras().metadata.insert(KIND_NAME.to_owned(), value);
        }
        Ok(EncodedEvent {
            coordinate: self.coordinate,
            kind: self.kind,
            version: self.version,
            content_bytes: self.payload.len() + metadata_bytes,
            payload: self.payload,
            extras: self.extras.map(|extras| Box::new(extras.encode())),
        })
    }
}

impl Extras {
    fn encode(&self) -> EncodedExtras {
        let mut tag_strings = Vec::new();
        for tag in &self.tags {
            // Writing into a `Vec` cannot fail.
            let _ = rmp::encode::write_str(&mut tag_strings, tag.as_str());
        }
        EncodedExtras {
            tag_count: self.tags.len(),
            tag_strings,
            causes: self.causes.iter().flat_map(|id| id.to_bytes()).collect(),
            correlation: self.correlation,
            metadata: encode_map(&self.metadata),
        }
    }
}

/// Why a [`NewEvent`] cannot be recorded.
#[derive(Debug)]
pub(crate) enum UnfitEvent {
    Encode(EncodeError),
    Tag(TagError),
}

impl From<EncodeError> for UnfitEvent {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<TagError> for UnfitEvent {
    fn from(error: TagError) -> Self {
        Self::Tag(error)
    }
}

/// These values by name as a msgpack map, or nothing if there are none.
fn encode_map(values: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut map = Vec::new();
    if !values.is_empty() {
        // Writing into a `Vec` cannot fail.
        let _ = rmp::encode::write_map_len(&mut map, values.len() as u32);
        for (name, value) in values {
            let _ = rmp::encode::write_str(&mut map, name);
            map.extend_from_slice(value);
        }
    }
    map
}

/// A [`NewEvent`] whose parts are all bytes.
#[derive(Debug)]
pub(crate) struct EncodedEvent {
    pub(crate) coordinate: Coordinate,
    pub(crate) kind: EventKind,
    pub(crate) version: u16,
    pub(crate) payload: Vec<u8>,
    /// How many bytes payload and metadata have, without what the store adds of its own.
    pub(crate) content_bytes: usize,
    extras: Option<Box<EncodedExtras>>,
}

/// [`Extras`] in bytes.
#[derive(Debug)]
struct EncodedExtras {
    tag_count: usize,
    /// Sorted, unique.
    tag_strings: Vec<u8>,
    /// 16 bytes each.
    causes: Vec<u8>,
    correlation: Option<EventId>,
    /// A msgpack map, or nothing.
    metadata: Vec<u8>,
}

impl EncodedEvent {
    /// All but the payload, under this header, which gets the event's correlation.
    pub(crate) fn meta(&self, mut header: EventHeader) -> EventMeta<'_> {
        let address = (self.coordinate.entity(), self.coordinate.scope());
        let Some(extras) = &self.extras else {
            return EventMeta::new(header, address, &[], TagBytes::default(), &[]);
        };
        let tags = TagBytes {
            count: extras.tag_count,
            strings: &extras.tag_strings,
        };
        header.correlation = extras.correlation;
        EventMeta::new(header, address, &extras.causes, tags, &extras.metadata)
    }

    pub(crate) fn tag_count(&self) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.tag_count)
    }

    /// The ids of the events that led to it.
    pub(crate) fn causes(&self) -> impl ExactSizeIterator<Item = EventId> {
        let causes = self
            .extras
            .as_ref()
            .map_or(&[][..], |extras| &extras.causes);
        let (ids, _) = causes.as_chunks();
        ids.iter().map(|id| EventId::from_bytes(*id))
    }

    /// An upper bound of what it takes in the log.
    pub(crate) fn bytes(&self) -> usize {
        /// What a frame needs at most besides texts, ids, metadata and payload.
        const FRAME_BYTES: usize = 160;
        let extras = self.extras.as_ref().map_or(0, |extras| {
            extras.metadata.len() + extras.tag_strings.len() + extras.causes.len()
        });
        FRAME_BYTES
            + self.coordinate.entity().len()
            + self.coordinate.scope().len()
            + self.payload.len()
            + extras
    }
}

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
    pub(crate) expectations: Vec<(Coordinate, Expect)>,
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

    /// Adds a check of a stream as it is before the batch, whether or not the batch writes to it.
    pub fn expect(mut self, coordinate: &Coordinate, expect: Expect) -> Self {
        self.expectations.push((coordinate.clone(), expect));
        self
    }

    /// Asks for a durability other than the store's own.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// Adds all events and checks of `other` after those already there.
    pub fn and(mut self, other: Self) -> Self {
        self.events.extend(other.events);
        self.expectations.extend(other.expectations);
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
