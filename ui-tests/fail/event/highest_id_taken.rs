use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum DoorEvent {
    #[event(id = 0xFFF)]
    Opened,
    Shut,
}

fn main() {}
