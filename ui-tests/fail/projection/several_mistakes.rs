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

#[projection(versoin = 1, krate = batpak)]
impl Totals {
    #[on(TillEvent::Sold)]
    async fn sold(&mut self, cent: u64) -> u64 {
        self.cents += cent;
        cent
    }

    #[on(TillEvent::Closed | TillEvent::Sold)]
    fn closed(&self) {}

    #[on]
    fn nothing(&mut self) {}
}

fn main() {}
