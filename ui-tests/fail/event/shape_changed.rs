use batpak::prelude::*;

#[derive(batpak::serde::Deserialize)]
#[serde(crate = "batpak::serde")]
struct RefundedV1;

impl From<RefundedV1> for TillEvent {
    fn from(_: RefundedV1) -> Self {
        Self::Refunded { cents: 0 }
    }
}

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001, shape = 0x9F31)]
    Paid { cents: u64 },
    #[event(id = 0x002, version = 2, from(RefundedV1), shape = 7)]
    Refunded { cents: u64 },
}

fn main() {}
