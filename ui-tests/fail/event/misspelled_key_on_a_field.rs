use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Booked {
        #[event(tags)]
        course: String,
    },
}

fn main() {}
