//! The names that a program using batpak starts from: `use batpak::prelude::*;`.

pub use crate::{
    AppendReceipt, Batch, Chain, CommitError, Coordinate, CoordinateError, Denial, Denied,
    Durability, Event, EventId, EventKind, EventMeta, EventPayload, Expect, Gate, GateSet, Illegal,
    Machine, NewEvent, Outcome, Projection, RawEvent, Refused, Region, Step, Store, StoreConfig,
    StoreError, StoredEvent, Tag, Ticket, Transition, Verdict, ensure, gate, projection,
    state_machine,
};
