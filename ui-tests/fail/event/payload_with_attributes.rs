use batpak::prelude::*;

#[derive(batpak::serde::Serialize, batpak::serde::Deserialize)]
#[serde(crate = "batpak::serde")]
struct PaidBody;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid(#[event(tag)] PaidBody),
    #[event(id = 0x002)]
    Refunded(#[serde(default)] PaidBody),
}

fn main() {}
