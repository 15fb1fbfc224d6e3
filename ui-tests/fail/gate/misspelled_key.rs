use batpak::prelude::*;

#[gate(mesage = "only so much")]
fn daily(amount: &u64) -> Verdict {
    ensure!(*amount < 10, "too much");
    Verdict::permit()
}

fn main() {}
