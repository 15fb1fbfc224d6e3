use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
struct Opened {
    by: String,
}

fn main() {}
