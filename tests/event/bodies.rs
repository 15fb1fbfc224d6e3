//! Events that are structs, and events that carry one.

use batpak::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::{Dir, coordinate};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PaidBody {
    cents: u64,
    #[serde(rename = "from")]
    payer: String,
}

#[derive(Event, Debug, PartialEq)]
#[event(category = 0x7)]
enum Carrying {
    #[event(id = 0x001, version = 2, from(PaidV1))]
    Paid(PaidBody),
    #[event(id = 0x002)]
    Closed,
}

#[derive(Deserialize)]
struct PaidV1 {
    cents: u64,
}

impl From<PaidV1> for Carrying {
    fn from(PaidV1 { cents }: PaidV1) -> Self {
        let payer = "unknown".to_owned();
        Self::Paid(PaidBody { cents, payer })
    }
}

#[derive(Event, Debug, PartialEq)]
#[event(category = 0x7)]
enum Named {
    #[event(id = 0x001, version = 2, from(PaidV1))]
    Paid { cents: u64, from: String },
}

impl From<PaidV1> for Named {
    fn from(PaidV1 { cents }: PaidV1) -> Self {
        let from = "unknown".to_owned();
        Self::Paid { cents, from }
    }
}

/// One kind, as a struct.
#[derive(Event, Debug, PartialEq)]
#[event(category = 0x7, id = 0x010, version = 2, from(OpenedV1))]
struct Opened {
    by: String,
    #[serde(default)]
    #[event(tag)]
    branch: Option<u8>,
}

#[derive(Deserialize)]
struct OpenedV1 {
    who: String,
}

impl From<OpenedV1> for Opened {
    fn from(OpenedV1 { who }: OpenedV1) -> Self {
        Self {
            by: who,
            branch: None,
        }
    }
}

#[derive(Event, Debug, PartialEq)]
#[event(category = 0x7, id = 0x011, name = "Shut")]
struct Closed;

#[derive(Event, Debug, PartialEq)]
#[event(category = 0x7, id = 0x012)]
struct Settled(PaidBody);

fn body() -> PaidBody {
    PaidBody {
        cents: 5,
        payer: "Ada".to_owned(),
    }
}

fn encoded(event: &impl EventPayload) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.encode(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_payload_struct_is_written_as_its_fields_would_be() {
    let named = Named::Paid {
        cents: 5,
        from: "Ada".to_owned(),
    };
    let bytes = encoded(&Carrying::Paid(body()));
    assert_eq!(bytes, encoded(&named));
    assert_eq!(bytes, encoded(&Settled(body())));
    assert_eq!(Named::decode(Named::PAID, 2, &bytes).unwrap(), named);
    let carrying = Carrying::decode(Carrying::PAID, 2, &bytes).unwrap();
    assert_eq!(carrying, Carrying::Paid(body()));
    let earlier = Carrying::decode(Carrying::PAID, 1, b"\x81\xA5cents\x05").unwrap();
    assert!(matches!(earlier, Carrying::Paid(paid) if paid.payer == "unknown"));
}

#[test]
fn a_payload_that_is_no_map_is_refused_when_it_is_written() {
    #[derive(Serialize, Deserialize)]
    struct Point(u8, u8);
    #[derive(Event)]
    #[event(category = 0x7, id = 0x013)]
    struct Drawn(Point);

    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("page:1", "book");
    let error = store.append_typed(&at, &Drawn(Point(1, 2))).unwrap_err();
    assert!(matches!(error, StoreError::Encode(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "cannot encode Drawn: its payload is not a struct with named fields"
    );
}

#[test]
fn structs_are_events_of_one_kind() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("till:1", "shop");
    let opened = Opened {
        by: "Ada".to_owned(),
        branch: Some(4),
    };
    store.append_typed(&at, &opened).unwrap();
    store.append_typed(&at, &Closed).unwrap();
    store.append_typed(&at, &Settled(body())).unwrap();
    let read: Vec<_> = store.stream(&at).map(Result::unwrap).collect();
    assert_eq!(read[0].event::<Opened>().unwrap(), opened);
    assert_eq!(read[0].header.kind, Opened::KIND);
    assert_eq!(read[0].tags, [Tag::new("branch", 4).unwrap()]);
    assert_eq!(read[1].event::<Closed>().unwrap(), Closed);
    assert_eq!(read[2].event::<Settled>().unwrap(), Settled(body()));
    assert_eq!((Closed.name(), Closed::TABLE.len()), ("Shut", 1));

    let earlier = Opened::decode(Opened::KIND, 1, b"\x81\xA3who\xA3Ada").unwrap();
    assert_eq!((earlier.by.as_str(), earlier.branch), ("Ada", None));
}

#[test]
fn the_table_says_nothing_of_the_fields_of_a_payload_struct() {
    let fields: Vec<_> = Carrying::TABLE.iter().map(|entry| entry.fields).collect();
    assert_eq!(fields, [&[] as &[&str], &[]]);
    assert_eq!(Opened::TABLE[0].fields, ["by", "branch"]);
    assert_eq!(Carrying::CLOSED.id(), Carrying::Closed.kind().id());
}

/// What was paid, in whichever form.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    paid: u64,
    opened: Vec<String>,
    shut: u64,
}

#[projection]
impl Sums {
    #[on(Carrying::Paid(body))]
    #[on(Settled(body))]
    fn paid(&mut self, body: &PaidBody) {
        self.paid += body.cents;
    }

    #[on(Opened)]
    fn opened(&mut self, by: &str) {
        self.opened.push(by.to_owned());
    }

    #[on(Closed)]
    fn shut(&mut self) {
        self.shut += 1;
    }
}

#[test]
fn projections_fold_structs_and_payload_structs() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("till:1", "shop");
    let opened = Opened {
        by: "Ada".to_owned(),
        branch: None,
    };
    store.append_typed(&at, &opened).unwrap();
    store.append_typed(&at, &Carrying::Paid(body())).unwrap();
    store.append_typed(&at, &Settled(body())).unwrap();
    store.append_typed(&at, &Closed).unwrap();
    let sums: Sums = store.project(&at).unwrap();
    let expected = Sums {
        paid: 10,
        opened: vec!["Ada".to_owned()],
        shut: 1,
    };
    assert_eq!(sums, expected);
}

state_machine!(
    #[machine(entity = "bill")]
    #[derive(Debug, Clone)]
    enum Bill {
        #[initial]
        Open,
        #[terminal]
        Paid { cents: u64 },
    }

    #[derive(Event, Debug, PartialEq, Clone)]
    #[event(category = 0x7)]
    enum BillEvent {
        #[event(id = 0x020)]
        Paid(PaidBody),
    }

    fn evolve(bill: Bill, event: BillEvent) -> Bill {
        match (bill, event) {
            #[command(pay)]
            (Open, Paid(body)) => Paid { cents: body.cents },
        }
    }
);

#[test]
fn a_machine_has_events_that_carry_a_payload_struct() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Bill::at(1, "shop").unwrap();
    let AnyBillIn::Open(bill) = store.load::<Bill>(&at).unwrap() else {
        panic!("the bill is new");
    };
    bill.pay(body()).unwrap().commit(&store).unwrap();
    let AnyBillIn::Paid(bill) = store.load::<Bill>(&at).unwrap() else {
        panic!("the bill is paid");
    };
    assert_eq!(bill.cents(), &5);
}
