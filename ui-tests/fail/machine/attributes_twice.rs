use batpak::prelude::*;

state_machine!(
    #[machine(entity = "door", entity = "gate")]
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        #[initial]
        Closed,
        #[group(Ajar, Ajar)]
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
            #[command(unlock)]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
            (door @ Ajar, Opened { .. }) => door,
        }
    }
);

fn main() {}
