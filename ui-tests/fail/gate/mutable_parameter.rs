use batpak::prelude::*;

/// Only so much.
#[gate]
fn daily(amount: &mut u64) -> bool {
    *amount < 10
}

fn main() {}
