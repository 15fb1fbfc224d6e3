use batpak::prelude::*;
use batpak_ui_tests::Shared;

#[derive(Event)]
#[event(category = Shared)]
enum Mine {
    #[event(id = 0x001)]
    Happened,
}

fn main() {}
