use batpak::prelude::*;

fn change(pipeline: &Pipeline<()>, store: &Store, batch: Batch, more: NewEvent) {
    let mut receipt = pipeline.permit(store.propose(batch), &()).unwrap();
    receipt.proposal().batch().events.push(more);
    pipeline.commit(store, receipt).unwrap();
}

fn main() {}
