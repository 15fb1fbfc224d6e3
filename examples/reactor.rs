//! What follows from events, once for each: `cargo run --example reactor`.

#![allow(clippy::print_stdout)]

use batpak::prelude::*;

#[derive(Event, Debug)]
#[event(category = 0x1)]
enum OrderEvent {
    #[event(id = 0x001)]
    Paid { article: String },
}

#[derive(Event, Debug)]
#[event(category = 0x2)]
enum ParcelEvent {
    #[event(id = 0x001)]
    Sent { article: String },
    #[event(id = 0x002)]
    Announced { letter: String },
}

/// Sends a parcel for what was paid.
fn shipping() -> impl Reactor {
    batpak::reactor("shipping", |paid: &StoredEvent| {
        let OrderEvent::Paid { article } = paid.event()?;
        let parcel = Coordinate::new(format!("parcel:{}", paid.header.sequence), "shop")?;
        Ok::<_, StoreError>(NewEvent::of(&parcel, &ParcelEvent::Sent { article }))
    })
}

/// Writes a letter about a parcel.
fn letters() -> impl Reactor {
    batpak::reactor("letters", |sent: &StoredEvent| {
        let ParcelEvent::Sent { article } = sent.event()? else {
            return Ok(Batch::new());
        };
        let letter = format!("Your {article} is on its way.");
        let announced = ParcelEvent::Announced { letter };
        Ok::<_, StoreError>(NewEvent::of(&sent.coordinate, &announced).into())
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    for run in ["tea", "kettle"] {
        let store = Store::open(StoreConfig::new(dir.path().join("my-store")))?;
        let shipping = store.react(Region::all().kinds([OrderEvent::PAID]), shipping())?;
        let letters = store.react(Region::all().kinds([ParcelEvent::SENT]), letters())?;
        let paid = OrderEvent::Paid {
            article: run.into(),
        };
        let order = store.append_typed(&Coordinate::new(format!("order:{run}"), "shop")?, &paid)?;
        shipping.wait_for(order.sequence)?;
        letters.catch_up()?;
        println!("with the {run}, in the store are:");
        for event in store.query(&Region::all().category(0x2)) {
            println!("- {:?}", event?.event::<ParcelEvent>()?);
        }
    }
    Ok(())
}
