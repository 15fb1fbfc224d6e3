//! What an arm binds may be changed on the way, also where the events are declared elsewhere.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

#[derive(Event, Debug, Clone)]
#[event(category = 0x1)]
enum NoteEvent {
    #[event(id = 0x001)]
    Added { lines: Vec<String> },
}

state_machine!(
    #[machine(events = crate::NoteEvent)]
    #[derive(Debug, Clone)]
    enum Note {
        #[initial]
        Open {
            text: Vec<String>,
        },
    }

    fn evolve(note: Note, event: NoteEvent) -> Note {
        match (note, event) {
            (Open { mut text }, Added { mut lines }) => {
                text.append(&mut lines);
                Open { text }
            }
        }
    }
);

mod inside {
    use batpak::prelude::*;

    state_machine!(
        #[derive(Debug, Clone)]
        enum Count {
            #[initial]
            At(u8),
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x2)]
        enum CountEvent {
            #[event(id = 0x001)]
            Counted { by: u8 },
        }

        fn evolve(count: Count, event: CountEvent) -> Count {
            match (count, event) {
                #[command(count)]
                (At(mut n), Counted { by }) => {
                    n += by;
                    At(n)
                }
            }
        }
    );
}

fn main() {
    let lines = vec!["a".to_owned()];
    let note = Note::default().evolve(NoteEvent::Added { lines });
    assert!(matches!(note, Ok(Note::Open { text }) if text == ["a"]));
}
