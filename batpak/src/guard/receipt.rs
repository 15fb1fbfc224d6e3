use std::fmt;

use super::Permit;
use super::observed::Read;
use crate::event::Digest;

/// That something may be stored: gates have permitted just this, in view of what they read.
///
/// Only a [`Pipeline`](crate::Pipeline) makes one. It cannot be cloned, and committing takes it, so that nothing is committed
/// twice by one receipt; what it is for cannot be changed in it.
///
/// ```compile_fail
/// fn twice(receipt: batpak::Receipt<u64>) -> (batpak::Receipt<u64>, batpak::Receipt<u64>) {
///     (receipt.clone(), receipt)
/// }
/// ```
#[must_use = "nothing is recorded until the receipt is committed"]
pub struct Receipt<T> {
    proposal: T,
    digest: Option<Digest>,
    permit: Permit,
    reads: Vec<Read>,
}

impl<T> Receipt<T> {
    pub(crate) fn new(
        (proposal, digest): (T, Option<Digest>),
        permit: Permit,
        reads: Vec<Read>,
    ) -> Self {
        Self {
            proposal,
            digest,
            permit,
            reads,
        }
    }

    /// What may be stored.
    #[must_use]
    pub const fn proposal(&self) -> &T {
        &self.proposal
    }

    /// The BLAKE3 digest of what may be stored, with its conditions; `None` in a build without the feature `blake3`. So who
    /// permitted it can be asked later whether it was this. Another version of batpak may give another one.
    #[must_use]
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Which gates have permitted it, as it will be stored with it.
    #[must_use]
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// What the gates have read, as regions with the position up to which each was read.
    pub fn reads(&self) -> impl ExactSizeIterator<Item = (&crate::Region, u64)> {
        self.reads.iter().map(|read| (&read.region, read.position))
    }

    /// Its parts, for who commits it.
    pub(crate) fn into_parts(self) -> (T, Permit, Vec<Read>) {
        (self.proposal, self.permit, self.reads)
    }
}

impl<T: fmt::Debug> fmt::Debug for Receipt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("proposal", &self.proposal)
            .field("permit", &self.permit)
            .field("reads", &self.reads)
            .finish_non_exhaustive()
    }
}
