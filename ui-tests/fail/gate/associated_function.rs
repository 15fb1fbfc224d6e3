use batpak::prelude::*;

struct Till;

impl Till {
    /// Only so much.
    #[gate]
    fn daily(amount: &u64) -> bool {
        *amount < 10
    }
}

fn main() {}
