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

impl From<PaidV1> for PaidV2 {
    fn from(PaidV1 { cents }: PaidV1) -> Self {
        Self { cents }
    }
}

fn main() {}
