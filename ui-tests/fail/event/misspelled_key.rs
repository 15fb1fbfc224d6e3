use batpak::prelude::*;

#[derive(Event)]
#[event(categroy = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Closed,
}

fn main() {}
