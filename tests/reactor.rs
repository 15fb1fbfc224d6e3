//! Reactors: what follows from events, once for each.

mod chains;
mod ends;
mod once;
mod stands;

use std::sync::{Arc, Mutex};

use batpak::prelude::*;

use crate::support::{Dir, KIND, coordinate, number};

/// The kind of what the reactors here append.
const FOLLOWED: EventKind = EventKind::custom(0xE, 1);

/// The kind under which a store keeps the positions of reactors.
const POSITION: EventKind = EventKind::from_raw(0xD001);

/// What is reacted to.
fn asked() -> Region {
    Region::all().kinds([KIND])
}

/// The events that a reactor of this name has appended, with what they are reactions to.
fn reactions(store: &Store, name: &str) -> Vec<StoredEvent> {
    let all = store.query(&Region::all()).map(Result::unwrap);
    let is_of = |event: &StoredEvent| {
        let reactor = event.metadata::<String>("batpak:reactor").unwrap();
        reactor.is_some_and(|reactor| reactor == name)
    };
    all.filter(is_of).collect()
}

/// The payloads of those.
fn answers(store: &Store, name: &str) -> Vec<u64> {
    let reactions = reactions(store, name);
    let payloads = reactions.iter().map(|event| event.payload().unwrap());
    payloads.collect()
}

/// The positions that a reactor has stored.
fn positions(store: &Store, name: &str) -> Vec<u64> {
    #[derive(serde::Deserialize)]
    struct Position {
        position: u64,
    }
    let stream = coordinate(&format!("reactor:{name}"), "batpak");
    let events = store.stream(&stream).map(Result::unwrap);
    let events = events.filter(|event| event.header.kind == POSITION);
    let positions = events.map(|event| event.payload::<Position>().unwrap().position);
    positions.collect()
}

/// The id that FORMAT.md says a reaction has.
fn reaction_id(store: &Store, name: &str, cause: EventId, ordinal: u32) -> EventId {
    let store = EventId::from_bytes(store.id().to_bytes());
    let reactor = EventId::named(store, format!("reactor:{name}"));
    let ordinal = ordinal.to_le_bytes();
    EventId::named(reactor, [&cause.to_bytes()[..], &ordinal].concat())
}

/// A reaction: the number of the event, and so much more.
fn more(event: &StoredEvent, by: u64) -> Result<NewEvent, StoreError> {
    let n: u64 = event.payload()?;
    let followed = NewEvent::new(&coordinate("followed", "s"), FOLLOWED, &(n + by));
    Ok(followed)
}

/// A reactor that answers each number with one that is so much greater.
fn adding(name: &str, by: u64) -> impl Reactor<Error = StoreError> + use<> {
    batpak::reactor(name, move |event| more(event, by))
}

/// What reactors were asked about, by position.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<u64>>>);

impl Asked {
    fn note(&self, event: &StoredEvent) {
        self.0.lock().unwrap().push(event.header.sequence);
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}
