//! Taking in many batches: one after the other, without waiting for each.

use std::collections::VecDeque;
use std::error::Error;

use super::progress::{Work, Working};
use super::{AppendReceipt, Store, StoreError};
use crate::pipeline::{Batch, Durability};

/// What [`Store::import`] has stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many batches.
    pub batches: u64,
    /// How many events they had.
    pub events: u64,
    /// The lowest position of these events; 0 if there are none.
    pub first: u64,
    /// The highest position of these events; 0 if there are none. Between the two are those of others too, if others append.
    pub last: u64,
}

/// Why an import ended early, and what of it is stored.
#[derive(Debug, thiserror::Error)]
#[error("the import ended after {} batches: {failure}", .stored.batches)]
#[non_exhaustive]
pub struct ImportError {
    /// What is stored for certain, and survives power loss: the batches before the one that failed. If the disk failed there
    /// may be fewer than that, and some of those that follow may be stored as well.
    pub stored: Imported,
    /// What happened.
    #[source]
    pub failure: ImportFailure,
}

/// What ends an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFailure {
    /// The iterator gave an error.
    #[error("{0}")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// A batch could not be stored.
    #[error("{0}")]
    Store(#[source] Box<StoreError>),
}

impl From<StoreError> for ImportFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl Store {
    /// Commits the batches that an iterator gives, in its order, and makes them durable together at the end.
    ///
    /// Each is all or nothing, and is checked against all before it, as by [`Self::submit`]; none is waited for. A batch
    /// that does not say otherwise is [`Durability::Written`]. At most
    /// [`max_queued_bytes`](crate::StoreConfig::max_queued_bytes) of them are in memory. How far it is,
    /// [`StoreConfig::on_progress`](crate::StoreConfig::on_progress) tells, in batches.
    ///
    /// The first error ends it, be it the iterator's or the store's. [`ImportError::stored`] tells how many batches are stored:
    /// go on behind them. Batches whose events were given [ids](crate::NewEvent::id) can simply be imported again from
    /// the first, for those are stored once.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-import-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let meter = Coordinate::new("meter:7", "plant")?;
    /// let measured = EventKind::custom(0xF, 1);
    /// let batch = |line: &str| -> Result<Batch, std::num::ParseIntError> {
    ///     let value: u32 = line.parse()?;
    ///     Ok(NewEvent::new(&meter, measured, &value).into())
    /// };
    ///
    /// let imported = store.import("12\n15\n11".lines().map(batch))?;
    /// assert_eq!((imported.batches, imported.last), (3, 3));
    ///
    /// let error = store.import("12\n1S\n11".lines().map(batch)).unwrap_err();
    /// assert_eq!((error.stored.batches, store.position()), (1, 4));
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ImportError`] with the error of the iterator, or that of [`Self::submit`] or [`Self::flush`].
    pub fn import<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        batches: impl IntoIterator<Item = Result<Batch, E>>,
    ) -> Result<Imported, ImportError> {
        let batches = batches.into_iter();
        let total = match batches.size_hint() {
            (least, Some(most)) if least == most => Some(least as u64),
            _ => None,
        };
        let mut import = Import {
            store: self,
            stored: Imported::default(),
            waiting: VecDeque::new(),
            work: self.shared.begin(Work::Importing, total),
        };
        let _entered = import.work.enter();
        let taken = import.take_all(batches);
        // What was submitted before an error is stored all the same.
        let flushed = self.flush().map_err(ImportFailure::from);
        import.settle();
        match taken.and(flushed) {
            Ok(()) => {
                import.work.end();
                Ok(import.stored)
            }
            Err(failure) => Err(ImportError {
                stored: import.stored,
                failure,
            }),
        }
    }
}

/// An import that is going on.
struct Import<'s> {
    store: &'s Store,
    /// What is durable of it.
    stored: Imported,
    /// The batches behind that, of which only the newest segment has any.
    waiting: VecDeque<Imported>,
    work: Working,
}

impl Import<'_> {
    fn take_all<E: Into<Box<dyn Error + Send + Sync>>>(
        &mut self,
        batches: impl Iterator<Item = Result<Batch, E>>,
    ) -> Result<(), ImportFailure> {
        for batch in batches {
            let mut batch = batch.map_err(|error| ImportFailure::Source(error.into()))?;
            batch.durability.get_or_insert(Durability::Written);
            let batch = Imported::of(self.store.submit(batch)?.receipts());
            self.waiting.push_back(batch);
            self.settle();
            self.work.step(1, batch.events);
        }
        Ok(())
    }

    /// Counts the batches that have become durable.
    fn settle(&mut self) {
        let durable = self.store.shared.watermarks.durable();
        while let Some(batch) = self.waiting.pop_front_if(|batch| batch.last <= durable) {
            self.stored.add(batch);
        }
    }
}

impl Imported {
    fn of(receipts: &[AppendReceipt]) -> Self {
        // Those of a batch that was stored before may be anywhere.
        let positions = receipts.iter().map(|receipt| receipt.sequence);
        Self {
            batches: 1,
            events: receipts.len() as u64,
            first: positions.clone().min().unwrap_or(0),
            last: positions.max().unwrap_or(0),
        }
    }

    fn add(&mut self, batch: Self) {
        self.first = match self.batches {
            0 => batch.first,
            _ => self.first.min(batch.first),
        };
        self.last = self.last.max(batch.last);
        self.batches += batch.batches;
        self.events += batch.events;
    }
}
