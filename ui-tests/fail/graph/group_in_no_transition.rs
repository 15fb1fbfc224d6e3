use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        #[group(Ajar)]
        Closed,
        #[group(Ajr)]
        Open { by: String },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
        #[event(id = 0x003)]
        Nodded,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
            (door @ Ajar, Nodded) => door,
        }
    }
);

fn main() {}
