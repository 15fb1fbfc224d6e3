use batpak::prelude::*;

struct PaidBody;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid(PaidBody),
}

fn main() {}
