use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    Closed,
}

fn main() {
    // The enum is an event all the same, and this is no second error.
    let _ = TillEvent::Closed.kind();
    let _ = TillEvent::CLOSED;
}
