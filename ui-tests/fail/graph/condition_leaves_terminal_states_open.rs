use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed { times: u8 },
        Open { by: String },
        #[terminal]
        Gone,
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
            (Closed { .. }, Opened { by }) if by.is_empty() => Gone,
            (Closed { .. }, Opened { by }) => Open { by },
            (door, Shut) if 1 + 1 == 2 => door,
            (_, Shut) => Closed { times: 0 },
        }
    }
);

fn main() {}
