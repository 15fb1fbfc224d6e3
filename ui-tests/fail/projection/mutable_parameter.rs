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
    fn sold(&mut self, cents: &mut u64, at: &mut EventMeta<'_>, of: EventMeta<'_>) {
        self.cents += *cents + at.sequence + of.sequence;
    }
}

fn main() {}
