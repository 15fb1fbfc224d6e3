use batpak::prelude::*;

#[gate(code = "DAILY_LIMIT")]
fn daily(amount: &u64) -> bool {
    *amount < 10
}

fn main() {}
