use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
union TillEvent {
    cents: u64,
}

fn main() {}
