use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, reserved(0x006 = "Refunded", 0x00A..=0x00F))]
enum TillEvent {
    #[event(id = 0x006)]
    Closed,
    #[event(id = 0x00B)]
    Opened,
}

fn main() {}
