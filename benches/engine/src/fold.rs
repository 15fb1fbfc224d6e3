//! What a stream is folded into, by every subject.

use serde::{Deserialize, Serialize};

use crate::event::Payload;

/// A small state of one stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fold {
    /// How many events there were.
    pub(crate) events: u64,
    /// Of all that is in their first number.
    pub(crate) sum: i64,
    /// The name in the last of them.
    pub(crate) name: String,
}

impl Fold {
    /// Takes the next event.
    pub(crate) fn take(&mut self, payload: &Payload) {
        self.events += 1;
        self.sum = self.sum.wrapping_add(payload.x);
        self.name.clone_from(&payload.name);
    }
}

/// A state that is gone on from, and up to which position the events of its stream are in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// The state.
    pub(crate) fold: Fold,
    /// The position, which a subject that keeps states itself leaves at zero.
    pub(crate) position: u64,
}
