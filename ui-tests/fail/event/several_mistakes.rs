use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0xD)]
enum TillEvent {
    #[event(id = 0x001, version = 0)]
    Sold {
        #[event(tga)]
        article: String,
        #[serde(flatten)]
        cents: u64,
    },
    #[event(id = 0x001, name = "Sold")]
    Closed(u8, u8),
    Opened,
}

fn main() {}
