use batpak::prelude::*;

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

fn forward(door: DoorIn<Closed>, store: &Store) {
    let Ok(step) = door.open();
    let _ = step.then(|door| {
        let Ok(step) = door.shut();
        step.commit(store)
    });
}

fn main() {
    let _ = forward;
}
