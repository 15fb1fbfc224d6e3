//! What a `macro_rules!` passes on arrives in invisible groups.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

/// Not too many.
#[gate]
fn few(number: &u8, most: &i8) -> bool {
    i16::from(*number) < i16::from(*most).abs()
}

macro_rules! toggle {
    (
        $(#[$meta:meta])* $vis:vis $name:ident, $machine:ty, $event:ident: $category:expr, $id:literal,
        $on:ident { $field:ident: $ty:ty }, $derive:path, $gate:path, $number:ident, $command:ident, $condition:expr,
        $most:expr, $target:expr, $end:block
    ) => {
        state_machine!(
            $(#[$meta])*
            #[derive(Debug, $derive)]
            $vis enum $name {
                #[initial]
                Off,
                $on { $field: $ty },
            }

            #[derive(Event, Debug, $derive)]
            #[event(category = $category)]
            $vis enum $event {
                #[event(id = $id)]
                Switched { $field: $ty, $number: u8 },
                #[event(id = 0x002)]
                Reset,
            }

            fn evolve(state: $machine, event: $event) -> $machine {
                match (state, event) {
                    #[command($command)]
                    #[gate($gate($number, $most))]
                    (Off, Switched { $number, .. }) if $condition => $target,
                    (Off, Switched { $field, .. }) => $on { $field },
                    ($on { .. }, Switched { .. }) => $end,
                    (state, Reset) => state,
                }
            }
        );
    };
}

toggle!(
    /// A switch.
    #[machine(entity = "switch")]
    pub(crate) Switch, Switch, SwitchEvent: 0x1, 0x001, On { values: Vec<(u8, Option<u8>)> },
    Clone, few, number, switch, 1 + 2 > 3, -9, Off, { Off }
);

macro_rules! items {
    ($($item:item)*) => {
        mod inner {
            use batpak::prelude::*;

            state_machine!($($item)*);
        }
    };
}

items!(
    #[machine(entity = "lamp")]
    #[derive(Debug, Clone)]
    enum Lamp {
        #[initial]
        Dark,
        Lit,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x2)]
    enum LampEvent {
        #[event(id = 0x001)]
        Lit,
    }

    fn evolve(lamp: Lamp, event: LampEvent) -> Lamp {
        match (lamp, event) {
            (Dark, Lit) => Lit,
            (Lit, Lit) => Dark,
        }
    }
);

fn main() {
    assert_eq!(Switch::TRANSITIONS[0].gates, ["few"]);
}
