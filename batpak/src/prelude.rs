//! The names that a program using batpak starts from: `use batpak::prelude::*;`.

pub use crate::{
    AppendReceipt, AsOf, Batch, Bypass, Chain, CommitError, Condition, Conflict, Consuming,
    Coordinate, CoordinateError, Denial, Denied, Durability, Event, EventId, EventKind, EventMeta,
    EventPayload, Events, Expect, Gate, GateSet, Illegal, LiveView, Machine, NewEvent,
    NotPermitted, Observed, Outcome, Pipeline, Projection, RawEvent, Reacting, Reactor, Receipt,
    Refused, Region, Step, Store, StoreConfig, StoreError, StoredEvent, Subscription, Tag, Ticket,
    Transition, Verdict, all_of, any_of, ensure, gate, not, projection, state_machine,
};
