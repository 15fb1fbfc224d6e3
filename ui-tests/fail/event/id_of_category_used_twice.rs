use batpak::prelude::*;

batpak::category!(pub Orders = 0x1);

#[derive(Event)]
#[event(category = Orders)]
enum OrderEvent {
    #[event(id = 0x001)]
    Placed,
    #[event(id = 0x002)]
    Paid,
}

#[derive(Event)]
#[event(category = Orders)]
enum RefundEvent {
    #[event(id = 0x002)]
    Refunded,
}

fn main() {}
