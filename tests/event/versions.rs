//! Events that were changed since they were written.

use batpak::DecodeError;
use batpak::prelude::*;
use serde::Deserialize;

use crate::support::{Dir, coordinate};

/// The program as it was when the first payments were made.
mod first {
    use batpak::prelude::*;

    #[derive(Event)]
    #[event(category = 0x6)]
    pub enum PaymentEvent {
        #[event(id = 0x001)]
        Paid { cents: u64 },
        #[event(id = 0x002)]
        Noted { text: String },
    }
}

/// The program as it was after that.
mod second {
    use batpak::prelude::*;

    #[derive(Event, Debug)]
    #[event(category = 0x6)]
    pub enum PaymentEvent {
        #[event(id = 0x001, version = 2, from(crate::event::versions::PaidV1))]
        Paid { cents: u64, currency: String },
    }

    impl From<crate::event::versions::PaidV1> for PaymentEvent {
        fn from(paid: crate::event::versions::PaidV1) -> Self {
            Self::Paid {
                cents: paid.cents,
                currency: "EUR".to_owned(),
            }
        }
    }
}

#[derive(Deserialize)]
pub struct PaidV1 {
    cents: u64,
}

#[derive(Deserialize)]
struct PaidV2 {
    cents: u64,
    currency: String,
}

impl From<PaidV1> for PaidV2 {
    fn from(PaidV1 { cents }: PaidV1) -> Self {
        let currency = "EUR".to_owned();
        Self { cents, currency }
    }
}

impl From<PaidV2> for PaymentEvent {
    fn from(PaidV2 { cents, currency }: PaidV2) -> Self {
        let amount = format!("{cents} {currency}");
        Self::Paid { amount }
    }
}

#[derive(Debug, Default)]
struct Amounts(Vec<String>);

#[projection(version = 1)]
impl Amounts {
    #[on(PaymentEvent::Paid)]
    fn paid(&mut self, amount: &str) {
        self.0.push(amount.to_owned());
    }
}

state_machine!(
    /// What was paid.
    #[machine(entity = "payment")]
    #[derive(Debug, Clone, PartialEq)]
    enum Payment {
        #[initial]
        Open { amounts: Vec<String> },
    }

    /// The program as it is now.
    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x6)]
    enum PaymentEvent {
        #[event(id = 0x001, version = 3, from(PaidV1, PaidV2))]
        Paid { amount: String },
        #[event(id = 0x002)]
        Noted { text: String },
    }

    fn evolve(payment: Payment, event: PaymentEvent) -> Payment {
        match (payment, event) {
            #[command(pay)]
            (Open { amounts }, Paid { amount }) => Open {
                amounts: amounts.into_iter().chain([amount]).collect(),
            },
            (payment, Noted { .. }) => payment,
        }
    }
);

/// A store with one payment by each of the programs, the newest last.
fn store_of_three_programs(dir: &Dir) -> Store {
    let at = coordinate("payment:1", "till");
    {
        let store = dir.open();
        store
            .append_typed(&at, &first::PaymentEvent::Paid { cents: 5 })
            .unwrap();
        let text = "late".to_owned();
        store
            .append_typed(&at, &first::PaymentEvent::Noted { text })
            .unwrap();
    }
    {
        let store = dir.open();
        let currency = "CHF".to_owned();
        store
            .append_typed(&at, &second::PaymentEvent::Paid { cents: 6, currency })
            .unwrap();
    }
    let store = dir.open();
    let amount = "7 USD".to_owned();
    store
        .append_typed(&at, &PaymentEvent::Paid { amount })
        .unwrap();
    store
}

#[test]
fn every_event_is_read_as_the_newest_version_of_itself() {
    let dir = Dir::new();
    let store = store_of_three_programs(&dir);
    let at = coordinate("payment:1", "till");
    let events: Vec<_> = store.stream(&at).map(Result::unwrap).collect();
    let versions: Vec<u16> = events.iter().map(|event| event.header.version).collect();
    assert_eq!(versions, [1, 1, 2, 3]);
    let read: Vec<PaymentEvent> = events.iter().map(|e| e.event().unwrap()).collect();
    let paid = |amount: &str| PaymentEvent::Paid {
        amount: amount.to_owned(),
    };
    let noted = PaymentEvent::Noted {
        text: "late".to_owned(),
    };
    assert_eq!(read, [paid("5 EUR"), noted, paid("6 CHF"), paid("7 USD")]);
}

#[test]
fn projections_and_machines_fold_earlier_versions_as_the_newest() {
    let dir = Dir::new();
    let store = store_of_three_programs(&dir);
    let amounts = store.fold::<Amounts>(&Region::all()).unwrap();
    assert_eq!(amounts.0, ["5 EUR", "6 CHF", "7 USD"]);
    let at = Payment::at(1, "till").unwrap();
    let AnyPaymentIn::Open(open) = store.load::<Payment>(&at).unwrap();
    assert_eq!(open.amounts(), &amounts.0);
    let open = open
        .pay("8 GBP".to_owned())
        .unwrap()
        .commit(&store)
        .unwrap();
    assert_eq!(open.amounts().len(), 4);
}

#[test]
fn a_version_from_a_newer_program_is_an_error_that_says_so() {
    let dir = Dir::new();
    let store = store_of_three_programs(&dir);
    let at = coordinate("payment:1", "till");
    let newest = store.stream(&at).last().unwrap().unwrap();
    let error = newest.event::<second::PaymentEvent>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "version 3 of `Paid` (0x6001) is unknown; the newest known is 2: update this program"
    );
    let untyped = PaymentEvent::decode(PaymentEvent::PAID, 0, &[0x80]).unwrap_err();
    assert!(
        matches!(untyped, DecodeError::Untyped { event: "Paid", .. }),
        "{untyped}"
    );
}

#[test]
fn an_earlier_payload_that_does_not_fit_its_type_is_an_error() {
    for version in [1, 2] {
        let error = PaymentEvent::decode(PaymentEvent::PAID, version, &[0x80]).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed(_)), "{error}");
        assert!(error.to_string().contains("cents"), "{error}");
    }
}

#[test]
fn an_event_that_had_no_fields_may_have_some_later() {
    mod before {
        #[derive(batpak::Event)]
        #[event(category = 0x6)]
        pub enum Till {
            #[event(id = 0x010)]
            Closed,
            #[event(id = 0x011)]
            Opened,
        }
    }
    #[derive(Event, Debug, PartialEq)]
    #[event(category = 0x6)]
    enum Till {
        #[event(id = 0x010, version = 2, from(ClosedV1))]
        Closed { by: String },
        #[event(id = 0x011, version = 2, from(OpenedV1))]
        Opened { by: String },
    }
    #[derive(Deserialize)]
    struct ClosedV1;
    #[derive(Deserialize)]
    struct OpenedV1 {}
    impl From<ClosedV1> for Till {
        fn from(ClosedV1: ClosedV1) -> Self {
            let by = "unknown".to_owned();
            Self::Closed { by }
        }
    }
    impl From<OpenedV1> for Till {
        fn from(OpenedV1 {}: OpenedV1) -> Self {
            let by = "unknown".to_owned();
            Self::Opened { by }
        }
    }
    for event in [before::Till::Closed, before::Till::Opened] {
        let mut bytes = Vec::new();
        event.encode(&mut bytes).unwrap();
        let read = Till::decode(event.kind(), event.version(), &bytes).unwrap();
        let (Till::Closed { by } | Till::Opened { by }) = &read;
        assert_eq!((by.as_str(), read.kind()), ("unknown", event.kind()));
    }
}

state_machine!(
    #[machine(entity = "payment")]
    #[derive(Debug, Clone)]
    enum Settlement {
        #[initial]
        Due,
        #[terminal]
        Settled,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x6)]
    enum SettlementEvent {
        #[event(id = 0x001, name = "Paid", shape = 0xFA15)]
        Settled { cents: u64 },
    }

    fn evolve(settlement: Settlement, event: SettlementEvent) -> Settlement {
        match (settlement, event) {
            #[command(settle)]
            (Due, Settled { .. }) => Settled,
        }
    }
);

#[derive(Debug, Default)]
struct Settlements(u64);

#[projection]
impl Settlements {
    #[on(SettlementEvent::Settled)]
    fn settled(&mut self, cents: &u64) {
        self.0 += cents;
    }
}

#[test]
fn a_renamed_event_keeps_its_name_and_is_handled_by_its_new_one() {
    let settled = SettlementEvent::Settled { cents: 1 };
    let entry = SettlementEvent::TABLE[0];
    assert_eq!(
        (settled.name(), entry.name, entry.declared),
        ("Paid", "Paid", "Settled")
    );
    assert_eq!(SettlementEvent::SETTLED, first::PaymentEvent::PAID);
    assert_eq!(Settlement::TRANSITIONS[0].event, "Settled");
    assert_eq!(entry.shape, first::PaymentEvent::TABLE[0].shape);

    let dir = Dir::new();
    let store = dir.open();
    let at = Settlement::at(1, "till").unwrap();
    let paid = first::PaymentEvent::Paid { cents: 5 };
    store.append_typed(&at, &paid).unwrap();
    assert_eq!(store.project::<Settlements>(&at).unwrap().0, 5);
    let loaded = store.load::<Settlement>(&at).unwrap();
    assert!(matches!(loaded, AnySettlementIn::Settled(_)));
}

#[test]
fn the_shape_depends_on_what_is_written_and_not_on_its_order() {
    #[derive(Event)]
    #[event(category = 0x6)]
    #[expect(dead_code, reason = "only their shapes matter")]
    enum Shapes {
        #[event(id = 0x001)]
        Plain { cents: u64, to: String },
        #[event(id = 0x002)]
        Swapped { to: String, cents: u64 },
        #[event(id = 0x003)]
        Renamed {
            #[serde(rename = "cents")]
            amount: u64,
            to: String,
            #[serde(skip)]
            cached: bool,
        },
        #[event(id = 0x004)]
        OtherType { cents: i64, to: String },
        #[event(id = 0x005)]
        OtherName { cent: u64, to: String },
    }
    let shapes: Vec<u16> = Shapes::TABLE.iter().map(|entry| entry.shape).collect();
    assert_eq!(shapes[1..3], [shapes[0]; 2]);
    assert!(!shapes[3..].contains(&shapes[0]) && shapes[3] != shapes[4]);
}
