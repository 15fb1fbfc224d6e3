use batpak::prelude::*;

/// Only so much.
#[gate]
fn daily(amount: &u64) {
    assert!(*amount < 10);
}

fn main() {}
