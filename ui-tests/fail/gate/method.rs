use batpak::prelude::*;

struct Till(u64);

impl Till {
    /// Only so much.
    #[gate]
    fn daily(&self, amount: &u64) -> bool {
        *amount < self.0
    }
}

fn main() {}
