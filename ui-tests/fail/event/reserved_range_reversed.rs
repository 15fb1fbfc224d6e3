use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, reserved(0x00F..=0x00A))]
enum TillEvent {
    #[event(id = 0x001)]
    Closed,
}

fn main() {}
