use batpak::prelude::*;

#[derive(Clone)]
struct Policy(u64);

#[gate]
impl Policy {
    /// Only so much.
    #[gate]
    fn hourly(self, amount: &u64) -> bool {
        *amount < self.0
    }

    /// Only so much.
    #[gate]
    fn daily(&mut self, amount: &u64) -> bool {
        *amount < self.0
    }

    /// Only so much.
    #[gate]
    fn weekly(self: Box<Self>, amount: &u64) -> bool {
        *amount < self.0
    }

    /// Only so much.
    #[gate]
    fn monthly(self: &Self, amount: &u64) -> bool {
        *amount < self.0
    }
}

fn main() {}
