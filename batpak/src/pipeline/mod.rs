//! COMMIT: what is put to a store as one decision, all of it or nothing.

mod batch;
mod durability;
mod expect;

pub use batch::{Batch, NewEvent};
pub(crate) use batch::{EncodedEvent, KIND_NAME, UnfitEvent};
pub use durability::Durability;
pub use expect::Expect;
