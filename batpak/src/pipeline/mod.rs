//! COMMIT: what is put to a store as one decision, all of it or nothing.

mod batch;
mod durability;
mod expect;

pub(crate) use batch::EncodedEvent;
pub use batch::{Batch, NewEvent};
pub use durability::Durability;
pub use expect::Expect;
