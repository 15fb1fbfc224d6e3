use batpak::prelude::*;

#[derive(Debug, Clone, Default)]
struct Uses {
    count: u64,
    last: u64,
}

#[projection(version = 1)]
impl Uses {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self, meta: &EventMeta<'_>) {
        self.count += 1;
        self.last = meta.header.sequence;
    }
}

state_machine!(
    #[machine(data = Uses)]
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
            #[command(open)]
            (Closed, Opened { by }) => Open { by },
            #[command(shut)]
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn main() {}
