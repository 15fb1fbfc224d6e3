use batpak::prelude::*;

struct Policy(u64);

#[gate(code = "DAILY", krate = batpak)]
impl Policy {
    /// Only so much.
    #[gate(cod = "DAILY")]
    fn daily(&self, amount: &u64) -> bool {
        *amount < self.0
    }
}

fn main() {}
