//! What cannot be the target may still name it, so that the uses of the command are no errors.

use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open { by: String },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            (Closed, Opened { by }) => if by.is_empty() { Open { by } } else { Closed },
            #[command(shut)]
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn use_it(door: DoorIn<Closed>) {
    let Ok(step) = door.open("Ann".to_owned());
    let Ok(_) = step.then(|door| door.shut());
}

fn main() {
    let _ = use_it;
}
