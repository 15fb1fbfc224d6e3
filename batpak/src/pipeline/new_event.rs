use std::collections::HashMap;

use serde::Serialize;

use super::encoded::{EncodedEvent, Extras, encode_map};
use super::proposal::push;
use crate::coordinate::{Coordinate, Tag, TagError};
use crate::event::{
    EncodeError, EventHeader, EventId, EventKind, EventPayload, check_depth, encode_value,
};
use crate::guard::{PERMIT, Permit};

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
    /// Whether its kind is one of the library's own.
    is_own: bool,
    error: Option<Box<UnfitEvent>>,
}

/// For how many bytes of payload there is room from the beginning.
const PAYLOAD_CAPACITY: usize = 256;

/// What the names in the metadata begin with, and the tags, that are the store's own.
pub(crate) const OWN: &str = "batpak:";

/// Under which name the metadata of the first typed event of a kind has the kind's name.
pub(crate) const KIND_NAME: &str = "batpak:name";

/// Under which name the metadata of a reaction has the name of its reactor.
pub(crate) const REACTOR: &str = "batpak:reactor";

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

    /// An event of the library's own, of a kind with this name.
    pub(crate) fn own<P: Serialize>(
        coordinate: &Coordinate,
        (kind, name): (EventKind, &'static str),
        payload: &P,
    ) -> Self {
        Self {
            version: 1,
            name: Some(name),
            is_own: true,
            ..Self::new(coordinate, kind, payload)
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
            is_own: false,
            error,
        }
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Gives the event an id, instead of the one that the store would mint: so that it can be appended
    /// again, after a failure whose outcome is unknown, and is there once.
    ///
    /// Payloads are compared as bytes, so it is to be made of the same things in the same order, by the same version of its type.
    /// An append of an event whose id is in the store is answered by the receipt of that one if it is the
    /// same event, and refused if it is not: see [`Store::commit`](crate::Store::commit).
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-id-{}", std::process::id()));
    ///
    /// const PAYMENTS: EventId = EventId::from_u128(0x2f1c_9f3a_77e1_4b52_8f0d_5a6b_7c8d_9e0f);
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let account = Coordinate::new("account:7", "bank")?;
    /// let pay = |request: &str, cents: u64| {
    ///     let event = NewEvent::new(&account, EventKind::custom(0x2, 1), &cents);
    ///     store.append_event(event.id(EventId::named(PAYMENTS, request)))
    /// };
    ///
    /// let first = pay("request-1", 500)?;
    /// assert_eq!(pay("request-1", 500)?.sequence, first.sequence);
    /// assert!(matches!(pay("request-1", 999), Err(StoreError::IdTaken { .. })));
    /// assert_eq!(store.position(), 1);
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(mut self, id: EventId) -> Self {
        self.extras().id = Some(id);
        self
    }

    /// Adds a further address; the same tag twice counts once. At most [`Self::MAX_TAGS`]. Those that begin with `batpak:`
    /// are the store's ([`StoreError::ReservedTag`](crate::StoreError::ReservedTag)).
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
    ///
    /// It must be in the store, or before this one in the same batch
    /// ([`StoreError::UnknownCause`](crate::StoreError::UnknownCause)), so that no event leads to itself. The event
    /// inherits the correlation of the first cause that is named.
    #[must_use]
    pub fn cause(mut self, id: EventId) -> Self {
        let causes = &mut self.extras().causes;
        if !causes.contains(&id) {
            causes.push(id);
        }
        self
    }

    /// Names an id that is shared by all events with the same origin. Without it an event has the correlation of its first
    /// cause, or the id of that one if it has none.
    #[must_use]
    pub fn correlation(mut self, id: EventId) -> Self {
        self.extras().correlation = Some(id);
        self
    }

    /// Adds a value to the event's metadata, which is kept apart from the payload under a digest of its own.
    ///
    /// Names that begin with `batpak:` are the store's, which refuses the event
    /// ([`StoreError::ReservedMetadata`](crate::StoreError::ReservedMetadata)): the first typed event of each kind has the
    /// event's name under `batpak:name`, `batpak:permit` tells why an event was allowed
    /// ([`StoredEvent::permit`](crate::StoredEvent::permit)), and `batpak:reactor` which [`Reactor`](crate::Reactor) has
    /// appended it.
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

    /// Adds a value of the store's own to the metadata.
    pub(crate) fn own_metadata<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Self {
        debug_assert!(name.starts_with(OWN));
        let mut encoded = Vec::new();
        match encode_value("the store's own metadata", &mut encoded, value) {
            Ok(()) => {
                self.extras().own.insert(name, encoded);
                self
            }
            Err(error) => self.unfit(error.into()),
        }
    }

    /// Notes why it is allowed.
    pub(crate) fn permitted(mut self, permit: &Permit) -> Self {
        if permit.is_empty() {
            return self;
        }
        self.extras().is_bypassed = permit.bypass.is_some();
        self.own_metadata(PERMIT, permit)
    }

    /// The id that it is to have, if one was given.
    pub(crate) fn given_id(&self) -> Option<EventId> {
        self.extras.as_ref()?.id
    }

    /// Names by their new ids, as causes and correlation, events that get others.
    pub(crate) fn renamed(mut self, renamed: &HashMap<EventId, EventId>) -> Self {
        if let Some(extras) = &mut self.extras {
            for id in extras.causes.iter_mut().chain(&mut extras.correlation) {
                *id = renamed.get(id).copied().unwrap_or(*id);
            }
        }
        self
    }

    /// Makes it one of the events that a reactor has appended because of `cause`.
    pub(crate) fn reaction(mut self, id: EventId, cause: &EventHeader, reactor: &str) -> Self {
        let extras = self.extras();
        extras.id = Some(id);
        extras.causes.retain(|other| *other != cause.event_id);
        extras.causes.insert(0, cause.event_id);
        let inherited = cause.correlation.unwrap_or(cause.event_id);
        extras.correlation.get_or_insert(inherited);
        self.own_metadata(REACTOR, reactor)
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

    /// Whether its kind is one of the library's own.
    pub(crate) fn is_own(&self) -> bool {
        self.is_own
    }

    /// The first name in the metadata that is one of the store's own, if any.
    pub(crate) fn reserved_metadata(&self) -> Option<&str> {
        let extras = self.extras.as_ref()?;
        let mut names = extras.metadata.keys().map(String::as_str);
        names.find(|name| name.starts_with(OWN))
    }

    /// Appends all that was given of it, in a form of its own.
    pub(super) fn describe(&self, out: &mut Vec<u8>) {
        push(out, self.coordinate.entity().as_bytes());
        push(out, self.coordinate.scope().as_bytes());
        out.extend_from_slice(&self.kind.raw().to_le_bytes());
        out.extend_from_slice(&self.version.to_le_bytes());
        push(out, &self.payload);
        out.push(self.extras.is_some().into());
        let Some(extras) = &self.extras else {
            return;
        };
        let ids = [extras.id, extras.correlation].into_iter();
        let ids = ids.map(|id| id.map_or_else(Vec::new, |id| id.to_bytes().to_vec()));
        ids.for_each(|id| push(out, &id));
        let causes: Vec<u8> = extras.causes.iter().flat_map(|id| id.to_bytes()).collect();
        push(out, &causes);
        push(out, &(extras.tags.len() as u64).to_le_bytes());
        extras
            .tags
            .iter()
            .for_each(|tag| push(out, tag.as_str().as_bytes()));
        let metadata = extras.metadata.iter();
        push(
            out,
            &encode_map(metadata.map(|(name, value)| (&**name, &**value))),
        );
    }

    /// The first tag that is one of the store's own, if any.
    pub(crate) fn reserved_tag(&self) -> Option<&Tag> {
        let mut tags = self.extras.as_ref()?.tags.iter();
        tags.find(|tag| tag.as_str().starts_with(OWN))
    }

    /// The event with all its parts as bytes. It tells the name of its kind if `naming`.
    pub(crate) fn finish(mut self, naming: bool) -> Result<EncodedEvent, UnfitEvent> {
        if let Some(error) = self.error {
            return Err(*error);
        }
        let mut name_bytes = 0;
        if let Some(name) = self.name.filter(|_| naming) {
            self = self.own_metadata(KIND_NAME, name);
            let own = &self.extras().own;
            let name = own.get_key_value(KIND_NAME).into_iter();
            name_bytes = encode_map(name.map(|(name, value)| (*name, &**value))).len();
        }
        let extras = self.extras.map(|extras| Box::new(extras.encode()));
        let metadata = extras.as_ref().map_or(0, |extras| extras.metadata.len());
        let metadata_bytes = metadata.saturating_sub(name_bytes);
        Ok(EncodedEvent {
            coordinate: self.coordinate,
            kind: self.kind,
            version: self.version,
            content_bytes: self.payload.len() + metadata_bytes,
            payload: self.payload,
            extras,
            is_own: self.is_own,
        })
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
