//! All macros in the body of a function, and nothing public.

#![deny(unused, warnings)]

use batpak::prelude::*;

fn main() {
    /// Somebody has to open it.
    #[gate]
    fn named(by: &str, times: &u32) -> bool {
        !by.is_empty() && *times < 9
    }

    #[derive(Debug, Default)]
    struct Uses(u64);

    #[projection]
    impl Uses {
        #[on(DoorEvent::Opened)]
        fn opened(&mut self) {
            self.0 += 1;
        }
    }

    state_machine! {
        #[derive(Debug, Clone)]
        enum Door {
            #[initial]
            Closed { times: u32 },
            Open { by: String, times: u32 },
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
                #[gate(named(by, times))]
                (Closed { times }, Opened { by }) => Open { by, times: times + 1 },
                #[command(shut)]
                (Open { times, .. }, Shut) => Closed { times },
            }
        }
    }

    let door = Door::default()
        .evolve(DoorEvent::Opened {
            by: "Ann".to_owned(),
        })
        .unwrap();
    assert_eq!(door.name(), "Open");
    assert!(named("Ann", &1));
    assert_eq!(Uses::default().0, 0);
    assert_eq!(<Uses as Projection>::KINDS, [DoorEvent::OPENED]);
    fn shut(door: DoorIn<Open>, store: &Store) -> Option<DoorIn<Closed>> {
        let Ok(step) = door.shut();
        step.commit(store).ok()
    }
    let _ = shut;
}
