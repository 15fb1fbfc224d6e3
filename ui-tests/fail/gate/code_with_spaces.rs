use batpak::prelude::*;

/// Only so much.
#[gate(code = "daily limit")]
fn daily(amount: &u64) -> bool {
    *amount < 10
}

fn main() {}
