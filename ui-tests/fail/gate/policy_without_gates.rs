use batpak::prelude::*;

struct Policy(u64);

#[gate]
impl Policy {
    fn daily(&self, amount: &u64) -> bool {
        *amount < self.0
    }
}

fn main() {
    assert!(Policy(1).daily(&0));
}
