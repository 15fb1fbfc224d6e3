//! An embedded, synchronous event-sourcing engine with a macro language in front of it.
//!
//! A domain enum gets `#[derive(Event)]`, its lifecycle is declared by `state_machine!`, policies are
//! functions under `#[gate]`, read models are methods under `#[projection]`. The engine keeps the
//! log: durable, ordered, hash-chained, queryable.
//!
//! ```no_run
//! use batpak::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = StoreConfig::new("/tmp/my-store");
//! let store = Store::open(config)?;
//!
//! let coord = Coordinate::new("player:alice", "room:dungeon")?;
//! let kind = EventKind::custom(0xF, 1);
//!
//! let receipt = store.append(&coord, kind, &serde_json::json!({"x": 10, "y": 20}))?;
//! println!("Stored event {} at seq {}", receipt.event_id, receipt.sequence);
//! # Ok(())
//! # }
//! ```
//!
//! An event's way goes down this list, and each layer names only those above it:
//! 1. [`Coordinate`] and [`Tag`]: WHO and WHERE. One stream per coordinate.
//! 2. [`EventKind`], [`EventPayload`], [`StoredEvent`], [`Region`]: WHAT, and the predicate over it.
//! 3. [`Gate`], [`Denial`]: MAY I? Asked once, before a commit, never on replay.
//! 4. [`Batch`], [`Expect`]: COMMIT. All of it or nothing.
//! 5. [`Store`]: PERSIST. Append, read, fold, verify.
//!
//! [`Projection`] and the typestate of [`state_machine!`] stand beside the store: both are folds.

mod coordinate;
mod event;
mod guard;
mod pipeline;
pub mod prelude;
mod projection;
mod store;
mod typestate;

pub use batpak_macros::{Event, gate, projection, state_machine};
pub use coordinate::{Coordinate, CoordinateError, Part, Tag, TagError};
pub use event::{
    DecodeError, Digest, EncodeError, EventFlags, EventHeader, EventId, EventIdError, EventKind,
    EventMeta, EventPayload, FieldReader, FieldWriter, KindEntry, RawEvent, Region, StoredEvent,
};
pub use guard::{Decision, Denial, Gate, Verdict};
pub use pipeline::{Batch, Expect, NewEvent};
pub use projection::{Fold, FoldError, Projection};
pub use serde;
pub use store::{
    AppendReceipt, Cut, CutReason, Durability, Events, Recovery, Store, StoreConfig, StoreError,
    Verification,
};
pub use typestate::{
    Chain, CommitError, Cursor, Denied, Folded, Illegal, In, Instance, Machine, Moved, Refused,
    State, Step, Transition,
};

/// What the macros' expansions call and programs do not. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use std::format;
    pub use std::vec::Vec;

    use crate::{DecodeError, EventKind, EventPayload};

    /// That `version` is one that `E` reads for events of this kind.
    ///
    /// # Errors
    /// [`DecodeError::UnknownVersion`] or [`DecodeError::UnknownKind`] if not.
    pub fn check_version<E: EventPayload>(
        kind: EventKind,
        version: u16,
    ) -> Result<(), DecodeError> {
        match E::entry(kind) {
            Some(entry) if entry.version == version => Ok(()),
            Some(entry) => Err(DecodeError::UnknownVersion {
                kind,
                event: entry.name,
                version,
                newest: entry.version,
            }),
            None => Err(DecodeError::UnknownKind(kind)),
        }
    }
}
