use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, reserved(0x003))]
enum TillEvent {
    #[event(id = 0x001)]
    Opened,
    #[event(id = 0x007)]
    Closed,
    NoteAdded {
        text: String,
    },
}

fn main() {}
