//! Projections: folds over one stream or a region, of the kinds that they name.

use batpak::prelude::*;
use batpak::{DecodeError, EncodeError, Fold, FoldError, KindEntry};

use crate::support::{Dir, coordinate};

mod as_of;
mod kept;
mod narrowed;
mod refused;

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x3)]
enum Till {
    #[event(id = 0x001)]
    Opened { by: String },
    #[event(id = 0x002)]
    Sold { article: String, cents: u64 },
    #[event(id = 0x003)]
    Returned { article: String, cents: u64 },
    #[event(id = 0x004)]
    Closed,
}

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x4)]
enum Audit {
    #[event(id = 0x001)]
    Counted { cents: u64 },
}

/// What has been sold, and what was counted.
#[derive(Debug, Default, PartialEq)]
struct Revenue {
    cents: i64,
    articles: Vec<String>,
    counted: u64,
    last: u64,
    places: Vec<String>,
}

#[projection(version = 3)]
impl Revenue {
    #[on(Till::Sold)]
    fn sold(&mut self, cents: &u64, article: &str) {
        self.cents += *cents as i64;
        self.articles.push(article.to_owned());
    }

    #[on(Till::Returned)]
    fn returned(&mut self, cents: &u64) {
        self.cents -= *cents as i64;
    }

    #[on(Audit::Counted)]
    fn counted(&mut self, cents: &u64, at: &EventMeta<'_>) {
        self.counted = *cents;
        self.last = at.sequence;
        self.places
            .push(format!("{} in {} at {}", at.entity, at.scope, at.revision));
    }

    fn difference(&self) -> i64 {
        self.counted as i64 - self.cents
    }
}

fn till(store: &Store) -> Coordinate {
    let till = coordinate("till:1", "shop");
    let sold = |article: &str, cents| Till::Sold {
        article: article.to_owned(),
        cents,
    };
    let events = [
        Till::Opened {
            by: "carol".to_owned(),
        },
        sold("tea", 300),
        sold("cake", 450),
        Till::Returned {
            article: "cake".to_owned(),
            cents: 450,
        },
        Till::Closed,
    ];
    for event in &events {
        store.append_typed(&till, event).unwrap();
    }
    store
        .append_typed(&till, &Audit::Counted { cents: 290 })
        .unwrap();
    till
}

#[test]
fn a_projection_folds_the_events_that_it_names_and_no_others() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    let revenue: Revenue = store.project(&till).unwrap();
    assert_eq!(
        (revenue.cents, revenue.articles.len(), revenue.difference()),
        (300, 2, -10)
    );
    assert_eq!(revenue.places, ["till:1 in shop at 6"]);
    assert_eq!(Revenue::VERSION, 3);
    assert_eq!(Revenue::KINDS, [Till::SOLD, Till::RETURNED, Audit::COUNTED]);
}

#[test]
fn a_region_is_folded_over_all_its_streams_in_order() {
    let dir = Dir::new();
    let store = dir.open();
    till(&store);
    let other = coordinate("till:2", "shop");
    store
        .append_typed(
            &other,
            &Till::Sold {
                article: "tea".to_owned(),
                cents: 1,
            },
        )
        .unwrap();
    let elsewhere = coordinate("till:1", "other shop");
    store
        .append_typed(
            &elsewhere,
            &Till::Sold {
                article: "gold".to_owned(),
                cents: 9_999,
            },
        )
        .unwrap();
    let revenue: Revenue = store.fold(&Region::all().scope("shop")).unwrap();
    assert_eq!((revenue.cents, revenue.last), (301, 6));
    let early: Revenue = store.fold(&Region::all().positions(..=2)).unwrap();
    assert_eq!(early.cents, 300);
    assert_eq!(
        store.fold::<Revenue>(&Region::all().category(0x9)).unwrap(),
        Revenue::default()
    );
}

#[test]
fn an_event_that_does_not_decode_is_an_error_with_its_place() {
    let dir = Dir::new();
    let store = dir.open();
    let till = till(&store);
    // Untyped, under a kind that the projection names: version 0 is none of the type's.
    store.append(&till, Till::SOLD, &"not a sale").unwrap();
    let error = store.project::<Revenue>(&till).unwrap_err();
    match &error {
        StoreError::Fold {
            position: 7,
            coordinate,
            source,
        } => {
            assert_eq!(coordinate, &till);
            let FoldError::Decode(DecodeError::Untyped { event, .. }) = source else {
                panic!("{source}");
            };
            assert_eq!(*event, "Sold");
        }
        other => panic!("{other}"),
    }
    // A projection that does not name the kind never decodes it.
    #[derive(Default)]
    struct Openings(u64);
    #[projection]
    impl Openings {
        #[on(Till::Opened | Till::Closed)]
        fn happened(&mut self) {
            self.0 += 1;
        }
    }
    assert_eq!(store.project::<Openings>(&till).unwrap().0, 2);
}

/// Events that are no enum's variants with named fields, written as their cents.
mod others {
    use super::*;

    #[derive(Debug, PartialEq)]
    pub struct Tip {
        pub cents: u64,
    }

    #[derive(Debug, PartialEq)]
    pub struct Rent(pub u64);

    #[derive(Debug, PartialEq)]
    pub enum Loan {
        Taken(u64),
        Repaid { cents: u64 },
    }

    fn cents(kind: EventKind, bytes: &[u8]) -> Result<u64, DecodeError> {
        let bytes = bytes.try_into();
        bytes
            .map(u64::from_le_bytes)
            .map_err(|_| DecodeError::UnknownKind(kind))
    }

    const TIP: EventKind = EventKind::custom(0x6, 0x001);
    const RENT: EventKind = EventKind::custom(0x6, 0x002);
    const TAKEN: EventKind = EventKind::custom(0x6, 0x003);
    const REPAID: EventKind = EventKind::custom(0x6, 0x004);

    macro_rules! payload {
        ($ty:ty, $table:expr, $self:ident => $of:expr, ($kind:ident, $cents:ident) => $from:expr) => {
            impl EventPayload for $ty {
                const TABLE: &'static [KindEntry] = $table;

                fn kind(&self) -> EventKind {
                    let $self = self;
                    $of.0
                }

                fn version(&self) -> u16 {
                    1
                }

                fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                    let $self = self;
                    out.extend_from_slice(&u64::to_le_bytes($of.1));
                    Ok(())
                }

                fn decode($kind: EventKind, _: u16, bytes: &[u8]) -> Result<Self, DecodeError> {
                    let $cents = cents($kind, bytes)?;
                    Ok($from)
                }
            }
        };
    }

    payload!(
        Tip,
        &[KindEntry::new(TIP, "Tip", 1, &["cents"], 0)],
        tip => (TIP, tip.cents),
        (kind, cents) => Tip { cents }
    );
    payload!(
        Rent,
        &[KindEntry::new(RENT, "Rent", 1, &[], 0)],
        rent => (RENT, rent.0),
        (kind, cents) => Rent(cents)
    );
    payload!(
        Loan,
        &[
            KindEntry::new(TAKEN, "Taken", 1, &[], 0),
            KindEntry::new(REPAID, "Repaid", 1, &["cents"], 0),
        ],
        loan => match loan {
            Loan::Taken(cents) => (TAKEN, *cents),
            Loan::Repaid { cents } => (REPAID, *cents),
        },
        (kind, cents) => match kind {
            TAKEN => Loan::Taken(cents),
            _ => Loan::Repaid { cents },
        }
    );
}

use others::Loan as Credit;
use others::Rent;

/// What came in and went out besides sales.
#[derive(Debug, Default, PartialEq)]
struct Cash {
    came: u64,
    went: u64,
    calls: Vec<&'static str>,
}

#[projection]
impl Cash {
    /// A struct in another module, and a variant of an enum under another name.
    #[on(others::Tip | Credit::Taken(cents))]
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn came(&mut self, cents: &u64) {
        self.came += cents;
        self.calls.push("came");
    }

    #[on(Rent(payload))]
    #[on(Credit::Repaid)]
    const fn paid(&mut self) {
        self.went += 1;
    }
}

#[test]
fn a_projection_handles_structs_and_the_payloads_of_tuples() {
    let dir = Dir::new();
    let store = dir.open();
    let cash = coordinate("cash:1", "shop");
    store
        .append_typed(&cash, &others::Tip { cents: 20 })
        .unwrap();
    store.append_typed(&cash, &Rent(900)).unwrap();
    store.append_typed(&cash, &Credit::Taken(1_000)).unwrap();
    store
        .append_typed(&cash, &Credit::Repaid { cents: 5 })
        .unwrap();
    let cash: Cash = store.project(&cash).unwrap();
    assert_eq!((cash.came, cash.went), (1_020, 2));
    assert_eq!(cash.calls, ["came", "came"]);
    let ids = Cash::KINDS.iter().map(|kind| kind.raw());
    assert!(ids.eq([0x6001, 0x6003, 0x6002, 0x6004]));
}

#[test]
fn a_projection_without_headers_folds_decoded_events_of_each_type_that_it_names() {
    let mut cash = Cash::default();
    cash.fold(&others::Tip { cents: 3 });
    cash.fold(&Rent(1));
    cash.fold(&Credit::Taken(4));
    assert_eq!((cash.came, cash.went), (7, 1));
}
