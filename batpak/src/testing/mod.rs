//! For the tests of programs that use batpak, behind the feature `testing`.
//!
//! - [`Given`]: given these events, when that is tried, then this happens. Machines and projections
//!   without a store.
//! - [`store`], [`MemoryDisk`]: the whole engine on a disk in memory.
//! - [`Clock`] and [`StoreConfig::scripted`](crate::StoreConfig::scripted): times and ids that are the
//!   same in every run, and sleep that takes no time.
//! - [`history`], and with the feature `proptest` `histories`: random histories that a machine's
//!   table allows.
//!
//! Put it where only tests see it:
//!
//! ```toml
//! [dev-dependencies]
//! batpak = { version = "..", features = ["testing"] }
//! ```
//!
//! What does not hold panics, with the line of the test.

mod attempt;
mod clock;
mod given;
mod history;
mod memory;
mod random;
#[cfg(feature = "proptest")]
mod strategy;
mod when;

pub use attempt::{Attempt, Refusal};
pub use clock::Clock;
pub use given::Given;
pub use history::history;
pub use memory::MemoryDisk;
pub use random::Random;
#[cfg(feature = "proptest")]
pub use strategy::{Histories, histories};
pub use when::When;

use crate::Store;

/// A new store in memory.
///
/// # Panics
/// If it cannot be opened, which nothing in memory gives a reason for.
///
/// ```
/// use batpak::prelude::*;
///
/// let store = batpak::testing::store();
/// let coordinate = Coordinate::new("player:alice", "room:dungeon")?;
/// store.append(&coordinate, EventKind::custom(0xF, 1), &"hello")?;
/// assert_eq!(store.position(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[track_caller]
pub fn store() -> Store {
    match MemoryDisk::new().open() {
        Ok(store) => store,
        Err(error) => panic!("{error}"),
    }
}
