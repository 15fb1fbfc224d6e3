//! batpak under another path, and none of its names in scope.

mod engine {
    pub(crate) use ::batpak::{Event, gate, projection, state_machine};
    pub(crate) mod inner {
        pub(crate) use ::batpak::*;
    }
}

/// Somebody has to open it.
#[engine::gate(crate = crate::engine::inner)]
fn named(by: &str, times: &u8) -> bool {
    !by.is_empty() && *times < 3
}

#[derive(Default)]
struct Opened(u64);

#[engine::projection(crate = crate::engine::inner)]
impl Opened {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self) {
        self.0 += 1;
    }
}

engine::state_machine!(
    #[machine(crate = crate::engine::inner)]
    #[derive(Debug, Clone)]
    enum Door {
        #[initial]
        Closed,
        Open {
            by: String,
        },
    }

    #[derive(engine::Event, Debug, Clone)]
    #[event(category = 0x1, crate = crate::engine::inner)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: String },
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[gate(named(by, 3))]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Shut) => Closed,
        }
    }
);

fn main() {}
