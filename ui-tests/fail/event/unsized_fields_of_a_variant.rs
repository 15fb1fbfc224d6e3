use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid { by: str },
    #[event(id = 0x002)]
    Counted([u64]),
}

fn main() {}
