//! States that serde writes and reads, told how on their fields.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;
use batpak::serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, Default, PartialEq)]
struct Bolt(u8);

mod bolt {
    use super::{Bolt, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bolt: &Bolt, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(bolt.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bolt, D::Error> {
        u8::deserialize(deserializer).map(Bolt)
    }
}

state_machine!(
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(crate = "batpak::serde", rename_all = "camelCase", tag = "state")]
    enum Door {
        #[initial]
        #[serde(rename = "shut")]
        Closed {
            #[serde(with = "bolt")]
            bolt: Bolt,
            #[serde(skip)]
            seen: u8,
        },
        Open,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened,
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            (Closed { .. }, Opened) => Open,
            (Open, Shut) => Closed {
                bolt: Bolt(1),
                seen: 0,
            },
        }
    }
);

fn main() {
    let door = Door::default();
    assert_eq!(serde_json::to_string(&door).unwrap(), r#"{"state":"shut","bolt":0}"#);
    let closed = Closed { bolt: Bolt(3), seen: 9 };
    assert_eq!(serde_json::to_string(&closed).unwrap(), r#"{"bolt":3}"#);
}
