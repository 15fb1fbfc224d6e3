use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent<T> {
    #[event(id = 0x001)]
    Paid { amount: T },
}

fn main() {}
