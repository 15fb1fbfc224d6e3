use super::{DecodeError, EncodeError, EventKind, RawEvent};
use crate::coordinate::{Tag, TagError};

/// A type whose values are events: what `#[derive(Event)]` implements.
///
/// The derive is the way to implement it; `TABLE` says which kinds the type has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "add `#[derive(Event)]` and `#[event(category = ..)]` to it"
)]
pub trait EventPayload: Sized {
    /// One entry per kind, in declaration order.
    const TABLE: &'static [KindEntry];

    /// Kinds that the type had once and does not use any more, as first and last of each range: they
    /// may be in old streams, and a machine passes over them.
    const RETIRED: &'static [(EventKind, EventKind)] = &[];

    /// The kind of this event.
    fn kind(&self) -> EventKind;

    /// The version under which this event is written: the newest that the type knows, at least 1.
    fn version(&self) -> u16;

    /// Appends the payload to `out` as a msgpack map by field name.
    ///
    /// # Errors
    /// [`EncodeError`] if a field's `Serialize` fails.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Reads back what [`Self::encode`] wrote, in this version or an earlier one.
    ///
    /// # Errors
    /// [`DecodeError`] if the kind or the version is not one of this type's, or the bytes do not fit it.
    fn decode(kind: EventKind, version: u16, bytes: &[u8]) -> Result<Self, DecodeError>;

    /// The further addresses that the event gives itself: its fields under `#[event(tag)]`. None by
    /// default.
    ///
    /// # Errors
    /// [`TagError`] if a value cannot be part of a tag, such as an empty one.
    fn tags(&self) -> Result<Vec<Tag>, TagError> {
        Ok(Vec::new())
    }

    /// The name of this event, as in its table: that of its declaration, unless another was given.
    fn name(&self) -> &'static str {
        let kind = self.kind();
        Self::entry(kind).map_or("", |entry| entry.name)
    }

    /// The table's entry for `kind`, if it is one of this type's.
    #[must_use]
    fn entry(kind: EventKind) -> Option<&'static KindEntry> {
        Self::TABLE.iter().find(|entry| entry.kind == kind)
    }

    /// Decodes an event as read, or gives `None` if its kind is not one of this type's.
    ///
    /// # Errors
    /// [`DecodeError`] as for [`Self::decode`].
    fn decode_if(event: &RawEvent<'_>) -> Result<Option<Self>, DecodeError> {
        let header = event.meta.header;
        if Self::entry(header.kind).is_none() {
            return Ok(None);
        }
        Self::decode(header.kind, header.version, event.payload).map(Some)
    }
}

/// What is known of one kind of event at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindEntry {
    /// The kind.
    pub kind: EventKind,
    /// The event's name: that of its declaration, or what `#[event(name = "..")]` says.
    pub name: &'static str,
    /// The variant or struct that it is: another than the name where that was kept over a renaming.
    pub declared: &'static str,
    /// The newest version of its payload.
    pub version: u16,
    /// The names of the fields in its payload, in declaration order. Empty for an event that carries
    /// one payload struct, whose fields the derive does not see.
    pub fields: &'static [&'static str],
    /// A fingerprint of the payload: of the names and types of its fields. Two equal ones say nothing
    /// about what the types are made of.
    pub shape: u16,
}

impl KindEntry {
    /// An entry of a table; the derive calls it.
    #[must_use]
    pub const fn new(
        kind: EventKind,
        name: &'static str,
        version: u16,
        fields: &'static [&'static str],
        shape: u16,
    ) -> Self {
        Self {
            kind,
            name,
            declared: name,
            version,
            fields,
            shape,
        }
    }

    /// The entry of an event that is declared under another name than its own.
    #[must_use]
    pub const fn declared_as(mut self, declared: &'static str) -> Self {
        self.declared = declared;
        self
    }

    /// Where in the table the event is that is declared under this name.
    ///
    /// # Panics
    /// If there is none: at compile time, where an expansion asks in a constant.
    #[must_use]
    pub const fn position(table: &[Self], name: &str) -> usize {
        let mut i = 0;
        while i < table.len() {
            if is_same(table[i].declared.as_bytes(), name.as_bytes()) {
                return i;
            }
            i += 1;
        }
        panic!("the table of this type has no event of this name")
    }
}

/// `==`, in a constant.
const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
