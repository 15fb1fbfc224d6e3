use batpak::prelude::*;

/// How often it was opened.
#[derive(Debug, Default, Clone)]
struct Uses {
    count: u64,
}

#[projection]
impl Uses {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self) {
        self.count += 1;
    }
}

state_machine!(
    #[machine(data = Uses, snapshot)]
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
        Opened,
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            (Closed, Opened) => Open,
            (Open, Shut) => Closed,
        }
    }
);

fn main() {}
