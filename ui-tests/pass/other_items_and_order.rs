//! The enums in another order, and items beside them.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

state_machine! {
    use std::collections::BTreeMap;

    const MOST: u64 = 3;

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    pub(crate) enum ShelfEvent {
        #[event(id = 0x001)]
        Put { what: String },
    }

    enum Unrelated {
        A,
    }

    fn evolve(shelf: Shelf, event: ShelfEvent) -> Shelf {
        match (shelf, event) {
            #[command(put)]
            (Filling { things }, Put { what }) if things.len() as u64 > MOST => Full { last: what },
            (Filling { things }, Put { what }) => Filling { things: with(things, what) },
        }
    }

    #[machine(entity = "shelf")]
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Shelf {
        #[initial]
        Filling { things: BTreeMap<String, u64> },
        #[terminal]
        Full { last: String },
    }

    fn with(mut things: BTreeMap<String, u64>, what: String) -> BTreeMap<String, u64> {
        *things.entry(what).or_default() += 1;
        things
    }
}

fn main() {}
