use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open { by: String },
        Unchanged,
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
            (Closed, Opened { by }) => Open { by },
            #[command(shut)]
            (Open { by }, Shut) if by == "Ann" => Unchanged,
            (door @ Open, Shut) => door,
            (Unchanged, Shut) => Closed,
        }
    }
);

fn main() {}
