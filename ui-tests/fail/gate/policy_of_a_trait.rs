use batpak::prelude::*;

struct Policy(u64);

trait Daily {
    fn daily(&self, amount: &u64) -> bool;
}

#[gate]
impl Daily for Policy {
    /// Only so much.
    #[gate]
    fn daily(&self, amount: &u64) -> bool {
        *amount < self.0
    }
}

fn main() {}
