//! WHAT: an event's kind, its header, its payload, and the chain that binds it to its history.

mod catalog;
mod category;
pub(crate) mod chain;
mod codec;
mod digest;
pub(crate) mod hash;
mod id;
mod kind;
mod metadata;
mod payload;
mod region;
mod stored;

pub use catalog::{Clash, Kinds, clash, entries};
pub use category::{
    At, Category, Claim, Claimant, Home, KindSlot, accepted_category, refused_category,
};
pub use codec::{
    DecodeError, Earlier, EncodeError, FieldReader, FieldWriter, Upcast, Value, ValueReader,
    ValueWriter,
};
pub(crate) use codec::{check_depth, decode_value, encode_value};
pub use digest::Digest;
pub use id::{EventId, EventIdError, StoreId};
pub(crate) use id::{IdMint, sorts_by_time};
pub use kind::EventKind;
pub(crate) use metadata::metadata_entries;
pub use payload::{EventPayload, KindEntry};
pub use region::Region;
pub(crate) use region::{BYPASSED, Constraint};
pub use stored::{EventFlags, EventHeader, EventMeta, RawEvent, StoredEvent};
pub(crate) use stored::{SharedBytes, TagBytes};
