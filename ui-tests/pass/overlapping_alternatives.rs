//! A state that several alternatives mean is in the table once.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        #[group(Whole)]
        Closed,
        #[group(Whole)]
        Open,
        Broken,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened,
        #[event(id = 0x002)]
        Kicked,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            (Closed, Opened) => Open,
            #[command(kick)]
            (Whole | Open | Broken, Kicked) => Broken,
        }
    }
);

fn main() {
    assert_eq!(Door::TRANSITIONS.len(), 4);
}
