use batpak::prelude::*;

#[gate(cod = "DAILY", mesage = "only so much", code = "DAILY LIMIT")]
async unsafe extern "C" fn daily(amount: u64, limits: &mut Vec<u64>) {
    limits.push(amount);
}

/// Only so much.
#[gate(code = "WEEKLY", code = "MONTHLY")]
fn weekly(amount: u64) -> bool {
    let amount: u32 = amount;
    amount < 10
}

fn main() {}
