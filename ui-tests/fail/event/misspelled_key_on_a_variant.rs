use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(di = 0x001)]
    Closed,
    #[event(id = 0x002)]
    Opened,
}

fn main() {}
