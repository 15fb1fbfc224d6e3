//! The enum of states and the machine in a known state, both as fields of a struct; the enum is
//! serialised where it derives it.

use batpak::prelude::*;
use batpak::serde::{Deserialize, Serialize};

state_machine!(
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(crate = "batpak::serde")]
    pub enum Door {
        #[initial]
        Closed,
        Open {
            by: String,
        },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    pub enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            (Closed, Opened { by }) => Open { by },
            #[command(shut)]
            (Open { .. }, Shut) => Closed,
        }
    }
);

/// A house, as it is shown to others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
struct House {
    front: Door,
}

/// A guest, who was let in.
#[derive(Debug, Clone)]
struct Guest {
    through: DoorIn<Open>,
    seen: Vec<AnyDoorIn>,
}

fn main() {
    let house = House {
        front: Door::Open { by: "Ann".into() },
    };
    assert_eq!(house.clone().front, house.front);
    let enter = |through: DoorIn<Open>| Guest {
        seen: vec![through.clone().into()],
        through,
    };
    let _ = |door| enter(door).through.by().len();
    let _ = |door| enter(door).seen.len();
}
