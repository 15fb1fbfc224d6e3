//! Types and states may have the names that type parameters usually have.

#![deny(unused, warnings)]

mod types {
    use batpak::prelude::*;

    type P = u8;
    type S = u16;
    type S2 = u32;

    state_machine!(
        #[derive(Debug, Clone)]
        enum Parcel {
            #[initial]
            Packed { p: P, s: S, s2: S2 },
            #[terminal]
            Sent(P),
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x1)]
        enum ParcelEvent {
            #[event(id = 0x001)]
            Weighed { p: P, s: S },
            #[event(id = 0x002)]
            Sent,
        }

        fn evolve(parcel: Parcel, event: ParcelEvent) -> Parcel {
            match (parcel, event) {
                #[command(weigh)]
                (Packed { s: known, s2, .. }, Weighed { p, s }) if s > known => Packed { p, s, s2 },
                (parcel @ Packed, Weighed { .. }) => parcel,
                #[command(send)]
                (Packed { p, .. }, Sent) => Sent(p),
                (parcel @ Sent, Sent) => parcel,
            }
        }
    );
}

mod states {
    use batpak::prelude::*;

    state_machine!(
        #[derive(Debug, Clone)]
        enum Walk {
            #[initial]
            P {
                steps: u8,
            },
            S,
            #[terminal]
            T,
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x2)]
        enum WalkEvent {
            #[event(id = 0x001)]
            Walked { steps: u8 },
            #[event(id = 0x002)]
            Rested,
        }

        fn evolve(walk: Walk, event: WalkEvent) -> Walk {
            match (walk, event) {
                #[command(walk)]
                (P { steps: most }, Walked { steps }) if steps > most => S,
                (walk @ P, Walked { .. }) => walk,
                (S, Walked { steps }) => P { steps },
                #[command(rest)]
                (S, Rested) => T,
                (walk @ T, Rested) => walk,
            }
        }
    );
}

fn main() {}
