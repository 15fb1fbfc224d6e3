//! An arm without a body keeps its command, and costs the others nothing.

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
            (Closed, Opened { by }) =>
            #[command(shut)]
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn use_it(door: DoorIn<Open>) {
    let Ok(step) = door.shut();
    let _: Step<DoorIn<Open>, DoorIn<Closed>> = step;
}

fn ask(door: DoorIn<Closed>) {
    let _ = door.open("Ann".to_owned());
}

fn main() {
    let _ = (use_it, ask);
}
