use batpak::prelude::*;

/// Only so much.
#[gate]
fn daily(amount: &u64) -> bool {
    *amount < 10
}

fn main() {
    let gates = GateSet::<String>::new().with(daily::Gate);
    assert!(gates.evaluate(&String::new()).is_ok());
}
