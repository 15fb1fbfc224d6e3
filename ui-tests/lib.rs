//! A crate whose category others use.

use batpak::prelude::*;

batpak::category!(pub Shared = 0x1);

/// What happens here.
#[derive(Event, Debug)]
#[event(category = Shared)]
pub enum SharedEvent {
    /// It happened.
    #[event(id = 0x001)]
    Happened,
}
