use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Divergence;
use crate::coordinate::{Coordinate, CoordinateError, Tag, TagError};
use crate::event::{DecodeError, EncodeError, EventId, EventKind, StoreId};
use crate::pipeline::{Conflict, UnfitEvent};
use crate::projection::FoldError;

/// What went wrong in a store, where, and what to do.
///
/// The variants that name a place on disk have it as fields; [`Self::is_retryable`] separates a
/// conflict, after which one reloads and tries again, from everything else.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Another store value, here or in another process, has the directory open for writing.
    #[error("the store in {} is in use; close it there, or wait until its process ends", .0.display())]
    InUse(PathBuf),
    /// The directory holds something else than a store.
    #[error("{} is not a batpak store ({found}); choose the directory of a store, or an empty one to create it in", path.display())]
    Foreign {
        /// The directory or file.
        path: PathBuf,
        /// What was found there.
        found: String,
    },
    /// The directory was moved or replaced while the store was open. Nothing more is written.
    #[error("the store's directory is no longer at {}; drop the store and open it where it is now", .0.display())]
    Moved(PathBuf),
    /// The store was written by a newer version of the format.
    #[error("{} has format version {found}; this program reads up to {supported}: update it", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u16,
        /// The newest version that this program reads.
        supported: u16,
    },
    /// A file of the index is damaged, and not the log: nothing is lost. The writer makes the file anew from the
    /// log, in the background or when it is next opened, and then the same question has its answer.
    #[error(
        "the index is damaged, and the log is not: {} at byte {offset} ({problem}); the writer makes it anew, so try \
         again in a moment, or remove the directory `index` while the store is closed",
        path.display()
    )]
    DamagedIndex {
        /// The file of the index.
        path: PathBuf,
        /// The place in the file, in bytes.
        offset: u64,
        /// The position of the first event that the file is about.
        position: u64,
        /// What does not fit.
        problem: &'static str,
    },
    /// The index cannot be written, and as many events wait for it in memory as may. Nothing of the batch was stored.
    /// The index is tried again all the while, at least every ten seconds, and appends go on once it is written.
    #[error(
        "the index cannot be written ({0}), and has to be before more is appended; make that possible, and try again"
    )]
    IndexBehind(Arc<str>),
    /// Bytes that were acknowledged are damaged or missing. Nothing of the log has been changed.
    #[error("{} is corrupt at byte {offset} (position {position}): {problem}; restore a backup, or save what can be saved by `Store::repair`", path.display())]
    Corrupt {
        /// The segment file.
        path: PathBuf,
        /// The place in the file, in bytes.
        offset: u64,
        /// The position of the event that is, or should be, there.
        position: u64,
        /// What does not fit.
        problem: &'static str,
    },
    /// A condition of the batch does not hold. Nothing was recorded.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// A condition is about what comes behind a position that the log has not reached, or the state
    /// [as of](crate::AsOf) such a position was asked for: it is one of another log, or of an event that readers do not see yet.
    #[error(
        "position {position} is asked about, and the log ends at {last}; use a position that was read from this store"
    )]
    PositionAhead {
        /// The position that was asked about.
        position: u64,
        /// The position of the newest event; of the newest that readers see, if it is about reading.
        last: u64,
    },
    /// An event with this id is in the store, and is another one: another stream, kind, version, payload, metadata, or other
    /// tags, causes or correlation. Nothing was recorded.
    #[error(
        "event {id} at position {position} is another one than that of the batch; give each event an id of its own"
    )]
    IdTaken {
        /// The id.
        id: EventId,
        /// The position of the event that has it.
        position: u64,
    },
    /// Some events of the batch are in the store, by the ids that they were given, and others are not. Nothing was recorded.
    #[error(
        "event {missing} of the batch is not in the store, and others of it are; append what belongs together in one batch, always the same"
    )]
    RepeatedInPart {
        /// The first id that is not in the store.
        missing: EventId,
    },
    /// Two events of a batch were given the same id.
    #[error("two events of the batch have the id {0}; give each an id of its own")]
    RepeatedInBatch(EventId),
    /// A batch or one of its events is larger than a limit of the configuration or the format.
    #[error("{what}: {actual}, and at most {limit} are allowed")]
    Limit {
        /// What is too large or too many.
        what: &'static str,
        /// How much there is.
        actual: usize,
        /// How much there may be.
        limit: usize,
    },
    /// A batch without events.
    #[error("the batch has no events")]
    EmptyBatch,
    /// An event's kind is of a category that the library keeps for itself.
    #[error("kind {0} is of a category reserved for the store; use 0x1 to 0xC, 0xE or 0xF")]
    ReservedKind(EventKind),
    /// A typed event whose kind has another name in this store, or in the same batch: two types share
    /// a kind, or an event was renamed.
    #[error(
        "kind {kind} is `{recorded}` in this store, and not `{given}`; give `{given}` an id that no other event has, or, \
         if it is `{recorded}` renamed, keep the recorded name: `#[event(name = \"{recorded}\")]`"
    )]
    OtherName {
        /// The kind.
        kind: EventKind,
        /// The name that the first typed event of the kind had.
        recorded: String,
        /// The name that this one has.
        given: &'static str,
    },
    /// A name in an event's metadata that is the store's own.
    #[error("`{0}` in the metadata of an event is the store's own; do not begin with `batpak:`")]
    ReservedMetadata(String),
    /// A tag that is the store's own.
    #[error("the tag {0} is the store's own; do not begin with `batpak:`")]
    ReservedTag(Tag),
    /// A receipt, or something that was observed, is of another store than the one it is committed to.
    #[error(
        "{what} is of the store {of}, and not of this one; read, propose and commit in one store"
    )]
    Elsewhere {
        /// What it is.
        what: &'static str,
        /// The store that it is of.
        of: StoreId,
    },
    /// A receipt was given by other gates than those of the pipeline that is to commit it.
    #[error(
        "the receipt was not given by the gates of this pipeline; commit it by the one that permitted it"
    )]
    OtherGates,
    /// A cause that is neither in the store nor before its effect in the batch.
    #[error(
        "there is no event {0} to be the cause of another: a cause is in the store, or before its effect in the batch"
    )]
    UnknownCause(EventId),
    /// An id that no event in the store has.
    #[error("there is no event {0} in the store")]
    UnknownEvent(EventId),
    /// A name that no coordinate can have: for `?` on what [`Coordinate::new`] gives.
    #[error(transparent)]
    Coordinate(#[from] CoordinateError),
    /// A text that cannot be a tag: from a field under `#[event(tag)]`, or for `?` on what
    /// [`Tag::new`](crate::Tag::new) gives.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// A payload or metadata value could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A payload or metadata value could not be decoded. The store itself decodes nothing outside of
    /// folds: this is for `?` on what a [`StoredEvent`](crate::StoredEvent) gives.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A projection or machine could not take an event.
    #[error("cannot fold the event at position {position} ({coordinate}): {source}")]
    Fold {
        /// The event's position.
        position: u64,
        /// The event's stream.
        coordinate: Coordinate,
        /// The reason.
        source: FoldError,
    },
    /// A batch that is to go with a machine's events has events for the machine's own stream.
    #[error(
        "the batch beside the events of the machine at {0} writes to the same stream; record those events in the chain"
    )]
    OwnStream(Coordinate),
    /// A machine was loaded from another store than the one it is to be committed to.
    #[error(
        "the machine at {0} was loaded from another store; load it from the store that you commit to"
    )]
    OtherStore(Coordinate),
    /// A reactor of this name is running on the store.
    #[error("reactor `{0}` is running already; stop it first, or give this one a name of its own")]
    ReactorRunning(String),
    /// A consumer of this name is running on the store.
    #[error("consumer `{0}` is running already; stop it first, or give this one a name of its own")]
    ConsumerRunning(String),
    /// The log is not the one that a consumer has read up to a position: it has another event there, or ends before it, as an older
    /// copy of the store does.
    #[error(
        "consumer `{consumer}` cannot go on from position {position}: the log ends before it, or has another event there than \
         it had; find out what was handled, and let it go on from a position by `Store::reset_consumer`"
    )]
    HistoryChanged {
        /// The name of the consumer.
        consumer: String,
        /// The position up to which it had come, or from which it was to go on.
        position: u64,
    },
    /// The file that has a consumer's position cannot be relied on. Nothing was handled.
    #[error(
        "the bookmark of a consumer in {} is damaged ({problem}); restore the file, or let the consumer go on from a position \
         by `Store::reset_consumer`",
        path.display()
    )]
    DamagedBookmark {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: &'static str,
    },
    /// A coordinate whose entity has not the prefix of the machine.
    #[error("{coordinate} is not an address of `{machine}`; its entities begin with `{entity}:`")]
    OtherMachine {
        /// The coordinate.
        coordinate: Coordinate,
        /// The machine.
        machine: &'static str,
        /// The prefix of its entities.
        entity: &'static str,
    },
    /// The log is not the one that a checkpoint was taken of, with more behind.
    #[error("the log does not go on from the checkpoint at position {position}: {divergence}")]
    Diverged {
        /// The checkpoint's position.
        position: u64,
        /// How the log differs.
        divergence: Divergence,
    },
    /// A checkpoint is about digests, and there are none: the store is unchained, or this build is without the feature
    /// `blake3`.
    #[error(
        "the store in {} has no digests for a checkpoint to be about: it is unchained, or this program was built without \
         the feature `blake3`",
        .0.display()
    )]
    Unchained(PathBuf),
    /// A directory that was to be filled has something in it already.
    #[error("{} is not empty; choose an empty directory, or one that is not there yet", .0.display())]
    NotEmpty(PathBuf),
    /// An earlier write or sync failed, so what is on disk is in doubt. Reads go on. Whether a batch is stored that
    /// was on its way then, answered or not, shows when the store is opened again, unless it was answered as durable.
    #[error("an earlier write failed ({0}); drop the store and open it again before writing")]
    Poisoned(Arc<str>),
    /// The store that is followed was dropped, and everything that was published by then was given.
    #[error("the store is closed; open it again to go on from the position that was reached")]
    Closed,
    /// The store was opened by [`Store::open_read_only`](crate::Store::open_read_only), or it is chained and this
    /// build is without the feature `blake3`, and so cannot continue the chain.
    #[error(
        "the store in {} is open for reading only; write to it through `Store::open`, if it is chained in a build \
         with the feature `blake3`",
        .0.display()
    )]
    ReadOnly(PathBuf),
}

impl StoreError {
    /// Whether reading again, deciding anew and trying again may succeed: true for a [`Self::Conflict`] over something that was
    /// read up to a position or a revision ([`Conflict::is_retryable`]).
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict(conflict) => conflict.is_retryable(),
            _ => false,
        }
    }

    /// What a fork is told of everything that only the process can do that opened the store.
    pub(crate) fn forked() -> Self {
        Self::Poisoned("the store was opened before the process was forked".into())
    }

    /// For `map_err`: `action` on `path` failed.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// `found` does not exceed `limit`.
    pub(crate) fn check_limit(what: &'static str, actual: usize, limit: usize) -> Result<(), Self> {
        if actual > limit {
            return Err(Self::Limit {
                what,
                actual,
                limit,
            });
        }
        Ok(())
    }
}

impl From<UnfitEvent> for StoreError {
    fn from(unfit: UnfitEvent) -> Self {
        match unfit {
            UnfitEvent::Encode(error) => Self::Encode(error),
            UnfitEvent::Tag(error) => Self::Tag(error),
        }
    }
}
