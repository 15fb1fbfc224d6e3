//! A machine of one state.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Counter {
        #[initial]
        Counting { n: u64 },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum CounterEvent {
        #[event(id = 0x001)]
        Added { n: u64 },
    }

    fn evolve(counter: Counter, event: CounterEvent) -> Counter {
        match (counter, event) {
            #[command(add)]
            (Counting { n }, Added { n: more }) => Counting { n: n + more },
        }
    }
);

mod terminal {
    use batpak::prelude::*;

    state_machine!(
        #[derive(Debug, Clone)]
        enum Journal {
            #[initial]
            #[terminal]
            Kept,
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x2)]
        enum JournalEvent {
            #[event(id = 0x001)]
            Noted { text: String },
        }

        fn evolve(journal: Journal, event: JournalEvent) -> Journal {
            match (journal, event) {
                #[command(note)]
                (journal, Noted { .. }) => journal,
            }
        }
    );
}

fn main() {}
