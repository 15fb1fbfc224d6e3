use batpak::prelude::*;

fn commit(pipeline: &Pipeline<()>, store: &Store, batch: Batch) {
    let receipt = pipeline.permit(store.propose(batch), &()).unwrap();
    pipeline.commit(store, receipt).unwrap();
    pipeline.commit(store, receipt).unwrap();
}

fn main() {}
