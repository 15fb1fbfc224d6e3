//! The quick start of the crate's documentation, in a directory of its own:
//! `cargo run --example quickstart`.

#![allow(clippy::print_stdout)]

use batpak::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let config = StoreConfig::new(dir.path().join("my-store"));
    let store = Store::open(config)?;

    let coord = Coordinate::new("player:alice", "room:dungeon")?;
    let kind = EventKind::custom(0xF, 1);

    let receipt = store.append(&coord, kind, &serde_json::json!({"x": 10, "y": 20}))?;
    println!(
        "Stored event {} at seq {}",
        receipt.event_id, receipt.sequence
    );

    for event in store.stream(&coord) {
        let event = event?;
        let place: serde_json::Value = event.payload()?;
        println!(
            "Revision {} of {}: {place}",
            event.header.revision, event.coordinate
        );
    }
    Ok(())
}
