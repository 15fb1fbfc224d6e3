use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, id = 0x001)]
struct Opened(u8, u8);

fn main() {}
