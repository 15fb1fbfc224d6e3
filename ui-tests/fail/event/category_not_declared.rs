use batpak::prelude::*;

struct Orders;

#[derive(Event)]
#[event(category = Orders, reserved(0x009))]
enum OrderEvent {
    #[event(id = 0x001)]
    Placed,
    #[event(id = 0x002)]
    Paid,
}

fn main() {}
