use batpak::prelude::*;

/// Only so much.
#[gate]
fn daily(amount: &u64) -> u8 {
    u8::from(*amount < 10)
}

fn main() {}
