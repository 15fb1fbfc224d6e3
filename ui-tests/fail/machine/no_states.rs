use batpak::prelude::*;

state_machine!(
    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            (Closed, Opened) => Open,
        }
    }
);

fn main() {}
