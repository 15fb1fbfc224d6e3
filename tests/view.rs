//! Live views: projections that are kept up to date.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use batpak::prelude::*;
use batpak::{ProjectionCache, ViewError, ViewFailure};

use crate::support::{Dir, coordinate, soon};

#[derive(Event, Debug, Clone)]
#[event(category = 0x6)]
enum Till {
    #[event(id = 0x001)]
    Sold { cents: u64 },
    #[event(id = 0x002)]
    Refused { why: String },
    #[event(id = 0x003)]
    Broke,
    #[event(id = 0x004)]
    Opened,
}

/// What has been sold, and how often.
#[derive(Debug, Default, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Revenue {
    cents: u64,
    sales: u64,
}

#[projection(snapshot)]
impl Revenue {
    #[on(Till::Sold)]
    fn sold(&mut self, cents: &u64) {
        self.cents += cents;
        self.sales += 1;
    }

    #[on(Till::Refused)]
    fn refused(&mut self, why: &str) -> Result<(), String> {
        Err(why.to_owned())
    }

    #[on(Till::Broke)]
    fn broke(&mut self) {
        panic!("the till is broken");
    }
}

fn all() -> Region {
    Region::all().scope("shop")
}

fn append(store: &Store, event: &Till) -> u64 {
    let receipt = store.append_typed(&coordinate("till:1", "shop"), event);
    receipt.unwrap().sequence
}

fn sell(store: &Store, cents: u64) -> u64 {
    append(store, &Till::Sold { cents })
}

/// How the view has stopped.
fn stopped(view: &LiveView<Revenue>) -> ViewError {
    soon("the view stops", || view.error().is_some());
    view.error().unwrap()
}

#[test]
fn a_view_has_what_was_there_from_the_start_and_what_comes_once_it_is_waited_for() {
    let dir = Dir::new();
    let store = dir.open();
    sell(&store, 5);
    let view = store.view::<Revenue>(&all()).unwrap();
    assert_eq!((view.get().cents, view.position(), view.lag()), (5, 1, 0));
    let old = view.get();
    for n in 1..=100 {
        let position = sell(&store, 1);
        assert_eq!(view.wait_for(position).unwrap().cents, 5 + n);
        assert!(view.position() >= position);
    }
    assert_eq!(old.cents, 5);
    // What the projection does not name moves it on as well, and so does what is elsewhere.
    append(&store, &Till::Opened);
    let receipt = store.append_typed(&coordinate("till:1", "elsewhere"), &Till::Broke);
    view.wait_for(receipt.unwrap().sequence).unwrap();
    assert_eq!(*view.catch_up().unwrap(), store.fold(&all()).unwrap());
    view.stop().unwrap();
}

#[test]
fn many_who_look_at_a_view_see_it_grow_and_hold_nobody_up() {
    let dir = Dir::new();
    let config = dir.config().segment_bytes(64 << 10);
    let store = Store::open(config.durability(Durability::Buffered)).unwrap();
    let view = store.view::<Revenue>(&all()).unwrap();
    let is_over = AtomicBool::new(false);
    let looks = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut before = 0;
                while !is_over.load(Ordering::Acquire) {
                    let seen = view.get();
                    assert!(seen.sales >= before && seen.cents == 3 * seen.sales);
                    before = seen.sales;
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..20_000 {
            sell(&store, 3);
        }
        store.flush().unwrap();
        assert_eq!(view.catch_up().unwrap().sales, 20_000);
        is_over.store(true, Ordering::Release);
    });
    assert!(looks.load(Ordering::Relaxed) > 0);
}

#[test]
fn an_event_that_cannot_be_folded_stops_a_view_with_its_place_and_leaves_what_was_shown() {
    let dir = Dir::new();
    let store = dir.open();
    let view = store.view::<Revenue>(&all()).unwrap();
    view.wait_for(sell(&store, 5)).unwrap();
    let why = "no cash".to_owned();
    let position = append(&store, &Till::Refused { why });
    let error = stopped(&view);
    match &error.failure {
        ViewFailure::Fold(fold) => {
            let said = fold.to_string();
            assert!(matches!(&**fold, StoreError::Fold { position: at, .. } if *at == position));
            assert!(
                said.contains("no cash") && said.contains("till:1@shop"),
                "{said}"
            );
        }
        other => panic!("{other}"),
    }
    assert_eq!(error.position, 1);
    assert_eq!(view.get().cents, 5);
    let later = sell(&store, 1);
    assert!(view.wait_for(later).is_err());
    assert!(view.rebuild().is_err());
    assert!(view.stop().is_err());
    // What is there already is told at once.
    assert!(matches!(
        store.view::<Revenue>(&all()),
        Err(StoreError::Fold { .. })
    ));
}

#[test]
fn a_projection_that_panics_stops_its_view_and_nothing_else() {
    let dir = Dir::new();
    let store = dir.open();
    let view = store.view::<Revenue>(&all()).unwrap();
    append(&store, &Till::Broke);
    match stopped(&view).failure {
        ViewFailure::Panicked(said) => assert_eq!(&*said, "the till is broken"),
        other => panic!("{other}"),
    }
    sell(&store, 1);
    store.close().unwrap();
}

#[test]
fn a_dropped_store_stops_its_views_and_they_do_not_keep_it_open() {
    let dir = Dir::new();
    let store = dir.open();
    let view = store.view::<Revenue>(&all()).unwrap();
    view.wait_for(sell(&store, 5)).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| view.wait_for(7));
        std::thread::sleep(Duration::from_millis(20));
        drop(store);
        let error = waiting.join().unwrap().unwrap_err();
        assert!(matches!(error.failure, ViewFailure::Stopped), "{error}");
    });
    let store = dir.open();
    sell(&store, 5);
    assert_eq!((view.get().cents, view.position()), (5, 1));
    assert!(view.error().is_none());
    assert!(view.rebuild().is_err());
}

#[test]
fn a_view_that_is_rebuilt_goes_on_with_the_new_state_and_misses_nothing() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    let view = store.view::<Revenue>(&all()).unwrap();
    std::thread::scope(|scope| {
        let selling = scope.spawn(|| {
            for _ in 0..3_000 {
                sell(&store, 2);
            }
        });
        let mut before = 0;
        for _ in 0..20 {
            view.rebuild().unwrap();
            let now = view.get();
            assert!(now.sales >= before);
            before = now.sales;
        }
        selling.join().unwrap();
    });
    view.rebuild().unwrap();
    assert_eq!(view.catch_up().unwrap().sales, 3_000);
}

#[test]
fn a_rebuild_that_fails_says_so_and_leaves_the_view_at_work() {
    let dir = Dir::new();
    let store = dir.open();
    for n in 0..40 {
        sell(&store, n);
    }
    let view = store.view::<Revenue>(&all()).unwrap();
    let path = dir.segments()[0].clone();
    let mut bytes = std::fs::read(&path).unwrap();
    let (at, len) = crate::support::bodies(&bytes)[1];
    bytes[at + len - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = view.rebuild().unwrap_err();
    assert!(matches!(&error.failure, ViewFailure::Store(_)), "{error}");
    assert!(view.error().is_none());
    let sold = sell(&store, 1);
    assert_eq!(view.wait_for(sold).unwrap().sales, 41);
}

#[test]
fn a_view_begins_with_what_is_kept_of_it_and_keeps_what_it_has_come_to() {
    let dir = Dir::new();
    let config = dir.config().projection_cache(ProjectionCache::memory());
    let store = Store::open(config.clone()).unwrap();
    for n in 0..40 {
        sell(&store, n);
    }
    let view = store.view::<Revenue>(&all()).unwrap();
    view.wait_for(sell(&store, 1)).unwrap();
    view.stop().unwrap();
    store.close().unwrap();
    // The beginning of the log cannot be read any more, and nobody needs it.
    let path = dir.segments()[0].clone();
    let mut bytes = std::fs::read(&path).unwrap();
    let (at, len) = crate::support::bodies(&bytes)[1];
    bytes[at + len - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let store = Store::open(config).unwrap();
    let view = store.view::<Revenue>(&all()).unwrap();
    assert_eq!(view.get().sales, 41);
    let other = Region::all().entity("till:1");
    assert!(store.view::<Revenue>(&other).is_err());
}

#[test]
fn a_store_that_is_open_for_reading_has_views_of_what_its_writer_appends() {
    let dir = Dir::new();
    let store = dir.open();
    sell(&store, 1);
    let reader = Store::open_read_only(dir.config()).unwrap();
    let view = reader.view::<Revenue>(&all()).unwrap();
    for n in 2..=50 {
        let position = sell(&store, 1);
        assert_eq!(view.wait_for(position).unwrap().sales, n);
    }
    drop(reader);
    assert!(view.wait_for(1_000).is_err());
}
