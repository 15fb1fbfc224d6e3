//! Two machines with states in common in one module, their structs told apart by a prefix; and the
//! other keys that name or derive what a machine makes.

use batpak::prelude::*;

/// A payload with the name of a state.
#[derive(Debug, Clone, PartialEq, Default, batpak::serde::Serialize, batpak::serde::Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Paid(pub u64);

state_machine!(
    #[machine(state_prefix = Bill, state_derive(Eq, Hash))]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Bill {
        #[initial]
        Open,
        Due {
            cents: u64,
        },
        #[terminal]
        Paid,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    pub enum BillEvent {
        #[event(id = 0x001)]
        Issued { cents: u64 },
        #[event(id = 0x002)]
        Paid { amount: Paid },
    }

    fn evolve(bill: Bill, event: BillEvent) -> Bill {
        match (bill, event) {
            #[command(issue)]
            (Open, Issued { cents }) => {
                let cents = cents.max(1);
                Due { cents }
            }
            #[command(pay)]
            (Due { cents }, Paid { amount }) if amount.0 < cents => Due {
                cents: cents - amount.0,
            },
            (Due { .. }, Paid { .. }) => Paid,
        }
    }
);

state_machine!(
    #[machine(state_prefix = Door, typestate = TypedDoor)]
    #[derive(Debug, Clone)]
    pub enum Door {
        #[initial]
        Open,
        Shut,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x2)]
    pub enum DoorEvent {
        #[event(id = 0x001)]
        Moved,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(shut)]
            (Open, Moved) => Shut,
            #[command(open)]
            (Shut, Moved) => Open,
        }
    }
);

fn shut(door: TypedDoor<DoorOpen>) -> TypedDoor<DoorOpen, batpak::Pending> {
    let _ = AnyTypedDoor::from(door.clone());
    let Ok(step) = door.shut();
    let mut pending = None;
    let Ok(_) = step.then(|door: TypedDoor<DoorShut, batpak::Pending>| {
        let Ok(step) = door.open();
        step.then(|door| {
            pending = Some(door.clone());
            door.shut()
        })
    });
    pending.unwrap()
}

fn main() {
    let _ = shut;
    assert_eq!(Bill::TRANSITIONS[1].from, "Due");
    let due = BillDue { cents: 5 };
    assert_eq!(std::collections::HashSet::from([due.clone()]).len(), 1);
    assert_eq!(batpak::State::into_any(due), Bill::Due { cents: 5 });
    let after = Bill::Due { cents: 5 }.evolve(BillEvent::Paid { amount: Paid(5) });
    assert_eq!(after.unwrap(), Bill::Paid);
    assert_eq!(<BillPaid as batpak::State>::NAME, "Paid");
}
