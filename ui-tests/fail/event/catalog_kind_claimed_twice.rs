use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum OrderEvent {
    #[event(id = 0x001)]
    Placed,
    #[event(id = 0x002)]
    Paid,
}

mod refunds {
    use batpak::prelude::*;

    #[derive(Event)]
    #[event(category = 0x1)]
    pub enum RefundEvent {
        #[event(id = 0x002)]
        Refunded,
    }

    #[derive(Event)]
    #[event(category = 0x1, id = 0x001)]
    pub struct Opened;
}

batpak::catalog!(OrderEvent, refunds::RefundEvent);
batpak::catalog!(pub EVENTS = OrderEvent, refunds::Opened);

fn main() {}
