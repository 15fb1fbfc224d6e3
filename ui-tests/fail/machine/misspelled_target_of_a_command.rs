//! A misspelled state is taken for the one that is meant, so that uses of the command are no errors.

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
            (Closed, Opened { by }) => Opne { by },
            #[command(shut)]
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn use_it(door: DoorIn<Closed>) {
    let Ok(step) = door.open("Ann".to_owned());
    let Ok(step) = step.then(|door| door.shut());
    let _: Step<DoorIn<Closed>, DoorIn<Closed>> = step;
}

fn main() {
    let _ = use_it;
}
