use batpak::prelude::*;

/// Who may come in.
struct House;

/// Not everybody may.
#[gate]
fn invited(by: &str, _house: &House) -> bool {
    by == "Ann"
}

state_machine!(
    #[machine(context = House)]
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
            #[gate(invited(by, house))]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn use_it(door: DoorIn<Closed>) {
    let _ = door.open("Ann".to_owned(), &House);
}

fn main() {
    let _ = use_it;
}
