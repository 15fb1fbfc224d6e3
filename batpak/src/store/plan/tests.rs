#![allow(clippy::unwrap_used)]

mod explained;
mod lazy;
mod log;
mod model;
mod steps;

use super::{Cursor, Positions};

/// All that are left, from the front.
fn drain<C: Cursor>(mut positions: Positions<C>) -> Vec<u64> {
    std::iter::from_fn(|| positions.next().unwrap()).collect()
}

/// All that are left, from the back.
fn drain_back<C: Cursor>(mut positions: Positions<C>) -> Vec<u64> {
    std::iter::from_fn(|| positions.next_back().unwrap()).collect()
}
