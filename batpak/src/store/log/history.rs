//! What commits to a whole log and its order. `FORMAT.md`, "Checkpoints", specifies it.

use super::segment::header::Footer;
use crate::event::Digest;
use crate::event::chain::{self, MerkleRoot};

/// The history of a log as far as it was read: the closing digests of its segments, and the Merkle root of
/// the one that was come to. Zeros if the log is unchained.
#[derive(Debug, Clone)]
pub(crate) struct History {
    is_chained: bool,
    /// The closing digest of the segment before.
    previous: Digest,
    /// The position of the first event of the segment.
    first: u64,
    count: u64,
    leaves: MerkleRoot,
}

impl History {
    /// Before the first event.
    pub(crate) fn new(is_chained: bool) -> Self {
        Self {
            is_chained,
            previous: Digest::ZERO,
            first: 1,
            count: 0,
            leaves: MerkleRoot::default(),
        }
    }

    /// That of a chained log before the segment with the first position `first`; the segment before has this
    /// closing digest.
    pub(crate) fn behind(previous: Digest, first: u64) -> Self {
        Self {
            previous,
            first,
            ..Self::new(true)
        }
    }

    /// Takes the next event, which has this digest.
    pub(crate) fn push(&mut self, digest: Option<Digest>) {
        self.count += 1;
        if let Some(digest) = digest.filter(|_| self.is_chained) {
            self.leaves.push(digest);
        }
    }

    /// What commits to all so far: the closing digest that the segment has if it ends here.
    pub(crate) fn root(&self) -> Digest {
        match self.count {
            _ if !self.is_chained => Digest::ZERO,
            0 => self.previous,
            count => chain::closing(&self.previous, self.first, count, &self.leaves.root()),
        }
    }

    /// The footer that the segment has if it ends here, at the file offset `end`.
    pub(crate) fn footer(&self, end: u64) -> Footer {
        Footer {
            count: self.count,
            end,
            root: self.leaves.root(),
            closing: self.root(),
        }
    }

    /// Goes on with the next segment.
    pub(crate) fn close(&mut self) {
        *self = Self {
            is_chained: self.is_chained,
            ..Self::behind(self.root(), self.first + self.count)
        };
    }
}
