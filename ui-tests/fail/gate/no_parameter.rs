use batpak::prelude::*;

/// Only so much.
#[gate]
fn never() -> bool {
    false
}

fn main() {}
