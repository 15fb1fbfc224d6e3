//! Event fields with the names that generated code uses for itself.

#![deny(unused, warnings)]

use batpak::prelude::*;

mod from {
    use batpak::serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        u8::deserialize(from)
    }
}

fn bytes(value: &u8) -> bool {
    *value == 0
}

fn reader() -> u8 {
    7
}

#[derive(Event, Debug, PartialEq, Clone)]
#[event(category = 0x1)]
enum Happened {
    #[event(id = 0x001)]
    Here {
        #[serde(with = "from")]
        serializer: u8,
        #[serde(with = "from", default = "reader")]
        from: u8,
        #[serde(skip_serializing_if = "bytes", default)]
        writes_value: u8,
        #[serde(skip_serializing_if = "bytes", default = "reader")]
        value: u8,
        #[event(tag)]
        tags: Vec<u8>,
        #[event(tag)]
        tag: u8,
        writer: u8,
        out: u8,
        bytes: u8,
        found: u8,
        reader: u8,
        #[serde(rename = "reader")]
        #[serde(skip)]
        r#type: u8,
        payload: u8,
        version: u8,
        kind: u8,
    },
    /// Its kind cannot have the name that it would have.
    #[event(id = 0x002)]
    X,
    #[event(id = 0x003)]
    OK { none: u8 },
}

fn main() {
    let here = Happened::Here {
        serializer: 1,
        from: 2,
        writes_value: 0,
        value: 3,
        tags: vec![4, 5],
        tag: 6,
        writer: 7,
        out: 8,
        bytes: 9,
        found: 10,
        reader: 11,
        r#type: 0,
        payload: 12,
        version: 13,
        kind: 14,
    };
    let mut bytes = Vec::new();
    here.encode(&mut bytes).unwrap();
    assert_eq!(Happened::decode(Happened::HERE, 1, &bytes).unwrap(), here);
    let ok = Happened::OK { none: 1 };
    assert_eq!((Happened::X.kind(), ok.kind()), (Happened::X_KIND, Happened::OK_KIND));
    assert_eq!(here.tags().unwrap().len(), 3);
}
