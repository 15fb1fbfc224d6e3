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

#[projection(version = 1)]
impl Totals {
    #[on(TillEvent::Sold)]
    fn sold(&mut self, cents: &u64) -> impl Into<bool> {
        self.cents += cents;
        true
    }
}

fn main() {}
