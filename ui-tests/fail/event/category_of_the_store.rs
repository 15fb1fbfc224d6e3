use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0xD)]
enum TillEvent {
    #[event(id = 0x001)]
    Closed,
}

fn main() {}
