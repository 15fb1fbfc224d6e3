use batpak::prelude::*;

/// Only so much.
#[gate]
fn daily<T: PartialOrd<u64>>(amount: &T) -> bool {
    *amount < 10
}

fn main() {}
