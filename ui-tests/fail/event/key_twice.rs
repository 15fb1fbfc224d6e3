use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001, id = 0x002)]
    Paid { cents: u64 },
}

fn main() {}
