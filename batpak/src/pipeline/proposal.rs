use serde::Serialize;

use super::{Batch, Clause};
use crate::event::{Constraint, Digest, Region, StoreId, encode_value, hash};
use crate::guard::Read;

/// A batch that is put to gates before it is committed to its store: see [`Pipeline`](crate::Pipeline).
///
/// [`Store::propose`](crate::Store::propose) makes it.
#[derive(Debug)]
pub struct Proposal {
    batch: Batch,
    store: StoreId,
}

impl Proposal {
    pub(crate) const fn new(batch: Batch, store: StoreId) -> Self {
        Self { batch, store }
    }

    /// The batch.
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The store that it is to be committed to.
    #[must_use]
    pub const fn store(&self) -> StoreId {
        self.store
    }

    /// The batch, for its store.
    pub(crate) fn into_batch(self) -> Batch {
        self.batch
    }
}

/// What can be put to the gates of a [`Pipeline`](crate::Pipeline): a [`Proposal`] to a store, or anything that serde can write.
pub trait Proposed {
    /// The BLAKE3 digest of all of it; `None` in a build without the feature `blake3`, or if it cannot be written.
    fn digest(&self) -> Option<Digest>;
}

impl Proposed for Proposal {
    fn digest(&self) -> Option<Digest> {
        let mut bytes = self.store.to_bytes().to_vec();
        bytes.extend_from_slice(&(self.batch.events.len() as u64).to_le_bytes());
        for event in &self.batch.events {
            event.describe(&mut bytes);
        }
        let clauses = self.batch.condition.clauses();
        bytes.extend_from_slice(&(clauses.len() as u64).to_le_bytes());
        for clause in clauses {
            describe(&mut bytes, clause);
        }
        for Read {
            store,
            region,
            position,
        } in &self.batch.reads
        {
            push(&mut bytes, &store.to_bytes());
            describe_region(&mut bytes, region);
            bytes.extend_from_slice(&position.to_le_bytes());
        }
        digest(&bytes)
    }
}

impl<T: Serialize> Proposed for T {
    fn digest(&self) -> Option<Digest> {
        let mut bytes = Vec::new();
        encode_value("the proposal", &mut bytes, self).ok()?;
        digest(&bytes)
    }
}

fn digest(bytes: &[u8]) -> Option<Digest> {
    hash::AVAILABLE.then(|| hash::plain(bytes))
}

/// Appends a clause. Names may have whatever its display has between them, so each is told by itself.
fn describe(out: &mut Vec<u8>, clause: &Clause) {
    match clause {
        Clause::Stream { coordinate, expect } => {
            out.push(0);
            push(out, coordinate.entity().as_bytes());
            push(out, coordinate.scope().as_bytes());
            push(out, expect.to_string().as_bytes());
        }
        Clause::NoneOf(region) => {
            out.push(1);
            describe_region(out, region);
        }
        Clause::NoneAfter { region, position } => {
            out.push(2);
            describe_region(out, region);
            out.extend_from_slice(&position.to_le_bytes());
        }
    }
}

fn describe_region(out: &mut Vec<u8>, region: &Region) {
    out.extend_from_slice(&(region.items().len() as u64).to_le_bytes());
    for item in region.items() {
        out.extend_from_slice(&(item.len() as u64).to_le_bytes());
        for constraint in item {
            // A name may end as the display of a prefix does.
            out.push(matches!(constraint, Constraint::EntityPrefix(_)).into());
            push(out, constraint.to_string().as_bytes());
        }
    }
}

/// Appends a part with its length, so that no two rows of parts give the same bytes.
pub(super) fn push(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_le_bytes());
    out.extend_from_slice(part);
}
