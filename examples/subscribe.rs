//! Following the log, from a thread and from async code: `cargo run --example subscribe`.

#![allow(clippy::print_stdout)]

use batpak::prelude::*;

#[derive(Event, Debug)]
#[event(category = 0x1)]
enum Chat {
    #[event(id = 0x001)]
    Said { text: String },
    #[event(id = 0x002)]
    Left,
}

fn said(text: &str) -> Chat {
    Chat::Said {
        text: text.to_owned(),
    }
}

/// What is said, by whom, until somebody leaves.
fn print(conversation: Subscription) -> Result<(), StoreError> {
    for event in conversation {
        let event = event?;
        match event.event()? {
            Chat::Said { text } => println!("{}: {text}", event.coordinate.entity()),
            Chat::Left => break,
        }
    }
    Ok(())
}

/// How much is said until then, counted on whatever executor the caller has.
async fn count(conversation: Subscription) -> Result<usize, StoreError> {
    let events = conversation.into_receiver(16)?;
    let mut said = 0;
    while let Ok(event) = events.recv_async().await {
        match event?.event()? {
            Chat::Said { .. } => said += 1,
            Chat::Left => break,
        }
    }
    Ok(said)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::new(dir.path().join("my-store")))?;
    let [ann, bob] = ["ann", "bob"].map(|name| Coordinate::new(name, "room:kitchen"));
    let (ann, bob) = (ann?, bob?);
    store.append_typed(&ann, &said("Is there tea?"))?;

    let room = Region::all().scope("room:kitchen");
    let [printed, counted] = [(); 2].map(|()| store.subscribe(room.clone()));
    let printing = std::thread::spawn(move || print(printed));
    let counting = std::thread::spawn(move || pollster::block_on(count(counted)));
    store.append_typed(&bob, &said("There is."))?;
    store.append_typed(&ann, &said("Good."))?;
    store.append_typed(&ann, &Chat::Left)?;

    let ended = "a thread that follows the log has panicked";
    printing.join().map_err(|_| ended)??;
    let said = counting.join().map_err(|_| ended)??;
    println!("{said} things were said.");
    Ok(())
}
