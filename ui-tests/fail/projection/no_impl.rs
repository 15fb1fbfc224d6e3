use batpak::prelude::*;

#[projection(version = 1)]
struct Totals {
    cents: u64,
}

fn main() {}
