use batpak::prelude::*;

struct Policy;

#[gate]
impl Policy {
    /// Only so much.
    #[gate]
    fn daily(amount: &u64) -> bool {
        *amount < 10
    }
}

fn main() {
    assert!(Policy::daily(&1));
}
