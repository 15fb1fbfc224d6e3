//! Gates that are combined look at what the set looks at.

use batpak::prelude::*;

/// The shop is closed.
#[gate]
fn open(hour: &u8) -> bool {
    (9..18).contains(hour)
}

/// It weighs nothing.
#[gate]
fn weighed(parcel: &String) -> bool {
    !parcel.is_empty()
}

fn main() {
    let set = GateSet::<u8>::new().with(any_of("EITHER", (open::Gate, weighed::Gate)));
    let _ = set.with(not("CLOSED", open::Gate)).with(all_of("BOTH", open::Gate));
}
