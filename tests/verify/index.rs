//! The index is compared with the log: it shows what the log has, and nothing else.

use std::fs;

use batpak::prelude::*;

use crate::support::{Dir, KIND, coordinate};

/// Appends this many events with something of every sort, in a store that is opened for it.
fn append(dir: &Dir, events: u64) {
    let store = Store::open(config(dir)).unwrap();
    let mut before = None;
    for n in 0..events {
        let stream = coordinate(&format!("stream:{}", n % 7), &format!("scope:{}", n % 3));
        let kind = EventKind::custom(0xF, 1 + (n % 5) as u16);
        let mut event = NewEvent::new(&stream, kind, &n)
            .tag(Tag::new("n", n % 100).unwrap())
            .tag(Tag::new("all", "same").unwrap());
        if let Some(before) = before {
            event = event.cause(before).correlation(before);
        }
        let batch = Batch::new().event(event).durability(Durability::Written);
        let receipts = store.commit(batch).unwrap();
        if n % 10 == 0 {
            before = Some(receipts[0].event_id);
        }
    }
    store.close().unwrap();
}

/// With segments so small that what changes in one moves nothing in the last.
fn config(dir: &Dir) -> StoreConfig {
    dir.config()
}

#[test]
fn an_index_of_parts_that_were_merged_and_such_that_were_not_is_compared_whole() {
    let dir = Dir::new();
    let mut seen = Vec::new();
    for events in [300, 1, 700, 20, 3, 3, 3, 3, 3, 3, 3, 3, 3, 90] {
        append(&dir, events);
        let store = Store::open(config(&dir)).unwrap();
        let found = store.verify().unwrap();
        let parts = fs::read_dir(dir.path().join("index")).unwrap().count();
        assert_eq!(found.parts, parts as u64);
        seen.push(found.parts);
        // What is appended now is in no part yet.
        store.append(&coordinate("new", "s"), KIND, &1).unwrap();
        assert_eq!(store.verify().unwrap().events, found.events + 1);
    }
    assert!(!seen.is_sorted(), "parts were merged: {seen:?}");
}

#[test]
fn any_damage_to_the_index_is_found_and_told_from_damage_to_the_log() {
    let dir = Dir::new();
    append(&dir, 600);
    let part = fs::read_dir(dir.path().join("index")).unwrap().next();
    let part = part.unwrap().unwrap().path();
    let whole = fs::read(&part).unwrap();
    // What a cursor reads lies before the filter, whose pages only those of its terms are read of.
    for at in (0..whole.len()).step_by(131) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&part, &bytes).unwrap();
        // A reader makes nothing anew.
        let reader = Store::open_read_only(config(&dir).cache_bytes(0)).unwrap();
        match reader.verify() {
            Err(StoreError::DamagedIndex { path, .. }) => assert_eq!(path, part),
            Err(other) => panic!("a flip at {at}: {other}"),
            // Such a part was not taken at all.
            Ok(found) => assert_eq!(found.parts, 0, "a flip at {at}"),
        }
    }
}

#[cfg(feature = "blake3")]
#[test]
fn an_index_of_another_history_is_found_though_each_of_its_bytes_is_valid() {
    use crate::forger::{Event, Log};
    use crate::support::soon;

    let dir = Dir::new();
    append(&dir, 300);
    let log = Log::read(&dir.path());
    type Edit = fn(&mut Event);
    let edits: [(&str, Edit); 7] = [
        ("a tag", |e| e.tags[1] = "n:7000".to_owned()),
        ("fewer tags", |e| e.tags.truncate(1)),
        ("a kind", |e| e.kind += 9),
        ("a cause", |e| e.causes = None),
        ("a correlation", |e| e.correlation = None),
        ("a time", |e| e.time += 1),
        ("a length", |e| e.payload = vec![0xA4, 65, 65, 65, 65]),
    ];
    for (name, edit) in edits {
        // The event at position 257 is one whose time is in the index.
        let mut forged = log.clone();
        edit(forged.event(257));
        let forged = forged.rechain();
        for segment in &forged.0 {
            let name = format!("segments/{:020}.seg", segment.first());
            fs::write(dir.path().join(name), segment.bytes()).unwrap();
        }
        let Ok(store) = Store::open(config(&dir)) else {
            panic!("{name}: what opening looks at was not changed");
        };
        let reader = Store::open_read_only(config(&dir)).unwrap();
        reader.verify().unwrap_err();
        match store.verify() {
            Err(StoreError::DamagedIndex { .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
        // The log is what counts, and the index is made anew of it.
        soon("the index is made anew", || store.verify().is_ok());
        soon("readers see it", || reader.verify().is_ok());
        drop(store);
        for segment in &log.0 {
            let name = format!("segments/{:020}.seg", segment.first());
            fs::write(dir.path().join(name), segment.bytes()).unwrap();
        }
        dir.forget_index();
        Store::open(config(&dir)).unwrap().close().unwrap();
    }
}

#[cfg(feature = "blake3")]
#[test]
fn what_opening_would_refuse_is_found_where_the_index_keeps_it_from_reading() {
    use crate::forger::{Event, Log};

    let dir = Dir::new();
    append(&dir, 100);
    let log = Log::read(&dir.path());
    type Edit = fn(&mut Event);
    let edits: [(&str, Edit, &str); 4] = [
        ("no tag", |e| e.tags[1] = "tag".to_owned(), "a tag that no"),
        ("tags in disorder", |e| e.tags.reverse(), "a tag that no"),
        ("a name", |e| e.entity = "a\nb".to_owned(), "a name that no"),
        ("an old time", |e| e.time = 1, "older than the one before"),
    ];
    for (name, edit, problem) in edits {
        let mut forged = log.clone();
        edit(forged.event(50));
        refused(&dir, forged, name, problem);
    }
    let mut copied = log.clone();
    copied.event(50).id = copied.event(20).id.clone();
    refused(
        &dir,
        copied,
        "a minted id twice",
        "the id of an earlier one",
    );
    // That the index of the log as it was does not show.
    dir.forget_index();
    let mut given = log.clone();
    for event in [20, 50] {
        given.event(event).id = vec![0xEE; 16];
    }
    refused(&dir, given, "a given id twice", "the id of an earlier one");

    fn refused(dir: &Dir, forged: Log, name: &str, problem: &str) {
        let forged = forged.renumber().rechain();
        for segment in &forged.0 {
            let name = format!("segments/{:020}.seg", segment.first());
            fs::write(dir.path().join(name), segment.bytes()).unwrap();
        }
        let reader = Store::open_read_only(config(dir)).unwrap();
        match reader.verify() {
            Err(StoreError::Corrupt {
                position: 50,
                problem: found,
                ..
            }) => assert!(found.contains(problem), "{name}: {found}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
