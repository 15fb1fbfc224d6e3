use batpak::prelude::*;
use batpak::serde::Serialize;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Moved,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            (Closed, Moved) => Open,
            #[command(shut)]
            (Open, Moved) => Closed,
        }
    }
);

fn send(_: impl Serialize) {}

fn forward(door: DoorIn<Open>) {
    send(door);
}

fn main() {
    let _ = forward;
}
