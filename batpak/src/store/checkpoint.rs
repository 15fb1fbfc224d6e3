//! A log's history in a few bytes, to be kept elsewhere: what shows that a log was rewound or written anew.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::log::body::Body;
use super::log::history::History;
use super::log::segment::file::SegmentFile;
use super::log::segment::header::SegmentHeader;
use super::log::segment::seal::read_footer;
use super::log::segment::walk::Walk;
use super::{Store, StoreError, Verification};
use crate::event::{Digest, StoreId, hash};

/// What a log was up to a position, in 64 bytes: a root over all of its events up to there and their order.
///
/// It says that the store with this id has these events, and none is changed, left out, added or put elsewhere;
/// [`Store::verify_against`] finds whether that is still so, however much was appended since. It holds no secret:
/// what makes it evidence is where it is kept. Sign it, pin it, print it, or give it to somebody else.
///
/// It is the same whoever computes it, and from whichever copy of the log. As text it is one word, which parses
/// back; serde takes it as that text.
///
/// ```
/// use batpak::prelude::*;
/// use batpak::Checkpoint;
/// # #[cfg(feature = "blake3")] {
/// # let dir = std::env::temp_dir().join(format!("batpak-checkpoint-{}", std::process::id()));
///
/// let store = Store::open(StoreConfig::new(&dir))?;
/// let alice = Coordinate::new("player:alice", "room:dungeon")?;
/// store.append(&alice, EventKind::custom(0xF, 1), &"north")?;
///
/// let checkpoint: Checkpoint = store.checkpoint()?;
/// let pinned = checkpoint.to_string();
///
/// store.append(&alice, EventKind::custom(0xF, 1), &"east")?;
/// let checked = store.verify_against(&pinned.parse()?)?;
/// assert_eq!((checkpoint.position(), checked.events), (1, 2));
/// # drop(store);
/// # std::fs::remove_dir_all(dir)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Checkpoint {
    store_id: StoreId,
    position: u64,
    root: Digest,
}

/// Bytes or a text that are no [`Checkpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint; expected `{PREFIX}:<store>:<position>:<root>`, or its 64 bytes")]
pub struct CheckpointError;

/// How a log differs from the one that a [`Checkpoint`] is of: see [`StoreError::Diverged`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Divergence {
    /// It is that of another store.
    #[error("the log is that of the store {0}")]
    OtherStore(StoreId),
    /// It ends before the checkpoint: its newest events are gone, or it is an older copy.
    #[error("the log ends at position {0}: events that the checkpoint is of are gone")]
    Rewound(u64),
    /// It has other events up to there, or has them in another order or in other segments, though it is valid by
    /// itself.
    #[error("the log has another history up to there, whose root is {0}")]
    OtherHistory(Digest),
}

/// How the bytes begin.
const MAGIC: &[u8; 8] = b"BATPAKC1";
/// How the text begins.
const PREFIX: &str = "batpak-checkpoint-1";

impl Checkpoint {
    /// How many bytes [`Self::to_bytes`] gives.
    pub const BYTES: usize = 64;

    /// The store whose log it is of.
    #[must_use]
    pub const fn store_id(&self) -> StoreId {
        self.store_id
    }

    /// The position of the last event that it is of; 0 if there was none.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// What commits to the events up to there. `FORMAT.md` says how it is computed.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.root
    }

    /// The checkpoint in bytes, the same wherever they are made: what one signs.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(&self.store_id.to_bytes());
        bytes[24..32].copy_from_slice(&self.position.to_le_bytes());
        bytes[32..].copy_from_slice(self.root.as_bytes());
        bytes
    }

    /// The checkpoint that [`Self::to_bytes`] gave these bytes for.
    ///
    /// # Errors
    /// If they are not such bytes. They say nothing of whether they were changed: a signature does.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, CheckpointError> {
        let split = || {
            let rest = bytes.strip_prefix(MAGIC)?;
            let (store_id, rest) = rest.split_first_chunk()?;
            let (position, root) = rest.split_first_chunk()?;
            Some(Self {
                store_id: StoreId::from_bytes(*store_id),
                position: u64::from_le_bytes(*position),
                root: Digest::from_bytes(*root.as_array()?),
            })
        };
        split().ok_or(CheckpointError)
    }

    /// That the history up to its position has its root.
    pub(super) fn check_root(&self, found: Digest) -> Result<(), StoreError> {
        match found == self.root {
            true => Ok(()),
            false => Err(self.diverged(Divergence::OtherHistory(found))),
        }
    }

    fn diverged(&self, divergence: Divergence) -> StoreError {
        StoreError::Diverged {
            position: self.position,
            divergence,
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, position, root) = (self.store_id, self.position, self.root);
        write!(f, "{PREFIX}:{id}:{position}:{root}")
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checkpoint({self})")
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let parse = || {
            let rest = text.strip_prefix(PREFIX)?.strip_prefix(':')?;
            let (store_id, rest) = rest.split_once(':')?;
            let (position, root) = rest.split_once(':')?;
            let checkpoint = Self {
                store_id: store_id.parse().ok()?,
                position: position.parse().ok()?,
                root: Digest::parse(root)?,
            };
            // There is one text for each.
            (checkpoint.to_string() == text).then_some(checkpoint)
        };
        parse().ok_or(CheckpointError)
    }
}

impl TryFrom<String> for Checkpoint {
    type Error = CheckpointError;

    fn try_from(text: String) -> Result<Self, CheckpointError> {
        text.parse()
    }
}

impl From<Checkpoint> for String {
    fn from(checkpoint: Checkpoint) -> Self {
        checkpoint.to_string()
    }
}

impl Store {
    /// The log's history up to the newest event that readers see, to be kept elsewhere.
    ///
    /// It rests on the footers of closed segments, so that only the newest segment is read, and those that have
    /// no footer yet. It does not verify the log: for a checkpoint of what is known to be whole, call
    /// [`Self::verify`] first.
    ///
    /// Events that are not durable yet may be lost with the system, and the checkpoint would then rightly tell
    /// so; [`Self::flush`] makes sure of them.
    ///
    /// # Errors
    /// [`StoreError::Unchained`] if there are no digests; [`StoreError::Corrupt`] or [`StoreError::Io`] if what
    /// it reads cannot be read as it was written.
    pub fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        self.checkpoint_at(self.shared.view().published())
    }

    /// Verifies everything, as [`Self::verify`] does, and that the log still has all that the checkpoint is of,
    /// as it was then: that it is the same log, perhaps with more behind.
    ///
    /// # Errors
    /// [`StoreError::Diverged`] if it is another store's, shorter, or has another history;
    /// [`StoreError::Unchained`] if there are no digests; else as for [`Self::verify`].
    pub fn verify_against(&self, checkpoint: &Checkpoint) -> Result<Verification, StoreError> {
        self.check_chained()?;
        if checkpoint.store_id != self.id() {
            return Err(checkpoint.diverged(Divergence::OtherStore(self.id())));
        }
        let published = self.shared.view().published();
        if published < checkpoint.position {
            return Err(checkpoint.diverged(Divergence::Rewound(published)));
        }
        if checkpoint.position == 0 {
            checkpoint.check_root(Digest::ZERO)?;
        }
        self.verify_log(Some(checkpoint))
    }

    /// The checkpoint at a position that is published.
    pub(super) fn checkpoint_at(&self, position: u64) -> Result<Checkpoint, StoreError> {
        self.check_chained()?;
        let row = self.shared.segments.row(position + 1);
        let mut history = History::new(true);
        let mut unsealed = 0;
        for (at, (segment, _)) in row.iter().enumerate().skip(1).rev() {
            let (before, _) = &row[at - 1];
            let file = self.shared.disk.open(&before.path, false);
            let file = file.map_err(StoreError::io("open", &before.path))?;
            if let Some(footer) = read_footer(file.as_ref(), before)? {
                history = History::behind(footer.closing, segment.first);
                unsealed = at;
                break;
            }
        }
        let mut root = history.root();
        for (segment, end) in &row[unsealed..] {
            self.read_digests(segment, *end, &mut history)?;
            root = history.root();
            history.close();
        }
        Ok(Checkpoint {
            store_id: self.id(),
            position,
            root,
        })
    }

    /// Takes the digests of a segment's events before the position `end`.
    fn read_digests(
        &self,
        segment: &Arc<SegmentFile>,
        end: u64,
        history: &mut History,
    ) -> Result<(), StoreError> {
        let file = self.shared.disk.open(&segment.path, false);
        let file = file.map_err(StoreError::io("open", &segment.path))?;
        let of_segment = (Arc::clone(segment), file);
        let mut walk = Walk::new(of_segment, segment.first, SegmentHeader::BYTES as u64);
        walk.step(end, u64::MAX, |body, _| {
            let (position, digest) = Body::place_in_chain(body)?;
            digest.ok_or("the event has no digest")?;
            history.push(digest);
            Ok(position)
        })?;
        Ok(())
    }

    fn check_chained(&self) -> Result<(), StoreError> {
        match self.chained && hash::AVAILABLE {
            true => Ok(()),
            false => Err(StoreError::Unchained(self.config.dir.clone())),
        }
    }
}
