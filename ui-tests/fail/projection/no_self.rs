use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum TillEvent {
    #[event(id = 0x001)]
    Sold { cents: u64 },
    #[event(id = 0x002)]
    Closed,
}

#[derive(Default)]
struct Totals {
    cents: u64,
}

#[projection]
impl Totals {
    #[on(TillEvent::Sold)]
    fn sold(cents: &u64) {
        assert!(*cents > 0);
    }

    #[on(TillEvent::Closed)]
    fn closed(self: Box<Self>) {}
}

fn main() {}
