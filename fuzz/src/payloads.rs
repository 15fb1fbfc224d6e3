//! Payloads that are no payloads, or deep, or of another version, read as a derived event.
//!
//! Decoding gives an event or an error, whatever the bytes are, and needs memory in proportion to them. What was decoded
//! encodes, and the result decodes to an event that encodes to the same bytes.

use std::collections::BTreeMap;

use batpak::prelude::*;
use serde::{Deserialize, Serialize};

use super::bytes::{Bytes, mutate};

/// An event with fields of many types.
#[derive(Event, Debug, Clone)]
#[event(category = 0x4)]
pub enum Sorted {
    #[event(id = 0x001, version = 2, from(BegunV1))]
    Begun {
        name: String,
        count: u64,
        #[serde(default)]
        note: Option<String>,
    },
    #[event(id = 0x002)]
    Measured {
        values: Vec<i16>,
        ratio: f64,
        flag: bool,
        letter: char,
    },
    #[event(id = 0x003)]
    Nested(Tree),
    #[event(id = 0x004)]
    Ended,
}

/// What the first version had.
#[derive(Deserialize)]
pub struct BegunV1 {
    name: String,
}

impl From<BegunV1> for Sorted {
    fn from(BegunV1 { name }: BegunV1) -> Self {
        Self::Begun {
            name,
            count: 0,
            note: None,
        }
    }
}

/// A payload that may be as deep as it likes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tree {
    names: BTreeMap<String, u8>,
    inner: Vec<Tree>,
}

/// Payloads to start from.
fn samples() -> [Sorted; 4] {
    let tree = |inner| Tree {
        names: BTreeMap::from([("a".to_owned(), 1)]),
        inner,
    };
    [
        Sorted::Begun {
            name: "n".repeat(40),
            count: 1 << 40,
            note: Some("why".to_owned()),
        },
        Sorted::Measured {
            values: vec![1, -2, 300],
            ratio: 0.5,
            flag: true,
            letter: 'x',
        },
        Sorted::Nested(tree(vec![tree(Vec::new()), tree(vec![Tree::default()])])),
        Sorted::Ended,
    ]
}

/// The bytes choose the kind, the version, and either the payload or what is done to a valid one.
pub fn run(data: &[u8]) {
    let mut by = Bytes::new(data);
    let samples = samples();
    let sample = &samples[by.below(samples.len())];
    let version = u16::from(by.byte() % 4);
    let mut bytes = Vec::new();
    match by.byte() % 4 {
        0 => bytes.extend_from_slice(by.rest()),
        // Arrays and maps in one another, or a length that is not there.
        1 => {
            let (head, times) = (by.some(), by.below(4_000));
            bytes = head.repeat(times);
            bytes.extend_from_slice(by.rest());
        }
        _ => {
            sample.encode(&mut bytes).unwrap();
            mutate(&mut bytes, &mut by);
        }
    }
    let Ok(event) = Sorted::decode(sample.kind(), version, &bytes) else {
        return;
    };
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    event.encode(&mut once).unwrap();
    let again = Sorted::decode(event.kind(), event.version(), &once).unwrap();
    again.encode(&mut twice).unwrap();
    assert_eq!(once, twice);
}
