use batpak::prelude::*;

struct PaidV1;
struct PaidV2;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001, version = 2, from(PaidV1, PaidV2))]
    Paid { cents: u64 },
}

fn main() {}
