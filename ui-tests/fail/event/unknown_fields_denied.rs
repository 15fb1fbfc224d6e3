use batpak::prelude::*;
use batpak::serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(category = 0x1)]
#[serde(crate = "batpak::serde", deny_unknown_fields)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid { cents: u64 },
}

fn main() {}
