use batpak::prelude::*;

fn commit(pipeline: &Pipeline<()>, store: &Store, batch: Batch) {
    let receipt = pipeline.permit(store.propose(batch), &()).unwrap();
    let copy = receipt.clone();
    pipeline.commit(store, copy).unwrap();
}

fn main() {}
