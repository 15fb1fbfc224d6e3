//! A machine over events that are declared outside of the call: it folds, and takes events as data.

#![deny(warnings)]

use batpak::prelude::*;

mod facts {
    use batpak::prelude::*;

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    pub enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
    }
}

/// Not everybody may.
#[gate]
fn invited(by: &str, guests: &[String]) -> bool {
    guests.iter().any(|guest| guest == by)
}

/// Who may come in.
pub struct House {
    guests: Vec<String>,
}

state_machine!(
    #[machine(events = facts::DoorEvent, context = House)]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Door {
        #[initial]
        Closed,
        Open {
            by: String,
        },
    }

    fn evolve(door: Door, event: facts::DoorEvent) -> Door {
        match (door, event) {
            #[gate(invited(by, ctx.guests))]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn main() {
    let opened = || facts::DoorEvent::Opened { by: "Ann".into() };
    let open = Door::default().evolve(opened()).unwrap();
    assert_eq!(open, Door::Open { by: "Ann".into() });
    assert_eq!(Door::TRANSITIONS[1].kind, facts::DoorEvent::SHUT);
    let house = House { guests: vec![] };
    let refused = Door::default().admit(&(), &opened(), &house).unwrap_err();
    assert!(matches!(refused, Refused::Denied(denial) if denial.code() == invited::CODE));
}
