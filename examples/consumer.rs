//! Events handled by code outside of the store, at least once: `cargo run --example consumer`.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use batpak::Backoff;
use batpak::prelude::*;

#[derive(Event, Debug)]
#[event(category = 0x1)]
enum OrderEvent {
    #[event(id = 0x001)]
    Paid { article: String, address: String },
}

/// Sends a letter, if there is somebody to send it to.
fn send(address: &str, text: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if !address.contains('@') {
        return Err(format!("`{address}` is no address").into());
    }
    println!("to {address}: {text}");
    Ok(())
}

/// Starts the consumer, which goes on where it was when it last ended.
fn mailer(store: &Store) -> Result<Consuming, StoreError> {
    store
        .consumer("mailer", Region::all().kinds([OrderEvent::PAID]))
        .retry(
            Backoff::new(Duration::from_millis(1), Duration::from_secs(1)),
            3,
        )
        .run_partitioned(
            4,
            // The letters about one order are sent in the order of its events.
            |paid| paid.coordinate.clone(),
            |paid| {
                let OrderEvent::Paid { article, address } = paid.event()?;
                send(&address, &format!("Your {article} is on its way."))
            },
        )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    for (article, address) in [("tea", "alice@example.org"), ("kettle", "bob")] {
        let store = Store::open(StoreConfig::new(dir.path().join("my-store")))?;
        let mailer = mailer(&store)?;
        let paid = OrderEvent::Paid {
            article: article.into(),
            address: address.into(),
        };
        let order = Coordinate::new(format!("order:{article}"), "shop")?;
        let paid = store.append_typed(&order, &paid)?;
        mailer.wait_for(paid.sequence)?;
        for parked in mailer.parked() {
            println!(
                "event {} is parked after {} attempts: {}",
                parked.position, parked.attempts, parked.error
            );
        }
        mailer.stop()?;
    }
    Ok(())
}
