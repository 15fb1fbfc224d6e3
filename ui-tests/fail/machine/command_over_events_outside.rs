use batpak::prelude::*;

mod facts {
    use batpak::prelude::*;

    #[derive(Event, Debug)]
    #[event(category = 0x1)]
    pub enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
    }
}

state_machine!(
    #[machine(events = facts::DoorEvent)]
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open { by: String },
    }

    fn evolve(door: Door, event: facts::DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn main() {}
