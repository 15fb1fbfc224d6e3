use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x003)]
    Paid { cents: u64 },
    #[event(id = 0x003)]
    Closed,
}

fn main() {}
