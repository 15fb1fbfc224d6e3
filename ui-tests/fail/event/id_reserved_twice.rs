use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, reserved(0x006 = "Refunded", 0x005..=0x007))]
enum TillEvent {
    #[event(id = 0x001)]
    Closed,
}

fn main() {}
