use batpak::prelude::*;

fn commit(pipeline: &Pipeline<()>, store: &Store, batch: Batch) {
    pipeline.commit(store, store.propose(batch)).unwrap();
}

fn main() {}
