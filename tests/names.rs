//! The names of kinds: no two events of different names share a kind in one store.

use std::fs;
use std::sync::Barrier;

use batpak::prelude::*;

use crate::support::{Dir, bodies, coordinate, repair, written};

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x6)]
enum Parcel {
    #[event(id = 0x001)]
    Sent { to: String },
    #[event(id = 0x002)]
    Lost,
}

/// Made by another team, with the same category.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x6)]
enum Letter {
    #[event(id = 0x001)]
    Stamped,
    #[event(id = 0x002)]
    Lost,
}

fn sent() -> Parcel {
    Parcel::Sent {
        to: "Ulm".to_owned(),
    }
}

/// That the event is refused for its name, and nothing is stored.
fn assert_refused(store: &Store, batch: Batch) {
    let before = store.position();
    match store.commit(batch) {
        Err(StoreError::OtherName {
            kind,
            recorded,
            given,
        }) => assert_eq!(
            (kind, recorded.as_str(), given),
            (Parcel::SENT, "Sent", "Stamped")
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.position(), before);
}

/// The name that each event in the store tells, if it does.
fn names(store: &Store) -> Vec<Option<String>> {
    store
        .query(&Region::all())
        .map(|event| event.unwrap().metadata("batpak:name").unwrap())
        .collect()
}

#[test]
fn a_kind_keeps_the_name_of_its_first_typed_event_also_when_the_store_is_opened_again() {
    let dir = Dir::new();
    let (parcel, letter) = (
        coordinate("parcel:1", "post"),
        coordinate("letter:1", "post"),
    );
    let stamped = || Batch::new().event(NewEvent::of(&letter, &Letter::Stamped));
    let store = dir.open();
    store.append_typed(&parcel, &sent()).unwrap();
    assert_refused(&store, stamped());
    drop(store);
    let store = dir.open();
    assert_refused(&store, stamped());
    // The kinds that both have under one name are both's.
    store.append_typed(&parcel, &Parcel::Lost).unwrap();
    store.append_typed(&letter, &Letter::Lost).unwrap();
    assert_eq!(store.verify().unwrap().events, 3);
}

#[test]
fn the_refusal_says_what_to_do() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    store.append_typed(&at, &sent()).unwrap();
    let error = store.append_typed(&at, &Letter::Stamped).unwrap_err();
    assert_eq!(
        error.to_string(),
        "kind 0x6001 is `Sent` in this store, and not `Stamped`; give `Stamped` an id that no other event has, or, \
         if it is `Sent` renamed, keep the recorded name: `#[event(name = \"Sent\")]`"
    );
    assert!(!error.is_retryable());
}

#[test]
fn a_renamed_event_that_keeps_the_recorded_name_is_the_same_one() {
    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x6)]
    enum Renamed {
        #[event(id = 0x001, name = "Sent")]
        Dispatched { to: String },
    }
    let dir = Dir::new();
    let at = coordinate("parcel:1", "post");
    dir.open().append_typed(&at, &sent()).unwrap();
    let store = dir.open();
    let to = "Ulm".to_owned();
    store
        .append_typed(&at, &Renamed::Dispatched { to })
        .unwrap();
    assert_eq!(names(&store), [Some("Sent".to_owned()), None]);
}

#[test]
fn a_batch_whose_events_disagree_about_a_kind_is_refused_whole() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    let batch = Batch::new()
        .event(NewEvent::of(&at, &sent()))
        .event(NewEvent::of(&at, &Letter::Stamped));
    assert_refused(&store, batch);
    // What was not stored has named nothing.
    store.append_typed(&at, &Letter::Stamped).unwrap();
}

#[test]
fn a_batch_that_fails_names_no_kind() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    let batch = Batch::new().event(NewEvent::of(&at, &sent()));
    assert!(store.commit(batch.expect(&at, Expect::Exists)).is_err());
    store.append_typed(&at, &Letter::Stamped).unwrap();
}

#[test]
fn only_the_first_typed_event_of_a_kind_tells_its_name_and_the_others_have_no_bytes_more() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    let length = || written(&dir.segments()[0]).len();
    let growth = |batch: Batch| {
        let before = length();
        store.commit(batch).unwrap();
        length() - before
    };
    store.append(&at, Parcel::LOST, &()).unwrap();
    let untyped = growth(Batch::new().event(NewEvent::new(&at, Parcel::LOST, &[(); 0])));
    let lost = || Batch::new().event(NewEvent::of(&at, &Parcel::Lost));
    let told = growth(lost().and(lost()));
    let later = growth(lost().and(lost()));
    // The empty payloads of both have one byte; the name has a map, two strings and the length of it all.
    assert_eq!(later, 2 * untyped);
    let name = 2 + 1 + (1 + "batpak:name".len()) + (1 + "Lost".len()) - 1;
    assert_eq!(told, later + name);
    let told = Some("Lost".to_owned());
    assert_eq!(names(&store), [None, None, told, None, None, None]);
}

#[test]
fn untyped_events_have_no_name_and_are_not_checked() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    store.append(&at, Parcel::SENT, &1).unwrap();
    store.append_typed(&at, &Letter::Stamped).unwrap();
    store.append(&at, Parcel::SENT, &2).unwrap();
    assert_eq!(names(&store), [None, Some("Stamped".to_owned()), None]);
}

#[test]
fn the_name_is_told_beside_the_metadata_of_the_caller() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    let event = NewEvent::of(&at, &sent()).metadata("user", "alice");
    store.commit(Batch::new().event(event)).unwrap();
    let event = store.stream(&at).next().unwrap().unwrap();
    assert_eq!(event.metadata::<String>("user").unwrap().unwrap(), "alice");
    assert_eq!(names(&store), [Some("Sent".to_owned())]);
}

#[test]
fn a_payload_at_the_limit_is_taken_with_the_name_of_its_kind_too() {
    let dir = Dir::new();
    let at = coordinate("parcel:1", "post");
    let payload = |to: usize| {
        let mut bytes = Vec::new();
        let to = "x".repeat(to);
        Parcel::Sent { to }.encode(&mut bytes).unwrap();
        bytes.len()
    };
    let store = Store::open(dir.config().max_payload_bytes(payload(100))).unwrap();
    let sent = |to: usize| Parcel::Sent { to: "x".repeat(to) };
    store.append_typed(&at, &sent(100)).unwrap();
    store.append_typed(&at, &sent(100)).unwrap();
    assert!(matches!(
        store.append_typed(&at, &sent(101)),
        Err(StoreError::Limit { .. })
    ));
}

#[test]
fn the_stores_own_names_in_metadata_are_refused_from_callers() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    for name in ["batpak:name", "batpak:", "batpak:later"] {
        let event = NewEvent::of(&at, &sent()).metadata(name, "Lost");
        let error = store.commit(Batch::new().event(event)).unwrap_err();
        assert!(
            matches!(&error, StoreError::ReservedMetadata(found) if found == name),
            "{error}"
        );
    }
    assert_eq!(store.position(), 0);
    let event = NewEvent::of(&at, &sent()).metadata("batpak", "fine");
    store.commit(Batch::new().event(event)).unwrap();
}

#[test]
fn of_racing_first_events_of_a_kind_one_name_wins_and_the_log_tells_no_other() {
    for _ in 0..50 {
        let dir = Dir::new();
        let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
        let barrier = Barrier::new(4);
        let race = |n: usize| {
            let at = coordinate(&format!("parcel:{n}"), "post");
            barrier.wait();
            match n % 2 {
                0 => store.append_typed(&at, &sent()).is_ok(),
                _ => store.append_typed(&at, &Letter::Stamped).is_ok(),
            }
        };
        let race = &race;
        let won: Vec<bool> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..4).map(|n| scope.spawn(move || race(n))).collect();
            racers
                .into_iter()
                .map(|racer| racer.join().unwrap())
                .collect()
        });
        assert!(won == [true, false, true, false] || won == [false, true, false, true]);
        let winner = if won[0] { "Sent" } else { "Stamped" };
        let told: Vec<_> = names(&store).into_iter().flatten().collect();
        assert!(!told.is_empty() && told.iter().all(|name| name == winner));
        drop(store);
        assert_eq!(dir.open().verify().unwrap().events, 2);
    }
}

#[test]
fn a_log_that_tells_two_names_of_one_kind_is_corrupt() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("parcel:1", "post");
    store.append_typed(&at, &sent()).unwrap();
    store.append_typed(&at, &Parcel::Lost).unwrap();
    drop(store);
    // The second event gets the kind of the first, and keeps its name.
    let path = dir.segments().remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let (at, len) = bodies(&bytes)[1];
    let kind = bytes[at..at + len]
        .windows(3)
        .position(|bytes| bytes == [0xCD, 0x60, 0x02])
        .unwrap();
    bytes[at + kind + 2] = 0x01;
    repair(&mut bytes, (at, len));
    fs::write(&path, &bytes).unwrap();
    dir.forget_index();
    match Store::open(dir.config()) {
        Err(StoreError::Corrupt {
            position: 2,
            problem,
            ..
        }) => assert!(problem.contains("another name"), "{problem}"),
        other => panic!("{other:?}"),
    }
}
