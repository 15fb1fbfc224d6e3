use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid,
    #[event(id = 0x002, name = "Paid")]
    Settled,
}

fn main() {}
