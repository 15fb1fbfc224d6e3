use batpak::prelude::*;

#[derive(batpak::serde::Serialize, batpak::serde::Deserialize)]
#[serde(crate = "batpak::serde")]
struct Cents(u64);

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid {
        #[serde(default)]
        cents: Cents,
    },
}

fn main() {}
