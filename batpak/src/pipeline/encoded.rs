//! A new event in bytes, as it is staged.

use std::collections::BTreeMap;

use super::new_event::OWN;
use crate::coordinate::{Coordinate, Tag};
use crate::event::{
    BYPASSED, EventHeader, EventId, EventKind, EventMeta, StoredEvent, TagBytes, metadata_entries,
};

/// What many events have nothing of, kept apart so that an event is moved at little cost.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub(super) id: Option<EventId>,
    pub(super) tags: Vec<Tag>,
    pub(super) causes: Vec<EventId>,
    pub(super) correlation: Option<EventId>,
    pub(super) metadata: BTreeMap<String, Vec<u8>>,
    /// What the store adds to the metadata.
    pub(super) own: BTreeMap<&'static str, Vec<u8>>,
    /// Whether no gate was asked about it, which a tag of the store's own tells.
    pub(super) is_bypassed: bool,
}

impl Extras {
    pub(super) fn encode(&self) -> EncodedExtras {
        let mut tags: Vec<&str> = self.tags.iter().map(Tag::as_str).collect();
        if self.is_bypassed {
            let at = tags.partition_point(|tag| *tag < BYPASSED);
            tags.insert(at, BYPASSED);
        }
        let mut tag_strings = Vec::new();
        for tag in &tags {
            // Writing into a `Vec` cannot fail.
            let _ = rmp::encode::write_str(&mut tag_strings, tag);
        }
        let given_metadata = encode_map(
            self.metadata
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        );
        let metadata = match self.own.is_empty() {
            true => given_metadata.clone(),
            false => {
                let given = self
                    .metadata
                    .iter()
                    .map(|(name, value)| (&**name, &**value));
                let own = self.own.iter().map(|(name, value)| (*name, &**value));
                let all: BTreeMap<&str, &[u8]> = given.chain(own).collect();
                encode_map(all.into_iter())
            }
        };
        EncodedExtras {
            id: self.id,
            tag_count: tags.len(),
            given_tags: self.tags.len(),
            tag_strings,
            causes: self.causes.iter().flat_map(|id| id.to_bytes()).collect(),
            correlation: self.correlation,
            metadata,
            given_metadata,
        }
    }
}

/// These values by name as a msgpack map, or nothing if there are none.
pub(super) fn encode_map<'a>(
    values: impl ExactSizeIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let mut map = Vec::new();
    if values.len() > 0 {
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
    /// How many bytes payload and metadata have, without the name of the kind.
    pub(crate) content_bytes: usize,
    /// Whether its kind is one of the library's own.
    pub(crate) is_own: bool,
    pub(super) extras: Option<Box<EncodedExtras>>,
}

/// [`Extras`] in bytes.
#[derive(Debug)]
pub(super) struct EncodedExtras {
    id: Option<EventId>,
    tag_count: usize,
    /// How many of the tags are not the store's own.
    given_tags: usize,
    /// Sorted, unique.
    tag_strings: Vec<u8>,
    /// 16 bytes each.
    causes: Vec<u8>,
    correlation: Option<EventId>,
    /// A msgpack map, or nothing.
    pub(super) metadata: Vec<u8>,
    /// The same without what the store adds.
    given_metadata: Vec<u8>,
}

impl EncodedEvent {
    /// All but the payload, under this header, which gets the event's correlation if it names one.
    pub(crate) fn meta(&self, mut header: EventHeader) -> EventMeta<'_> {
        let address = (self.coordinate.entity(), self.coordinate.scope());
        let Some(extras) = &self.extras else {
            return EventMeta::new(header, address, &[], TagBytes::default(), &[]);
        };
        let tags = TagBytes {
            count: extras.tag_count,
            strings: &extras.tag_strings,
        };
        header.correlation = extras.correlation.or(header.correlation);
        EventMeta::new(header, address, &extras.causes, tags, &extras.metadata)
    }

    /// How many tags it was given.
    pub(crate) fn given_tags(&self) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.given_tags)
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

    /// The id that it is to have, if one was given.
    pub(crate) fn given_id(&self) -> Option<EventId> {
        self.extras.as_ref()?.id
    }

    /// The correlation that it names.
    pub(crate) fn correlation(&self) -> Option<EventId> {
        self.extras.as_ref()?.correlation
    }

    /// Whether a stored event is this one, but for what the store gives: the id if none was given, a
    /// correlation that is inherited, and the store's own metadata.
    pub(crate) fn is_that_of(&self, stored: &StoredEvent) -> bool {
        let header = &stored.header;
        let new = EventHeader::new(header.event_id, self.kind, self.version);
        let meta = self.meta(new);
        let correlation = self.correlation();
        fn given<'a>(tags: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
            tags.filter(|tag| !tag.starts_with(OWN))
        }
        self.given_id().is_none_or(|id| id == header.event_id)
            && self.coordinate == stored.coordinate
            && (self.kind, self.version) == (header.kind, header.version)
            && self.payload == stored.payload_bytes()
            && meta.causes().eq(stored.causes.iter().copied())
            && given(meta.tags()).eq(given(stored.tags.iter().map(Tag::as_str)))
            && correlation.is_none_or(|given| Some(given) == header.correlation)
            && self.has_given_metadata_of(stored)
    }

    fn has_given_metadata_of(&self, stored: &StoredEvent) -> bool {
        let given = self
            .extras
            .as_ref()
            .map_or(&[][..], |extras| &extras.given_metadata);
        let stored = metadata_entries(stored.metadata_bytes());
        let is_given = |(name, _): &(&str, &[u8])| !name.starts_with(OWN);
        let stored = stored.map(|entries| {
            let given: Vec<_> = entries.into_iter().filter(is_given).collect();
            encode_map(given.into_iter())
        });
        stored.is_ok_and(|stored| stored == given)
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
