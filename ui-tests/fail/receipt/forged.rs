use batpak::Receipt;
use batpak::prelude::*;

fn forge(store: &Store, batch: Batch) -> Receipt<batpak::Proposal> {
    Receipt {
        proposal: store.propose(batch),
        digest: None,
        permit: Default::default(),
    }
}

fn main() {}
