use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid(u64, String),
    #[event(id = 0x002)]
    Closed,
}

fn main() {}
