use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid(u64),
    #[event(id = 0x002)]
    Nothing(),
    #[event(id = 0x003)]
    Both((u8, u8)),
}

fn main() {}
