//! The format's fixture: a store as version 1 wrote it opens, reads and goes on.

use std::fs;
use std::path::Path;

use batpak::prelude::*;

use crate::support::{Dir, KIND, coordinate};

/// A copy of the fixture, for opening writes to a store.
fn fixture() -> Dir {
    let dir = Dir::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store_v1/segments");
    let to = dir.path().join("segments");
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    dir
}

#[test]
fn a_store_of_version_1_opens_and_reads() {
    let dir = fixture();
    let store = dir.open();
    assert_eq!(store.id().to_bytes(), *b"a store's own id");
    assert_eq!((store.position(), store.durable_position()), (4, 4));
    assert!(store.is_chained());
    let events: Vec<StoredEvent> = store.query(&Region::all()).map(Result::unwrap).collect();
    let payloads: Vec<serde_json::Value> = events.iter().map(|e| e.payload().unwrap()).collect();
    assert_eq!(
        payloads,
        [
            serde_json::json!({"name": "Ada"}),
            serde_json::json!({}),
            serde_json::json!({}),
            serde_json::json!({"score": 256}),
        ]
    );
    let last = &events[3];
    assert_eq!(last.coordinate, coordinate("student:s7", "school"));
    assert_eq!(
        last.causes,
        [events[0].header.event_id, events[2].header.event_id]
    );
    assert_eq!(last.header.correlation, Some(events[0].header.event_id));
    assert_eq!(last.metadata::<String>("user").unwrap().unwrap(), "alice");
    let tagged = Region::all().tag(Tag::new("course", "c1").unwrap());
    assert_eq!(store.query(&tagged).count(), 1);
    let verification = store.verify().unwrap();
    assert_eq!(
        (verification.events, verification.digests_checked),
        (4, cfg!(feature = "blake3"))
    );
}

#[cfg(feature = "blake3")]
#[test]
fn a_store_of_version_1_goes_on() {
    let dir = fixture();
    let stream = coordinate("student:s7", "school");
    let receipt = dir.open().append(&stream, KIND, &1).unwrap();
    assert_eq!((receipt.sequence, receipt.revision), (5, 4));
    assert_eq!(dir.open().verify().unwrap().events, 5);
}

#[cfg(not(feature = "blake3"))]
#[test]
fn a_chained_store_is_read_only_to_a_build_that_cannot_hash() {
    let dir = fixture();
    let before = crate::support::files(&dir.path());
    let store = dir.open();
    assert_eq!(store.query(&Region::all()).filter(Result::is_ok).count(), 4);
    let error = store.append(&coordinate("a", "s"), KIND, &1).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    store.close().unwrap();
    assert_eq!(crate::support::files(&dir.path()), before);
}
