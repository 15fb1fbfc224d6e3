use batpak::prelude::*;

/// Only so much.
#[gate]
extern "C" fn daily(amount: &u64) -> bool {
    *amount < 10
}

fn main() {}
