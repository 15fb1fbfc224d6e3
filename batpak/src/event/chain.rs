//! The digest chain: what an event's digest covers, and the Merkle root over a segment's digests.
//!
//! `FORMAT.md` specifies both to the byte.

use super::hash::{self, Key};
use super::{Digest, EventMeta};

/// The digest of an event that follows `previous` in its stream.
///
/// Every field is covered, so the head of a stream commits to the whole history of the stream, and
/// equal payloads never share a digest. `scratch` is a buffer to reuse.
pub(crate) fn of_event(
    scratch: &mut Vec<u8>,
    previous: &Digest,
    meta: &EventMeta<'_>,
    payload: &Digest,
) -> Digest {
    let header = &meta.header;
    let metadata = match meta.metadata_bytes() {
        [] => Digest::ZERO,
        bytes => hash::plain(bytes),
    };
    let mut fixed = [0; 142];
    fixed[..32].copy_from_slice(previous.as_bytes());
    fixed[32..40].copy_from_slice(&header.sequence.to_le_bytes());
    fixed[40..48].copy_from_slice(&header.revision.to_le_bytes());
    fixed[48..56].copy_from_slice(&header.time_us.to_le_bytes());
    fixed[56..58].copy_from_slice(&header.kind.raw().to_le_bytes());
    fixed[58..60].copy_from_slice(&header.version.to_le_bytes());
    fixed[60..62].copy_from_slice(&header.flags.bits().to_le_bytes());
    fixed[62..78].copy_from_slice(&header.event_id.to_bytes());
    fixed[78..110].copy_from_slice(payload.as_bytes());
    fixed[110..].copy_from_slice(metadata.as_bytes());
    scratch.clear();
    scratch.extend_from_slice(&fixed);
    extend_text(scratch, meta.entity);
    extend_text(scratch, meta.scope);
    scratch.push(u8::from(header.correlation.is_some()));
    if let Some(correlation) = header.correlation {
        scratch.extend_from_slice(&correlation.to_bytes());
    }
    let causes = meta.causes();
    scratch.extend_from_slice(&(causes.len() as u16).to_le_bytes());
    causes.for_each(|cause| scratch.extend_from_slice(&cause.to_bytes()));
    let tags = meta.tags();
    scratch.extend_from_slice(&(tags.len() as u16).to_le_bytes());
    tags.for_each(|tag| extend_text(scratch, tag));
    hash::keyed(Key::Event, scratch)
}

fn extend_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// A Merkle root in the making over the digests of a segment's events, in position order.
///
/// The shape is RFC 6962's: the left half is the largest full tree. It holds one digest per level.
#[derive(Debug, Clone, Default)]
pub(crate) struct MerkleRoot {
    /// `full[k]` is the root of a full tree of 2^k leaves, where the leaf count has that bit set.
    full: Vec<Digest>,
    leaves: u64,
}

impl MerkleRoot {
    pub(crate) fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for level in 0.. {
            if self.leaves >> level & 1 == 0 {
                match self.full.get_mut(level) {
                    Some(slot) => *slot = node,
                    None => self.full.push(node),
                }
                break;
            }
            node = parent(&self.full[level], &node);
        }
        self.leaves += 1;
    }

    /// The root over all leaves pushed, or zero if there are none.
    pub(crate) fn root(&self) -> Digest {
        (0..self.full.len())
            .filter(|level| self.leaves >> level & 1 == 1)
            .map(|level| self.full[level])
            .reduce(|right, left| parent(&left, &right))
            .unwrap_or(Digest::ZERO)
    }
}

/// The node above two others.
fn parent(left: &Digest, right: &Digest) -> Digest {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left.as_bytes());
    both[32..].copy_from_slice(right.as_bytes());
    hash::keyed(Key::Node, &both)
}

/// What a sealed segment's footer passes on to the next one's.
pub(crate) fn closing(previous: &Digest, first: u64, count: u64, root: &Digest) -> Digest {
    let mut all = [0; 80];
    all[..32].copy_from_slice(previous.as_bytes());
    all[32..40].copy_from_slice(&first.to_le_bytes());
    all[40..48].copy_from_slice(&count.to_le_bytes());
    all[48..].copy_from_slice(root.as_bytes());
    hash::keyed(Key::Node, &all)
}

#[cfg(all(test, feature = "blake3"))]
mod tests {
    use super::*;

    fn by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::ZERO,
            [leaf] => *leaf,
            _ => {
                let left = leaves.len().next_power_of_two() / 2;
                parent(
                    &by_definition(&leaves[..left]),
                    &by_definition(&leaves[left..]),
                )
            }
        }
    }

    #[test]
    fn the_incremental_root_is_the_recursive_one() {
        let leaves: Vec<_> = (0..70_u8).map(|i| hash::plain(&[i])).collect();
        let mut incremental = MerkleRoot::default();
        for count in 0..leaves.len() {
            assert_eq!(
                incremental.root(),
                by_definition(&leaves[..count]),
                "{count} leaves"
            );
            incremental.push(leaves[count]);
        }
    }
}
