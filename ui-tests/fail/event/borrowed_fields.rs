use batpak::prelude::*;

type Text = String;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Paid {
        by: &'static str,
        to: Text,
        lines: &'static [u8],
    },
}

fn main() {}
