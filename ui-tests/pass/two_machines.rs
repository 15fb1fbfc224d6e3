//! Two machines, whose states have different names, in one module.

use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open {
            by: String,
        },
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
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
        }
    }
);

state_machine!(
    #[machine(entity = "window")]
    #[derive(Debug, Clone)]
    enum Window {
        #[initial]
        Shut,
        Ajar,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x2)]
    enum WindowEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(window: Window, event: WindowEvent) -> Window {
        match (window, event) {
            (Shut, Opened { .. }) => Ajar,
            (Ajar, Shut) => Shut,
        }
    }
);

fn main() {
    assert_eq!(Door::TRANSITIONS.len(), Window::TRANSITIONS.len());
}
