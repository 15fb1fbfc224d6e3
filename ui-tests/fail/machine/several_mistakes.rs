use batpak::prelude::*;

state_machine!(
    #[machine(entiti = "door")]
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        #[cfg(unix)]
        Closed,
        Open {
            by: String,
        },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened {
            by: String,
        },
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[comand(open)]
            (Closed, Opend { by }) => Open { by },
            (Opn { .. }, Shut) => Closed,
            (Open { bye }, Shut) => Closd,
            (Closed, Opened { by: "guest" }) => Open,
            (Closed, _) => Closed,
        }
    }
);

fn main() {}
