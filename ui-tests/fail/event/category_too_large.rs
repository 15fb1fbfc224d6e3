use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x10)]
enum TillEvent {
    #[event(id = 0x001)]
    Closed,
}

fn main() {}
