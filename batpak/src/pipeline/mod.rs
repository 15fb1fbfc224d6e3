//! COMMIT: what is put to a store as one decision, all of it or nothing.

mod batch;
mod expect;

pub(crate) use batch::EncodedEvent;
pub use batch::{Batch, NewEvent};
pub use expect::Expect;
