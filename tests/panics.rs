//! Code of the caller that panics while the store runs it: it is the caller's panic, and the store goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use batpak::prelude::*;
use batpak::{FoldError, RawEvent};
use serde::{Serialize, Serializer};

use crate::support::{Dir, KIND, coordinate, fill, number};

/// A payload that cannot even be asked.
struct Bomb;

impl Serialize for Bomb {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("the caller's")
    }
}

/// A fold that panics at the second event.
#[derive(Default)]
struct Fragile(u64);

impl Projection for Fragile {
    const KINDS: &'static [EventKind] = &[KIND];
    const VERSION: u32 = 1;
    const NAME: &'static str = "Fragile";

    fn apply(&mut self, _: &RawEvent<'_>) -> Result<(), FoldError> {
        self.0 += 1;
        assert!(self.0 < 2, "the caller's");
        Ok(())
    }
}

#[test]
fn a_panic_in_what_the_caller_gives_to_be_run_harms_neither_the_store_nor_others() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 20);
    let stream = coordinate("a", "s");
    let calls: [(&str, &dyn Fn()); 5] = [
        ("a payload", &|| {
            let _ = store.append(&stream, KIND, &Bomb);
        }),
        ("a payload behind others of its batch", &|| {
            let batch = Batch::new().event(number(&stream, 1));
            let _ = store.commit(batch.event(NewEvent::new(&stream, KIND, &Bomb)));
        }),
        ("a fold", &|| drop(store.project::<Fragile>(&stream))),
        ("a visitor", &|| {
            let visit = |_: &RawEvent<'_>| -> Result<(), StoreError> { panic!("the caller's") };
            let _ = store.query(&Region::all()).for_each_raw(visit);
        }),
        ("what is imported", &|| {
            let next = || -> Option<Result<Batch, StoreError>> { panic!("the caller's") };
            let _ = store.import(std::iter::from_fn(next));
        }),
    ];
    for (n, (what, call)) in calls.iter().enumerate() {
        let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"the caller's"), "{what}");
        assert_eq!(store.position(), 60 + 3 * n as u64, "{what}");
        fill(&store, 1);
    }
    assert_eq!(store.verify().unwrap().events, 75);
    store.close().unwrap();
    assert_eq!(dir.open().position(), 75);
}
