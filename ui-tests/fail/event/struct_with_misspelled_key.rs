use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, id = 0x001, versoin = 2)]
struct Opened {
    by: String,
}

fn main() {}
