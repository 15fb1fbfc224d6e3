//! What is appended, and what is answered.

use std::sync::Arc;

use serde::Serialize;
use smallvec::SmallVec;

use super::commit::{Committer, Prepared};
use super::{Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{Digest, EventId, EventKind, EventPayload};
use crate::pipeline::{Batch, Condition, Durability, NewEvent};

/// What an append answers: the event is stored, and this is where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendReceipt {
    /// The event's id.
    pub event_id: EventId,
    /// Its position in the whole log, dense from 1.
    pub sequence: u64,
    /// Its place in its stream, dense from 1.
    pub revision: u64,
    /// When it was committed, in microseconds since 1970 UTC.
    pub time_us: u64,
    /// Its digest, which commits to the whole history of its stream; `None` in an unchained store.
    pub digest: Option<Digest>,
    /// The durability that was reached before the answer.
    pub durability: Durability,
}

/// The receipts of a batch. Most batches have one.
pub(crate) type Receipts = SmallVec<[AppendReceipt; 1]>;

/// A batch that is on its way: see [`Store::submit`].
///
/// Dropping it does not take the batch back, nor does dropping the store: that writes it. It may be asked
/// after that too, and does not keep the store open.
#[must_use = "only `wait` tells whether the batch is stored"]
pub struct Ticket {
    committer: Arc<Committer>,
    receipts: Receipts,
}

impl Ticket {
    /// Waits until the batch has the durability that it asked for, and readers see it; a
    /// [`Durability::Buffered`] one until it is written. The receipts are as for [`Store::commit`].
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Poisoned`] if a write or sync failed: whether the batch is
    /// stored is then unknown.
    pub fn wait(mut self) -> Result<Vec<AppendReceipt>, StoreError> {
        self.committer.check_process()?;
        self.committer.wait(&mut self.receipts)?;
        Ok(self.receipts.into_vec())
    }

    /// The receipts as they are now: their durability is yet to be reached.
    pub(crate) fn receipts(&self) -> &[AppendReceipt] {
        &self.receipts
    }

    /// Whether [`Self::wait`] would answer at once.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.committer.is_at_home() || self.committer.is_settled(&self.receipts)
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket")
            .field("events", &self.receipts.len())
            .field("is_done", &self.is_done())
            .finish()
    }
}

impl Store {
    /// Appends one untyped event: any payload that serde can write.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn append<P: Serialize + ?Sized>(
        &self,
        coordinate: &Coordinate,
        kind: EventKind,
        payload: &P,
    ) -> Result<AppendReceipt, StoreError> {
        self.append_event(NewEvent::new(coordinate, kind, payload))
    }

    /// Appends one event of a type that derives [`Event`](macro@crate::Event).
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn append_typed<E: EventPayload>(
        &self,
        coordinate: &Coordinate,
        event: &E,
    ) -> Result<AppendReceipt, StoreError> {
        self.append_event(NewEvent::of(coordinate, event))
    }

    /// Appends one event, with whatever tags, causes, metadata and id it was given.
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn append_event(&self, event: NewEvent) -> Result<AppendReceipt, StoreError> {
        self.commit_one(event, Condition::new())
    }

    /// Appends one event on this condition: see [`Condition`].
    ///
    /// # Errors
    /// As for [`Self::commit`].
    pub fn append_if(
        &self,
        event: NewEvent,
        condition: Condition,
    ) -> Result<AppendReceipt, StoreError> {
        self.commit_one(event, condition)
    }

    fn commit_one(
        &self,
        event: NewEvent,
        condition: Condition,
    ) -> Result<AppendReceipt, StoreError> {
        let committer = match self.config.durability {
            // Asking the system which process this is takes as long as a third of such an append.
            Durability::Buffered => self.committer_unasked()?,
            _ => self.committer()?,
        };
        let names = &self.shared.names;
        let names = match names.try_read() {
            Some(names) => names,
            None => {
                committer.check_process()?;
                names.read()
            }
        };
        let first_uses = names.first_uses(std::slice::from_ref(&event))?;
        drop(names);
        let batch = ([event].into_iter(), condition, None);
        let batch = Prepared::new(batch, first_uses, &self.config, self.chained)?;
        let receipts = committer.commit(&batch)?;
        receipts.into_iter().next().ok_or(StoreError::EmptyBatch)
    }

    /// Commits a batch: all of its events, in its order, or none. The receipts are in that order.
    ///
    /// It answers when the batch has the [`Durability`] that it asks for, or else the store. Threads that commit at
    /// the same time share one write and one sync. An error that rests on an event which is still on its
    /// way, such as a conflict, is given once that event is stored.
    ///
    /// Events that were given [ids](NewEvent::id) are stored once: if all of these are in the store, and the events are the
    /// same, their receipts are the answer, whatever the batch's condition. So the retry of a success is a success, for as
    /// long as the events exist; what differs is a typed error. Two events are the same if they have the same stream, kind,
    /// version, payload, metadata, tags and causes, and the same correlation if one was given. An event without an id in such
    /// a batch is looked for behind the one before it.
    ///
    /// # Errors
    /// - [`StoreError::Conflict`] if a [condition](Condition) of the batch does not hold, and [`StoreError::PositionAhead`]
    ///   if it is about a position that the log has not reached;
    /// - [`StoreError::IdTaken`], [`StoreError::RepeatedInPart`] and [`StoreError::RepeatedInBatch`] if ids that were given
    ///   are those of other events;
    /// - [`StoreError::Limit`], [`StoreError::EmptyBatch`], [`StoreError::ReservedKind`],
    ///   [`StoreError::ReservedMetadata`], [`StoreError::ReservedTag`], [`StoreError::Elsewhere`], [`StoreError::UnknownCause`], [`StoreError::Encode`],
    ///   [`StoreError::Tag`] if the batch is not one to store;
    /// - [`StoreError::OtherName`] if a typed event has another name than the first one of its kind;
    /// - [`StoreError::Io`] if the write or the sync fails, and [`StoreError::Poisoned`] for all who wait
    ///   with it and ever after until the store is opened again: whether the batch is stored is then
    ///   unknown, and who commits it again may store it twice. [`StoreError::Io`] too if a file cannot be read that
    ///   the batch's conditions need: nothing of it is stored then, and the store goes on;
    /// - [`StoreError::DamagedIndex`] if the index is damaged where the batch needs it, and
    ///   [`StoreError::IndexBehind`] if it could not be written for long;
    /// - [`StoreError::Moved`] if the directory is no longer where it was opened, when a new segment is
    ///   needed; [`StoreError::ReadOnly`] if the store cannot be written to.
    ///
    /// After any but an I/O error nothing of the batch is stored.
    pub fn commit(&self, batch: Batch) -> Result<Vec<AppendReceipt>, StoreError> {
        let (committer, batch) = self.prepare(batch)?;
        Ok(committer.commit(&batch)?.into_vec())
    }

    /// Commits a batch without waiting for it: its place in the log is sure, and the ticket tells when it
    /// is stored. So one thread can keep many durable batches in flight.
    ///
    /// Batches are stored in the order in which they are submitted, and each is checked against all
    /// before it. If more is in flight than
    /// [`max_queued_bytes`](crate::StoreConfig::max_queued_bytes) this waits until the batch is written.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-submit-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let import = Coordinate::new("import:2024", "archive")?;
    /// let line_read = EventKind::custom(0xF, 1);
    ///
    /// let tickets: Vec<Ticket> = (0..1_000)
    ///     .map(|line| store.submit(Batch::new().event(NewEvent::new(&import, line_read, &line))))
    ///     .collect::<Result<_, _>>()?;
    /// for (line, ticket) in tickets.into_iter().enumerate() {
    ///     let receipts = ticket.wait()?;
    ///     assert_eq!(receipts[0].revision, line as u64 + 1);
    ///     assert_eq!(receipts[0].durability, Durability::Durable);
    /// }
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Self::commit`]; what becomes of the write, the ticket tells.
    pub fn submit(&self, batch: Batch) -> Result<Ticket, StoreError> {
        let (committer, batch) = self.prepare(batch)?;
        Ok(Ticket {
            receipts: committer.submit(&batch)?,
            committer: Arc::clone(committer),
        })
    }

    /// Encodes the batch, and finds out what can be found without the others.
    fn prepare(&self, batch: Batch) -> Result<(&Arc<Committer>, Prepared), StoreError> {
        let committer = self.committer()?;
        let batch = Prepared::of(batch, &self.shared, &self.config, self.chained)?;
        Ok((committer, batch))
    }

    /// Makes every event that was committed or submitted so far durable, and notes in the log that it is, unless
    /// others are writing: then what they write says so.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the write or the sync fails, and [`StoreError::Poisoned`] ever after;
    /// [`StoreError::ReadOnly`] if the store is.
    pub fn flush(&self) -> Result<(), StoreError> {
        let committer = self.committer()?;
        committer.drain(true)?;
        committer.prove()
    }

    /// Who writes, if the store can be written to.
    pub(crate) fn committer(&self) -> Result<&Arc<Committer>, StoreError> {
        let committer = self.committer_unasked()?;
        committer.check_process()?;
        Ok(committer)
    }

    /// The same, for who has the committer ask which process this is.
    fn committer_unasked(&self) -> Result<&Arc<Committer>, StoreError> {
        let read_only = || StoreError::ReadOnly(self.config.dir.clone());
        self.committer.as_ref().ok_or_else(read_only)
    }
}
