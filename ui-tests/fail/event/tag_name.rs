use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Booked {
        #[event(tag = "a:b")]
        course: String,
        #[event(tag = "")]
        by: String,
    },
}

fn main() {}
