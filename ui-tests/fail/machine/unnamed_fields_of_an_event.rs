use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open,
    }

    #[derive(Event, Debug)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened(String),
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            (Closed, Opened { .. }) => Open,
            (Open, Opened { .. }) => Open,
        }
    }
);

fn main() {}
