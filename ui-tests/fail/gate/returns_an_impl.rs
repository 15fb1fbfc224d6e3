use batpak::prelude::*;

/// Somebody has to open it.
#[gate]
fn named(by: &str) -> impl Into<bool> {
    !by.is_empty()
}

fn main() {}
