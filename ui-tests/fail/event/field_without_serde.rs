use batpak::prelude::*;

struct Cents(u64);

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid { amount: Cents },
}

fn main() {}
