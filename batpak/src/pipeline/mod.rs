//! COMMIT: what is put to a store as one decision, all of it or nothing.

mod batch;
mod condition;
mod durability;
mod encoded;
mod expect;
mod gated;
mod new_event;
mod proposal;

pub use batch::Batch;
pub use condition::{Clause, Condition, Conflict};
pub use durability::Durability;
pub(crate) use encoded::EncodedEvent;
pub use expect::Expect;
pub use gated::{NotPermitted, Pipeline};
pub use new_event::NewEvent;
pub(crate) use new_event::{KIND_NAME, REACTOR, UnfitEvent};
pub use proposal::{Proposal, Proposed};
