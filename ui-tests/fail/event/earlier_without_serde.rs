use batpak::prelude::*;

struct PaidV1;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001, version = 2, from(PaidV1))]
    Paid { cents: u64 },
}

impl From<PaidV1> for TillEvent {
    fn from(_: PaidV1) -> Self {
        Self::Paid { cents: 0 }
    }
}

fn main() {}
