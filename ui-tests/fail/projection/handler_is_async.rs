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
    async fn sold(&mut self, cents: &u64) {
        self.cents += cents;
    }

    #[on(TillEvent::Closed)]
    unsafe extern "C" fn closed(&mut self) {}
}

fn main() {}
