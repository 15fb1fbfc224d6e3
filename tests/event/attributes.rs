//! serde's attributes on the fields of events.

use batpak::DecodeError;
use batpak::prelude::*;
use serde::{Deserialize, Serialize};

/// Numbers as text.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(number: &super::Plain, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&number.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<super::Plain, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(super::Plain).map_err(de::Error::custom)
    }
}

/// Without serde.
#[derive(Debug, Clone, PartialEq, Default)]
struct Plain(u32);

fn nine() -> u8 {
    9
}

#[derive(Event, Debug, PartialEq, Serialize, Deserialize)]
#[event(category = 0x9)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Shaped {
    #[event(id = 0x001)]
    #[serde(rename = "changed")]
    All {
        #[serde(rename = "sum", alias = "total", alias = "amount")]
        cents: u64,
        #[serde(default = "<String>::new")]
        note: String,
        #[serde(default = "nine")]
        level: u8,
        #[serde(with = "as_text")]
        plain: Plain,
        #[serde(with = "as_text", default, skip_serializing_if = "is_zero")]
        sparse: Plain,
        #[serde(skip)]
        cached: Plain,
        #[serde(skip_serializing_if = "Option::is_none")]
        maybe: Option<u8>,
    },
    #[event(id = 0x002)]
    Skipped {
        #[serde(skip, default = "nine")]
        cached: u8,
    },
}

fn is_zero(plain: &Plain) -> bool {
    plain.0 == 0
}

fn all(sparse: u32, maybe: Option<u8>) -> Shaped {
    Shaped::All {
        cents: 5,
        note: "n".to_owned(),
        level: 1,
        plain: Plain(7),
        sparse: Plain(sparse),
        cached: Plain(0),
        maybe,
    }
}

fn encoded(event: &Shaped) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.encode(&mut bytes).unwrap();
    bytes
}

fn decoded(json: serde_json::Value) -> Result<Shaped, DecodeError> {
    #[derive(Event)]
    #[event(category = 0x9, id = 0x001)]
    struct Untyped(serde_json::Value);
    let mut bytes = Vec::new();
    Untyped(json).encode(&mut bytes).unwrap();
    Shaped::decode(Shaped::ALL, 1, &bytes)
}

#[derive(Event)]
#[event(category = 0x9, id = 0x001)]
struct Untyped(serde_json::Value);

fn as_json(event: &Shaped) -> serde_json::Value {
    Untyped::decode(Untyped::KIND, 1, &encoded(event))
        .unwrap()
        .0
}

#[test]
fn a_payload_is_written_as_the_attributes_say() {
    assert_eq!(
        as_json(&all(0, None)),
        serde_json::json!({"sum": 5, "note": "n", "level": 1, "plain": "7"})
    );
    assert_eq!(
        as_json(&all(8, Some(1))),
        serde_json::json!({"sum": 5, "note": "n", "level": 1, "plain": "7", "sparse": "8", "maybe": 1})
    );
    assert_eq!(encoded(&Shaped::Skipped { cached: 3 }), [0x80]);
    let fields = Shaped::TABLE[0].fields;
    assert_eq!(fields, ["sum", "note", "level", "plain", "sparse", "maybe"]);
}

#[test]
fn what_is_written_under_the_attributes_is_read_back() {
    for event in [all(0, None), all(8, Some(1)), all(8, None)] {
        let read = Shaped::decode(event.kind(), 1, &encoded(&event)).unwrap();
        assert_eq!(read, event);
    }
    let read = Shaped::decode(Shaped::SKIPPED, 1, &[0x80]).unwrap();
    assert_eq!(read, Shaped::Skipped { cached: 9 });
}

#[test]
fn missing_fields_have_their_defaults_and_aliases_are_read() {
    for name in ["sum", "total", "amount"] {
        let read = decoded(serde_json::json!({name: 6, "plain": "7"})).unwrap();
        let expected = Shaped::All {
            cents: 6,
            note: String::new(),
            level: 9,
            plain: Plain(7),
            sparse: Plain(0),
            cached: Plain(0),
            maybe: None,
        };
        assert_eq!(read, expected, "{name}");
    }
    let unknown = decoded(serde_json::json!({"cents": 6, "plain": "7"})).unwrap_err();
    assert_eq!(unknown.to_string(), "field `sum` is missing");
    let twice = decoded(serde_json::json!({"sum": 6, "total": 6})).unwrap_err();
    assert!(matches!(twice, DecodeError::Malformed(_)), "{twice}");
    let missing = decoded(serde_json::json!({"sum": 6})).unwrap_err();
    assert_eq!(missing.to_string(), "field `plain` is missing");
    let wrong = decoded(serde_json::json!({"sum": 6, "plain": "seven"})).unwrap_err();
    assert!(
        matches!(wrong, DecodeError::Field { field: "plain", .. }),
        "{wrong}"
    );
}

#[test]
fn a_serde_derive_on_the_same_type_has_the_same_names() {
    let json = serde_json::to_value(all(0, None)).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"type": "changed", "sum": 5, "note": "n", "level": 1, "plain": "7"})
    );
    assert_eq!(
        serde_json::from_value::<Shaped>(json).unwrap(),
        all(0, None)
    );
}
