//! What a fold cannot take: an error with the event's place, and nothing is passed over.

use std::panic::{AssertUnwindSafe, catch_unwind};

use batpak::prelude::*;
use batpak::{DecodeError, FoldError};

use super::{Till, till};
use crate::support::{Dir, coordinate};

/// The program that writes `Sold` in another form.
mod other_form {
    use batpak::prelude::*;

    #[derive(Event)]
    #[event(category = 0x3)]
    pub enum Till {
        #[event(id = 0x002)]
        Sold { article: u64, cents: String },
    }
}

/// The program of tomorrow.
mod newer {
    use batpak::prelude::*;
    use serde::Deserialize;

    #[derive(Event)]
    #[event(category = 0x3)]
    pub enum Till {
        #[event(id = 0x002, version = 2, from(SoldV1))]
        Sold { article: String, euros: u64 },
        #[event(id = 0x00F, name = "Inspected")]
        Inspected,
    }

    #[derive(Deserialize)]
    pub struct SoldV1 {
        article: String,
        cents: u64,
    }

    impl From<SoldV1> for Till {
        fn from(SoldV1 { article, cents }: SoldV1) -> Self {
            Self::Sold {
                article,
                euros: cents / 100,
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct TooDear(u64);

impl std::fmt::Display for TooDear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cents are too much", self.0)
    }
}

impl std::error::Error for TooDear {}

/// Sales of at most 1000 cents, none of them returned, by handlers that refuse by errors of several types.
#[derive(Debug, Default, PartialEq)]
struct Strict {
    cents: u64,
    last: u64,
}

type Nothing = Result<(), String>;

#[projection]
impl Strict {
    #[on(Till::Sold)]
    fn sold(&mut self, cents: &u64, at: &EventMeta<'_>) -> Result<(), TooDear> {
        if *cents > 1_000 {
            return Err(TooDear(*cents));
        }
        self.cents += cents;
        self.last = at.sequence;
        Ok(())
    }

    #[on(Till::Returned)]
    fn returned(&mut self, article: &str) -> Nothing {
        match article {
            "cake" => Ok(()),
            other => Err(format!("{other} is not taken back")),
        }
    }
}

/// That the stream cannot be folded because of its newest event, by whatever way: what the reason is.
fn refused_at_newest<P: Projection>(store: &Store, at: &Coordinate) -> FoldError {
    let newest = store.position();
    let reason = |folded: Result<P, StoreError>| match folded.err() {
        Some(StoreError::Fold {
            position,
            coordinate,
            source,
        }) => {
            assert_eq!((position, &coordinate), (newest, at));
            source
        }
        other => panic!("{other:?}"),
    };
    let before = AsOf::Position(newest - 1);
    assert!(store.project_as_of::<P>(at, before).is_ok());
    let all = Region::all();
    let reasons = [
        reason(store.project(at)),
        reason(store.fold(&all)),
        reason(store.query(&all).project()),
        reason(store.project_as_of(at, AsOf::Position(newest))),
    ];
    let [first, others @ ..] = reasons;
    for other in others {
        assert_eq!(first.to_string(), other.to_string());
    }
    first
}

#[test]
fn a_handler_refuses_an_event_by_its_error_which_is_kept() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    assert_eq!(store.project::<Strict>(&till).unwrap().cents, 750);
    let dear = Till::Sold {
        article: "gold".to_owned(),
        cents: 9_999,
    };
    store.append_typed(&till, &dear).unwrap();
    let FoldError::Refused(error) = refused_at_newest::<Strict>(&store, &till) else {
        panic!("not refused");
    };
    assert_eq!(error.downcast_ref(), Some(&TooDear(9_999)));
    let error = store.project::<Strict>(&till).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot fold the event at position 7 (till:1@shop): 9999 cents are too much"
    );
}

#[test]
fn a_handler_may_refuse_by_a_text() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    let returned = Till::Returned {
        article: "tea".to_owned(),
        cents: 1,
    };
    store.append_typed(&till, &returned).unwrap();
    let reason = refused_at_newest::<Strict>(&store, &till);
    assert_eq!(reason.to_string(), "tea is not taken back");
}

#[test]
fn a_payload_of_another_form_is_an_error() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    let sold = other_form::Till::Sold {
        article: 7,
        cents: "three".to_owned(),
    };
    store.append_typed(&till, &sold).unwrap();
    let reason = refused_at_newest::<super::Revenue>(&store, &till);
    assert!(
        matches!(reason, FoldError::Decode(DecodeError::Field { .. })),
        "{reason}"
    );
}

#[test]
fn an_event_of_a_newer_version_is_an_error() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    let sold = newer::Till::Sold {
        article: "tea".to_owned(),
        euros: 3,
    };
    store.append_typed(&till, &sold).unwrap();
    let reason = refused_at_newest::<super::Revenue>(&store, &till);
    assert!(
        matches!(
            reason,
            FoldError::Decode(DecodeError::UnknownVersion {
                event: "Sold",
                version: 2,
                newest: 1,
                ..
            })
        ),
        "{reason}"
    );
}

state_machine!(
    #[derive(Debug, Clone, PartialEq)]
    enum Drawer {
        #[initial]
        Shut,
        Open,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x3)]
    enum DrawerEvent {
        #[event(id = 0x00A)]
        Opened,
        #[event(id = 0x00B)]
        Pushed,
    }

    fn evolve(drawer: Drawer, event: DrawerEvent) -> Drawer {
        match (drawer, event) {
            (Shut, Opened) => Open,
            (Open, Pushed) => Shut,
        }
    }
);

#[test]
fn a_machine_takes_no_kind_of_its_category_that_it_does_not_know() {
    let dir = Dir::new();
    let store = dir.open();
    let drawer = coordinate("drawer:1", "shop");
    for event in [DrawerEvent::Opened, DrawerEvent::Pushed] {
        store.append_typed(&drawer, &event).unwrap();
    }
    store
        .append_typed(&drawer, &newer::Till::Inspected)
        .unwrap();
    let reason = refused_at_newest::<Drawer>(&store, &drawer);
    assert!(
        matches!(
            reason,
            FoldError::UnknownKind {
                machine: "Drawer",
                ..
            }
        ),
        "{reason}"
    );
    assert!(matches!(
        store.load::<Drawer>(&drawer),
        Err(StoreError::Fold { position: 3, .. })
    ));
}

#[test]
fn a_machine_takes_no_event_that_its_table_does_not_allow() {
    let dir = Dir::new();
    let store = dir.open();
    let drawer = coordinate("drawer:1", "shop");
    store.append_typed(&drawer, &DrawerEvent::Opened).unwrap();
    store.append_typed(&drawer, &DrawerEvent::Opened).unwrap();
    let reason = refused_at_newest::<Drawer>(&store, &drawer);
    assert!(matches!(reason, FoldError::Illegal(_)), "{reason}");
}

/// A handler that panics at the cake.
#[derive(Debug, Default)]
struct Allergic(u64);

#[projection]
impl Allergic {
    #[on(Till::Sold)]
    fn sold(&mut self, article: &str) {
        assert_ne!(article, "cake", "no cake");
        self.0 += 1;
    }
}

#[test]
fn a_panic_of_a_handler_is_the_callers_and_the_store_goes_on() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    for n in 0..3 {
        let folding = AssertUnwindSafe(|| store.project::<Allergic>(&till));
        let panic = catch_unwind(folding).unwrap_err();
        let said: &String = panic.downcast_ref().unwrap();
        assert!(said.contains("no cake"), "{said}");
        store.append_typed(&till, &Till::Closed).unwrap();
        assert_eq!(store.position(), 7 + n);
    }
    let before = AsOf::Position(2);
    assert_eq!(store.project_as_of::<Allergic>(&till, before).unwrap().0, 1);
    assert_eq!(store.verify().unwrap().events, 9);
}
