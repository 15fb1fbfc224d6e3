use batpak::prelude::*;

/// Only so much.
#[gate]
unsafe fn daily(amount: &u64) -> bool {
    *amount < 10
}

fn main() {}
