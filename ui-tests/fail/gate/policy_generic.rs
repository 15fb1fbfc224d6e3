use batpak::prelude::*;

struct Policy<T>(T);

#[gate]
impl<T: PartialOrd<u64>> Policy<T> {
    /// Only so much.
    #[gate]
    fn daily(&self, amount: &u64) -> bool {
        self.0 >= *amount
    }
}

struct Lent<'p>(&'p u64);

#[gate]
impl Lent<'_> {
    /// Only so much.
    #[gate]
    fn daily(&self, amount: &u64) -> bool {
        self.0 >= amount
    }
}

fn main() {
    assert!(Policy(1).daily(&0) && Lent(&1).daily(&0));
}
