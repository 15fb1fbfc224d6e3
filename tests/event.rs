//! Typed events: how they are written, and what reads them back.

mod attributes;
mod bodies;
mod categories;
mod tags;
mod versions;

use batpak::DecodeError;
use batpak::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::{Dir, coordinate};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    city: String,
}

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x5, reserved(0x003 = "Renamed", 0x010..=0x01F))]
enum Customer {
    #[event(id = 0x001)]
    Joined {
        name: String,
        address: Address,
        referred_by: Option<u64>,
    },
    #[event(id = 0x002)]
    Left,
    #[event(id = 0xFFF)]
    Scored { r#type: String, points: Vec<i32> },
}

#[test]
fn events_come_back_from_the_store_as_they_were() {
    let dir = Dir::new();
    let at = coordinate("customer:1", "crm");
    let address = Address {
        street: "Main".to_owned(),
        city: "Ulm".to_owned(),
    };
    let events = [
        Customer::Joined {
            name: "Ada".to_owned(),
            address,
            referred_by: Some(7),
        },
        Customer::Scored {
            r#type: "quiz".to_owned(),
            points: vec![-1, 0, i32::MAX],
        },
        Customer::Left,
    ];
    {
        let store = dir.open();
        events.iter().for_each(|event| {
            store.append_typed(&at, event).unwrap();
        });
    }
    let read: Vec<Customer> = dir
        .open()
        .stream(&at)
        .map(|event| event.unwrap().event().unwrap())
        .collect();
    assert_eq!(read, events);
}

#[test]
fn a_payload_is_a_map_by_field_name_that_any_reader_of_msgpack_understands() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("customer:1", "crm");
    let scored = Customer::Scored {
        r#type: "quiz".to_owned(),
        points: vec![5],
    };
    store.append_typed(&at, &scored).unwrap();
    let event = store.stream(&at).next().unwrap().unwrap();
    let payload: serde_json::Value = event.payload().unwrap();
    assert_eq!(payload, serde_json::json!({"type": "quiz", "points": [5]}));
    assert_eq!(
        (event.header.kind, event.header.version),
        (Customer::SCORED, 1)
    );
}

#[test]
fn the_table_names_every_kind_its_version_and_its_fields() {
    let table: Vec<_> = Customer::TABLE
        .iter()
        .map(|entry| (entry.kind.raw(), entry.name, entry.version, entry.fields))
        .collect();
    assert_eq!(
        table,
        [
            (0x5001, "Joined", 1, &["name", "address", "referred_by"][..]),
            (0x5002, "Left", 1, &[]),
            (0x5FFF, "Scored", 1, &["type", "points"]),
        ]
    );
    assert_eq!(
        (Customer::Left.name(), Customer::Left.kind()),
        ("Left", Customer::LEFT)
    );
}

#[test]
fn reading_tolerates_more_fields_other_orders_and_a_missing_option() {
    #[derive(Serialize)]
    struct Written {
        added_later: Vec<u8>,
        address: Address,
        name: &'static str,
    }
    let written = Written {
        added_later: vec![1, 2],
        address: Address {
            street: "Main".to_owned(),
            city: "Ulm".to_owned(),
        },
        name: "Ada",
    };
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("customer:1", "crm");
    store
        .append(&at, EventKind::custom(0xE, 1), &written)
        .unwrap();
    let event = store.stream(&at).next().unwrap().unwrap();
    let read = Customer::decode(Customer::JOINED, 1, event.payload_bytes()).unwrap();
    assert!(matches!(read, Customer::Joined { name, referred_by: None, .. } if name == "Ada"));
}

#[test]
fn what_cannot_be_read_is_a_typed_error_that_names_the_field() {
    let decode =
        |kind, version, payload: &[u8]| Customer::decode(kind, version, payload).unwrap_err();
    let unknown = decode(EventKind::custom(0x5, 0x003), 1, &[0x80]);
    assert!(matches!(unknown, DecodeError::UnknownKind(_)), "{unknown}");
    let newer = decode(Customer::LEFT, 2, &[0x80]);
    assert_eq!(
        newer.to_string(),
        "version 2 of `Left` (0x5002) is unknown; the newest known is 1: update this program"
    );
    let missing = decode(Customer::JOINED, 1, &[0x80]);
    assert_eq!(missing.to_string(), "field `name` is missing");
    // {"name": 1}
    let wrong = decode(Customer::JOINED, 1, b"\x81\xA4name\x01");
    assert!(
        matches!(wrong, DecodeError::Field { field: "name", .. }),
        "{wrong}"
    );
    for malformed in [
        &b""[..],
        b"\x01",
        b"\x81",
        b"\x81\xA4nam",
        b"\x80\x00",
        b"\xDF\xFF\xFF\xFF\xFF",
    ] {
        let error = decode(Customer::LEFT, 1, malformed);
        assert!(
            matches!(error, DecodeError::Malformed(_)),
            "{malformed:?}: {error}"
        );
    }
}
