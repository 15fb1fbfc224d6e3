use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1, reserved(0x002))]
enum OrderEvent {
    #[event(id = 0x001)]
    Placed,
}

#[derive(Event)]
#[event(category = 0x1)]
enum RefundEvent {
    #[event(id = 0x002)]
    Refunded,
}

batpak::catalog!(RefundEvent, OrderEvent);

fn main() {}
