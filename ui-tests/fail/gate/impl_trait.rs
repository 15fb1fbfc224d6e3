use batpak::prelude::*;

/// Only so much.
#[gate]
fn daily(amount: &impl PartialOrd<u64>) -> bool {
    *amount < 10
}

fn main() {}
