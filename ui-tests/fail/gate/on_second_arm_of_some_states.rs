use batpak::prelude::*;

/// Nobody kicks twice.
#[gate]
fn once(count: &u8) -> bool {
    *count < 2
}

state_machine!(
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        #[group(Whole)]
        Closed,
        #[group(Whole)]
        Open { by: String },
        #[terminal]
        Broken,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Kicked { count: u8 },
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            (Closed, Opened { by }) => Open { by },
            #[command(kick)]
            (Open { by }, Kicked { .. }) if by.is_empty() => Closed,
            #[command(kick)]
            #[gate(once(count))]
            (Whole, Kicked { count }) => Broken,
            (door @ Broken, Kicked { .. }) => door,
        }
    }
);

fn main() {}
