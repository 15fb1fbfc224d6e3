use batpak::prelude::*;

use std::collections::BTreeMap;

/// Only so much.
#[gate]
fn daily(amount: u64, names: BTreeMap<String, Vec<u8>>) -> bool {
    amount < 10 && names.is_empty()
}

fn main() {}
