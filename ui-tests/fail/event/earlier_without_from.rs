use batpak::prelude::*;
use batpak::serde::Deserialize;

#[derive(Deserialize)]
#[serde(crate = "batpak::serde")]
struct PaidV1 {
    cents: u64,
}

#[derive(Deserialize)]
#[serde(crate = "batpak::serde")]
struct PaidV2 {
    cents: u64,
}

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001, version = 3, from(PaidV1, PaidV2))]
    Paid { cents: u64 },
}

impl From<PaidV2> for TillEvent {
    fn from(PaidV2 { cents }: PaidV2) -> Self {
        Self::Paid { cents }
    }
}

fn main() {}
