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

use TillEvent as Alias;

#[projection]
impl Totals {
    #[on(TillEvent::Sold)]
    fn sold(&mut self, at: &EventMeta<'_>) {
        self.cents += at.sequence;
    }

    #[on(Alias::Sold)]
    fn also(&mut self, at: &EventMeta<'_>) {
        self.cents += at.sequence;
    }
}

fn main() {}
