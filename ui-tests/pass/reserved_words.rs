//! States, events and commands that are reserved words in lower case, and names that generated functions
//! would have.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

/// Always.
#[gate]
fn always(_n: &u8) -> bool {
    true
}

// It is not the first enum that is the machine, but the first with an initial state.
state_machine!(
    #[derive(Debug, Clone)]
    enum Colour {
        Red,
    }

    #[derive(Debug, Clone)]
    enum Word {
        #[initial]
        Gen {
            r#gen: u8,
        },
        Try,
        Self_,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum WordEvent {
        #[event(id = 0x001)]
        Gen,
        #[event(id = 0x002)]
        GenGates,
        #[event(id = 0x003)]
        Async,
    }

    fn evolve(word: Word, event: WordEvent) -> Word {
        match (word, event) {
            #[command(r#become)]
            #[gate(always(1))]
            (Gen { .. }, Gen) => Try,
            #[command(r#try)]
            (Gen { .. }, GenGates) => Self_,
            #[command(r#async)]
            (_, Async) => Gen { r#gen: 0 },
        }
    }
);

fn main() {}
