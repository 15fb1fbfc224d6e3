//! Raw identifiers wherever a name may stand.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

/// It moves.
#[gate]
fn r#move(r#in: &u8) -> bool {
    *r#in > 0
}

#[derive(Debug, Default)]
struct Sum(u64);

#[projection]
impl Sum {
    #[on(StepEvent::r#Moved)]
    fn r#move(&mut self, r#in: &u8) {
        self.0 += u64::from(*r#in);
    }
}

state_machine!(
    #[derive(Debug, Clone)]
    enum r#Walk {
        #[initial]
        r#Here,
        #[terminal]
        There {
            r#in: u8,
        },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum StepEvent {
        #[event(id = 0x001)]
        r#Moved { r#in: u8 },
    }

    fn evolve(r#fn: Walk, event: StepEvent) -> Walk {
        match (r#fn, event) {
            #[command(r#move)]
            #[gate(r#move(r#in))]
            (Here, Moved { r#in }) if r#in > 1 => There { r#in },
            (r#fn, Moved { .. }) => r#fn,
        }
    }
);

fn main() {
    assert_eq!(r#move::CODE, "MOVE");
    assert_eq!(Walk::TRANSITIONS[0].command, Some("move"));
    assert_eq!(StepEvent::TABLE[0].fields, ["in"]);
}
