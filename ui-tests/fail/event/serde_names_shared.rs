use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid {
        cents: u64,
        #[serde(rename = "cents")]
        euros: u64,
        #[serde(alias = "by", alias = "euros")]
        to: String,
        by: String,
    },
}

fn main() {}
