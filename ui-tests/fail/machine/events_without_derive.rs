use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open { by: String },
    }

    #[derive(Debug, Clone)]
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
            (Closed, Opened { by }) => Open {
                by,
            },
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn use_it(door: DoorIn<Closed>) {
    let Ok(_) = door.open("Ann".to_owned());
}

fn main() {
    let _ = use_it;
}
