//! Many batches, taken in from an iterator.

use std::num::ParseIntError;

use batpak::prelude::*;
use batpak::{ImportFailure, Imported};

use crate::support::{Dir, KIND, contents, coordinate, number, setting, soon};

fn stream() -> Coordinate {
    coordinate("a", "s")
}

fn one(n: u64) -> Result<Batch, StoreError> {
    Ok(number(&stream(), n).into())
}

fn count(imported: Imported) -> (u64, u64, u64, u64) {
    let Imported {
        batches,
        events,
        first,
        last,
        ..
    } = imported;
    (batches, events, first, last)
}

#[test]
fn an_import_is_durable_at_its_end_and_tells_what_it_stored() {
    let dir = Dir::new();
    let store = dir.open();
    store.append_event(number(&stream(), 0)).unwrap();
    let pairs = (0..700).map(|n| one(n).map(|batch| batch.event(number(&stream(), n))));
    let imported = store.import(pairs).unwrap();
    assert_eq!(count(imported), (700, 1_400, 2, 1_401));
    assert_eq!(store.durable_position(), 1_401);
    assert_eq!(store.revision(&stream()).unwrap(), 1_401);
    let none = store.import(std::iter::empty::<Result<Batch, StoreError>>());
    assert_eq!(none.unwrap(), Imported::default());
    store.verify().unwrap();
}

#[test]
fn an_import_asks_for_no_sync_of_a_batch_unless_the_batch_does() {
    let dir = Dir::new();
    let store = Store::open(StoreConfig::new(dir.path())).unwrap();
    let mut durable = Vec::new();
    let batches = (0..50).map(|n| {
        durable.push(store.durable_position());
        one(n)
    });
    store.import(batches).unwrap();
    assert_eq!(durable, [0; 50]);
}

#[test]
fn a_batch_that_asks_to_be_durable_is_before_the_import_ends() {
    let dir = Dir::new();
    let store = Store::open(StoreConfig::new(dir.path())).unwrap();
    let batches = (1..=4).map(|n| {
        if n == 4 {
            soon("the second is durable", || store.durable_position() >= 2);
        }
        let batch = one(n)?;
        Ok::<_, StoreError>(match n {
            2 => batch.durability(Durability::Durable),
            _ => batch,
        })
    });
    assert_eq!(store.import(batches).unwrap().batches, 4);
}

#[test]
fn a_small_queue_makes_an_import_wait_and_changes_nothing_else() {
    let dir = Dir::new();
    let config = StoreConfig::new(dir.path()).max_queued_bytes(1_000);
    let store = Store::open(config).unwrap();
    let payload = "x".repeat(300);
    let mut behind = 0;
    let batches = (0..500).map(|n| -> Result<Batch, StoreError> {
        behind = behind.max(n - store.position());
        Ok(NewEvent::new(&stream(), KIND, &payload).into())
    });
    assert_eq!(store.import(batches).unwrap().events, 500);
    assert!(behind <= 4, "{behind} batches were in flight");
}

#[test]
fn an_error_of_the_source_ends_it_behind_what_is_stored_and_is_kept_as_it_is() {
    let dir = Dir::new();
    let store = dir.open();
    let lines = ["1", "2", "three", "4"];
    let parse = |line: &&str| -> Result<Batch, ParseIntError> {
        Ok(number(&stream(), line.parse()?).into())
    };
    let error = store.import(lines.iter().map(parse)).unwrap_err();
    assert_eq!(count(error.stored), (2, 2, 1, 2));
    assert_eq!(store.durable_position(), 2);
    let ImportFailure::Source(cause) = &error.failure else {
        panic!("{error}");
    };
    assert!(cause.is::<ParseIntError>());
    let text = error.to_string();
    assert!(text.contains("after 2 batches: invalid digit"), "{text}");
}

#[test]
fn a_batch_that_is_refused_ends_it_and_those_before_it_are_stored() {
    let dir = Dir::new();
    let store = dir.open();
    let fresh = |n: u64| -> Result<Batch, StoreError> {
        let stream = coordinate(&format!("case:{}", n % 40), "s");
        Ok(Batch::new()
            .event(number(&stream, n))
            .expect(&stream, Expect::Empty))
    };
    let error = store.import((0..100).map(fresh)).unwrap_err();
    assert_eq!(count(error.stored), (40, 40, 1, 40));
    assert!(
        matches!(&error.failure, ImportFailure::Store(error) if matches!(**error, StoreError::Conflict(_))),
        "{error}"
    );
    assert_eq!((store.position(), store.durable_position()), (40, 40));
    let rest = |n: u64| one(n);
    assert_eq!(store.import((100..110).map(rest)).unwrap().first, 41);
}

#[test]
fn batches_with_ids_can_be_imported_again_from_the_first() {
    let dir = Dir::new();
    let store = dir.open();
    let named = |n: u64| {
        let id = EventId::named(EventId::from_u128(7), format!("line {n}"));
        Batch::new().event(number(&stream(), n).id(id))
    };
    let broken = (0..100).map(|n| match n {
        60 => Err("the line is broken off"),
        _ => Ok(named(n)),
    });
    let error = store.import(broken).unwrap_err();
    assert_eq!(error.stored.batches, 60);
    let whole = || (0..100).map(|n| Ok::<_, StoreError>(named(n)));
    assert_eq!(count(store.import(whole()).unwrap()), (100, 100, 1, 100));
    let all = contents(&store);
    assert_eq!(all.len(), 100);
    store.import(whole()).unwrap();
    assert_eq!(contents(&store), all);
}

#[test]
fn an_import_into_a_store_that_cannot_be_written_to_says_so_and_takes_nothing() {
    let dir = Dir::new();
    let store = dir.open();
    one(1).and_then(|batch| store.commit(batch)).unwrap();
    let reader = Store::open_read_only(dir.config()).unwrap();
    let error = reader.import([one(2)]).unwrap_err();
    assert_eq!(error.stored, Imported::default());
    assert!(
        matches!(error.failure, ImportFailure::Store(error) if matches!(*error, StoreError::ReadOnly(_)))
    );
}

#[test]
fn a_store_that_fails_tells_of_no_more_than_is_durable() {
    let dir = Dir::new();
    let store = dir.open();
    // The next segment cannot be begun then.
    let mut moved = None;
    let batches = (0..10_000).map(|n| {
        if n == 50 {
            moved = Some(std::fs::rename(dir.path(), dir.outside().join("moved")));
        }
        one(n)
    });
    let error = store.import(batches).unwrap_err();
    moved.unwrap().unwrap();
    assert!(matches!(error.failure, ImportFailure::Store(_)), "{error}");
    assert_eq!(error.stored.events, store.durable_position());
    drop(store);
    let config = StoreConfig::new(dir.outside().join("moved"));
    let again = Store::open(config).unwrap();
    assert!(again.position() >= error.stored.last);
}

#[test]
fn imports_and_other_writers_go_on_beside_each_other() {
    let dir = Dir::new();
    let store = dir.open();
    let batches = setting("BATPAK_IMPORT_BATCHES", 500);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (store, stream) = (&store, coordinate(&format!("thread:{thread}"), "s"));
            scope.spawn(move || {
                let batch = |n| Ok::<Batch, StoreError>(number(&stream, n).into());
                let imported = store.import((0..batches).map(batch)).unwrap();
                assert_eq!(imported.events, batches);
                assert!(imported.last - imported.first >= batches - 1);
            });
        }
    });
    assert_eq!(store.durable_position(), 3 * batches);
    assert_eq!(store.verify().unwrap().events, 3 * batches);
}
