use batpak::prelude::*;

struct PaidV1;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001, version = 3, from(PaidV1))]
    Paid { cents: u64 },
}

fn main() {}
