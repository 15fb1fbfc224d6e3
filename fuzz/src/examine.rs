//! What must hold of a store whatever its files are.

use batpak::prelude::*;
use batpak::testing::MemoryDisk;

use super::files::{Files, config, coordinate};

/// What a store has at each position; `None` where it is refused.
pub type Seen = Vec<Option<String>>;

/// Opens a store on these files in every way, and reads all of it; gives what a writer has seen, if it was let in.
///
/// - Nothing panics, and nothing takes long.
/// - An error is of a file of the store.
/// - A refusal changes no file, and neither does a reader.
/// - What is opened and closed opens again, with the same events, and nothing is cut then.
/// - A reader sees what a writer sees, up to some position.
pub fn examine(files: &Files) -> Option<Seen> {
    let read = {
        let disk = MemoryDisk::with_files(files.clone());
        let read = Store::open_read_only(config(&disk));
        let read = read.map(|store| see(&store)).map_err(|error| check(&error));
        assert!(disk.files() == *files, "a reader changes nothing");
        read.ok()
    };
    let disk = MemoryDisk::with_files(files.clone());
    let store = match Store::open(config(&disk)) {
        Ok(store) => store,
        Err(error) => {
            check(&error);
            assert!(disk.files() == *files, "a refusal changes nothing: {error}");
            return None;
        }
    };
    let seen = see(&store);
    ask(&store);
    store.close().unwrap();
    let store = Store::open(config(&disk)).unwrap();
    assert_eq!(store.recovery().cut, None);
    assert_eq!(store.position(), seen.len() as u64);
    agree(&seen, &see(&store));
    if let Some(read) = read {
        agree(&seen, &read);
    }
    Some(seen)
}

/// That the error tells which file it is about.
pub fn check(error: &StoreError) {
    let path = match error {
        StoreError::Io { path, .. }
        | StoreError::Foreign { path, .. }
        | StoreError::NewerFormat { path, .. }
        | StoreError::DamagedIndex { path, .. }
        | StoreError::Corrupt { path, .. } => path,
        other => panic!("{other}"),
    };
    assert!(path.starts_with("/store"), "{error}");
}

fn agree(one: &Seen, other: &Seen) {
    for (at, (one, other)) in one.iter().zip(other).enumerate() {
        if let (Some(one), Some(other)) = (one, other) {
            assert_eq!(one, other, "position {}", at + 1);
        }
    }
}

/// The events of a store, each read by its position.
pub fn see(store: &Store) -> Seen {
    let event = |position| match store.get_at(position) {
        Ok(event) => {
            let event = event.expect("there is an event at each position");
            assert_eq!(event.header.sequence, position);
            Some(format!("{event:?} {:?}", event.payload_bytes()))
        }
        Err(error) => {
            check(&error);
            None
        }
    };
    (1..=store.position()).map(event).collect()
}

/// Asks what led to some events, and what they led to.
fn trace(store: &Store) {
    for event in store.query(&Region::all()).flatten().take(8) {
        let id = event.header.event_id;
        let answers = [
            store.lineage(id, 3).map(|lineage| {
                assert!(
                    lineage
                        .events
                        .iter()
                        .any(|event| event.header.event_id == id)
                );
                assert!(
                    lineage
                        .events
                        .is_sorted_by_key(|event| event.header.sequence)
                );
            }),
            store.causes(id).map(drop),
            store.effects(id).try_for_each(|effect| effect.map(drop)),
            store.correlation(id).try_for_each(|event| event.map(drop)),
        ];
        for error in answers.into_iter().filter_map(Result::err) {
            // An index that does not belong to the log need not have the ids that are in it.
            if !matches!(error, StoreError::UnknownEvent(_)) {
                check(&error);
            }
        }
    }
}

/// Asks what can be asked: what comes of it is of the question, or an error.
pub fn ask(store: &Store) {
    let regions = [
        Region::all(),
        Region::stream(&coordinate("a")),
        Region::all().tag(Tag::new("n", 3).unwrap()),
        Region::all().entity_prefix("b").positions(3..40),
    ];
    trace(store);
    for region in regions {
        for events in [
            store.query(&region).collect::<Vec<_>>(),
            store.query(&region).rev().collect(),
        ] {
            let mut last = None;
            for event in events {
                match event {
                    Ok(event) => {
                        assert_ne!(last, Some(event.header.sequence), "an event comes once");
                        last = Some(event.header.sequence);
                        let _ = event.payload::<u64>();
                        let _ = event.metadata::<String>("why");
                        match store.get(event.header.event_id) {
                            Ok(_) => {}
                            Err(error) => check(&error),
                        }
                    }
                    Err(error) => check(&error),
                }
            }
        }
    }
    if let Err(error) = store.verify() {
        check(&error);
    }
    if let Err(error) = store.revision(&coordinate("b")) {
        check(&error);
    }
    store
        .streams()
        .filter_map(Result::err)
        .for_each(|error| check(&error));
}
