use batpak::prelude::*;

/// Somebody has to open it.
#[gate]
fn named(by: &'static str) -> bool {
    !by.is_empty()
}

fn main() {}
