//! Only the kinds that a fold names are read, where that is less to read.

use std::fs;

use batpak::Access;
use batpak::prelude::*;

use crate::support::{Dir, bodies, coordinate};

#[derive(Event, Debug, Clone)]
#[event(category = 0x3)]
enum Till {
    #[event(id = 0x001)]
    Sold { cents: u64 },
}

/// What happens all the time, and concerns nobody.
#[derive(Event, Debug, Clone)]
#[event(category = 0x4)]
enum Sensor {
    #[event(id = 0x001)]
    Measured { n: u64 },
}

#[derive(Debug, Default, PartialEq)]
struct Revenue(u64);

#[projection]
impl Revenue {
    #[on(Till::Sold)]
    fn sold(&mut self, cents: &u64) {
        self.0 += cents;
    }
}

state_machine!(
    #[derive(Debug, Clone, PartialEq)]
    enum Selling {
        #[initial]
        Begun { cents: u64 },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x3)]
    enum Sale {
        #[event(id = 0x001)]
        Sold { cents: u64 },
    }

    fn evolve(selling: Selling, event: Sale) -> Selling {
        match (selling, event) {
            (Begun { cents }, Sold { cents: more }) => Begun {
                cents: cents + more,
            },
        }
    }
);

/// How many events of the sensor come after a sale.
const BETWEEN: u64 = 500;
const SALES: u64 = 10;

/// One stream with few sales, each with very many events of the other sort behind it.
fn sales(store: &Store) -> Coordinate {
    let till = coordinate("till:1", "shop");
    for cents in 1..=SALES {
        let sold = NewEvent::of(&till, &Till::Sold { cents });
        let mut batch = Batch::from(sold).durability(Durability::Buffered);
        batch.extend((0..BETWEEN).map(|n| NewEvent::of(&till, &Sensor::Measured { n })));
        store.commit(batch).unwrap();
    }
    store.flush().unwrap();
    till
}

const SUM: u64 = SALES * (SALES + 1) / 2;

/// Spoils the events of the sensor, but the first hundred, which the fold reads before it knows, and the last, with
/// which an opening compares the index.
fn spoil_others(dir: &Dir) {
    let last = SALES * (BETWEEN + 1);
    let mut position = 0;
    for segment in dir.segments() {
        let mut bytes = fs::read(&segment).unwrap();
        for (at, len) in bodies(&bytes) {
            // Neither a mark nor a footer.
            if !matches!(bytes[at], 0x91 | 0x94) {
                position += 1;
                let is_sale = position % (BETWEEN + 1) == 1;
                if !is_sale && position > 100 && position != last {
                    bytes[at + len - 1] ^= 1;
                }
            }
        }
        fs::write(segment, bytes).unwrap();
    }
    assert_eq!(position, last);
}

#[test]
fn events_of_other_kinds_are_not_read() {
    let dir = Dir::new();
    let config = || dir.config().segment_bytes(64 << 10);
    let store = Store::open(config()).unwrap();
    let till = sales(&store);
    store.close().unwrap();
    spoil_others(&dir);
    let store = Store::open(config()).unwrap();
    assert!(store.stream(&till).any(|event| event.is_err()));

    let all = Region::all();
    let of_stream = Region::stream(&till);
    let newest = AsOf::Position(store.position());
    for revenue in [
        store.project(&till),
        store.fold(&all),
        store.fold(&of_stream),
        store.query(&all).project(),
        store.fold_as_of(&all, newest),
        store.project_as_of(&till, newest),
        store
            .observe::<Revenue>(&all)
            .map(|observed| Revenue(observed.get().0)),
    ] {
        assert_eq!(revenue.unwrap(), Revenue(SUM));
    }
}

#[test]
fn a_machine_is_loaded_at_the_head_of_its_stream_whatever_the_events_behind_it_are() {
    let dir = Dir::new();
    let config = || dir.config().segment_bytes(64 << 10);
    let store = Store::open(config()).unwrap();
    let till = sales(&store);
    store.close().unwrap();
    spoil_others(&dir);
    let store = Store::open(config()).unwrap();
    let AnySellingIn::Begun(selling) = store.load::<Selling>(&till).unwrap();
    let newest = store.position();
    assert_eq!(selling.cents(), &SUM);
    let cursor = selling.cursor();
    assert_eq!((cursor.revision(), cursor.sequence()), (newest, newest));
}

#[test]
fn a_fold_is_planned_by_the_kinds_that_it_names() {
    let dir = Dir::new();
    let store = dir.open();
    sales(&store);
    let plan = store.explain(&Revenue::narrow(Region::all())).unwrap();
    assert_eq!(plan.candidates, SALES, "{plan}");
    assert!(
        matches!(plan.items[0].access, Access::Lookup { .. }),
        "{plan}"
    );
    let plan = store.explain(&Selling::narrow(Region::all())).unwrap();
    assert_eq!(plan.candidates, SALES, "{plan}");
}

#[test]
fn a_query_of_which_some_was_given_already_folds_what_is_left() {
    let dir = Dir::new();
    let store = dir.open();
    let till = sales(&store);
    let all = Region::all();
    let mut events = store.query(&all);
    events.next().unwrap().unwrap();
    assert_eq!(events.project::<Revenue>().unwrap(), Revenue(SUM - 1));
    let mut events = store.query(&all);
    let last_sale = (SALES - 1) * (BETWEEN + 1) + 1;
    while events.next_back().unwrap().unwrap().header.sequence > last_sale {}
    assert_eq!(events.project::<Revenue>().unwrap(), Revenue(SUM - SALES));
    let later = store.stream_from(&till, 2);
    assert_eq!(later.project::<Revenue>().unwrap(), Revenue(SUM - 1));
    let later = store.query(&all).skip_to(2);
    assert_eq!(later.project::<Revenue>().unwrap(), Revenue(SUM - 1));
}
