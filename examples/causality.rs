//! What led to what: an order is paid for and sent, and each event names those that led to it.
//! `cargo run --example causality`.

#![allow(clippy::print_stdout)]

use batpak::prelude::*;

#[derive(Event)]
#[event(category = 0x1)]
enum Shop {
    #[event(id = 0x001)]
    OrderPlaced { cents: u64 },
    #[event(id = 0x002)]
    PaymentRequested { cents: u64 },
    #[event(id = 0x003)]
    Paid,
    #[event(id = 0x004)]
    Shipped { carrier: String },
}

/// Records that something happened to `entity`, because of these events.
fn record(
    store: &Store,
    entity: &str,
    event: &Shop,
    causes: &[EventId],
) -> Result<EventId, StoreError> {
    let event = NewEvent::of(&Coordinate::new(entity, "shop")?, event);
    let event = causes.iter().copied().fold(event, NewEvent::cause);
    let receipts = store.commit(Batch::new().event(event))?;
    Ok(receipts[0].event_id)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::new(dir.path().join("shop")))?;

    let cents = 4_900;
    let placed = record(&store, "order:1", &Shop::OrderPlaced { cents }, &[])?;
    let asked = Shop::PaymentRequested { cents };
    let asked = record(&store, "payment:8", &asked, &[placed])?;
    let paid = record(&store, "payment:8", &Shop::Paid, &[asked])?;
    let carrier = "a bicycle".to_owned();
    let shipped = Shop::Shipped { carrier };
    let shipped = record(&store, "order:1", &shipped, &[placed, paid])?;

    for cause in store.causes(shipped)? {
        println!("It was shipped because of {}", cause.coordinate);
    }
    for effect in store.effects(placed) {
        println!("The order led to {}", effect?.coordinate);
    }
    println!("{}", store.lineage(paid, 3)?.to_mermaid());
    Ok(())
}
