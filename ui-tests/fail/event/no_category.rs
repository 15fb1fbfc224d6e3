use batpak::prelude::*;

#[derive(Event)]
enum TillEvent {
    #[event(id = 0x001)]
    Closed,
}

fn main() {}
