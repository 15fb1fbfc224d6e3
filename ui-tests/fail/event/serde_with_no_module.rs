use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid {
        #[serde(with = "as_text")]
        cents: u64,
    },
}

fn main() {}
