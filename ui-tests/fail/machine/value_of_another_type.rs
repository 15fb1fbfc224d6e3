use batpak::prelude::*;

/// Who may come in.
struct House;

/// Not everybody may.
#[gate]
fn invited(by: &str, _house: &House) -> bool {
    by == "Ann"
}

state_machine!(
    #[machine(entity = door, version = "1", context = House)]
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open { by: String },
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
            #[gate(invited(by, ctx))]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn main() {}
