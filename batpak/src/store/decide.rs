//! Decisions: what is read, decided and appended on condition that what was read still holds.

use std::time::Duration;

use super::{AppendReceipt, Events, Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{EventKind, Region};
use crate::guard::{Denial, DenialRecord, Observed, Permit, Read, Receipt};
use crate::outcome::Backoff;
use crate::pipeline::{Batch, NewEvent, NotPermitted, Pipeline, Proposal};
use crate::projection::Projection;

/// The name of the kind of denials.
const DENIED: &str = "DenialRecord";

/// How often, and after which waits, a decision is made anew when what it rests on has changed: see
/// [`Store::decider`].
#[derive(Debug)]
#[must_use = "nothing is decided until `decide` is called"]
pub struct Decider<'s> {
    store: &'s Store,
    region: Region,
    attempts: u32,
    backoff: Backoff,
}

impl Decider<'_> {
    /// Decides at most so often, at least once. The default is 100.
    pub fn attempts(self, attempts: u32) -> Self {
        Self {
            attempts: attempts.max(1),
            ..self
        }
    }

    /// Waits so before it decides anew. The default is from 100 us on up to 20 ms, with a jitter.
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Reads, decides and commits: see [`Store::decide`].
    ///
    /// # Errors
    /// What `decide` gives; the last conflict if it has conflicts in all attempts, or the same one twice; and those of
    /// [`Store::commit`].
    pub fn decide<E: From<StoreError>>(
        &self,
        mut decide: impl FnMut(Events<'_>) -> Result<Batch, E>,
    ) -> Result<Vec<AppendReceipt>, E> {
        let mut attempt = 1;
        // The same once more is over something that `decide` does not read anew.
        let mut last = None;
        loop {
            let events = self.store.query(&self.region);
            let position = events.position();
            let batch = decide(events)?;
            if batch.is_empty() {
                return Ok(Vec::new());
            }
            let batch = batch.fail_if_after(self.region.clone(), position);
            match self.store.commit(batch) {
                Err(StoreError::Conflict(conflict))
                    if conflict.is_retryable()
                        && attempt < self.attempts
                        && last.as_ref() != Some(&conflict) =>
                {
                    std::thread::sleep(self.backoff.delay(attempt));
                    attempt += 1;
                    last = Some(conflict);
                }
                answer => return Ok(answer?),
            }
        }
    }
}

impl Store {
    /// Reads a region, lets `decide` say what follows from its events, and commits that on condition that
    /// nothing has come to the region meanwhile; if something has, all of this anew, after a short wait. So the
    /// decision is valid at the moment it is stored: the region is its consistency boundary
    /// ([dcb.events](https://dcb.events)).
    ///
    /// A batch without events decides that nothing is to happen, and is not committed. A region that ends at a position or a
    /// time in the past rests on nothing that could change. [`Self::decider`] sets how often it is
    /// tried. Readers do not see a [`Buffered`](crate::Durability::Buffered) event at once, but conditions do: decisions that
    /// follow such an event of their region are made twice.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-decide-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let sold = EventKind::custom(0x3, 1);
    /// let sell = |buyer: &str| {
    ///     store.decide(&Region::all().scope("concert:1").kinds([sold]), |tickets| {
    ///         let tickets = tickets.collect::<Result<Vec<_>, _>>()?;
    ///         if tickets.len() >= 2 {
    ///             return Ok::<_, StoreError>(Batch::new());
    ///         }
    ///         let ticket = Coordinate::new(buyer, "concert:1")?;
    ///         Ok(NewEvent::new(&ticket, sold, &()).into())
    ///     })
    /// };
    /// let sales = ["ann", "bob", "cid"].map(|buyer| sell(buyer).unwrap().len());
    /// assert_eq!(sales, [1, 1, 0]);
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What `decide` gives; [`StoreError::Conflict`] if it has lost against others in all attempts, or if
    /// trying again cannot help, as with a condition of its own over something that it does not read anew; and those of
    /// [`Self::commit`].
    pub fn decide<E: From<StoreError>>(
        &self,
        region: &Region,
        decide: impl FnMut(Events<'_>) -> Result<Batch, E>,
    ) -> Result<Vec<AppendReceipt>, E> {
        self.decider(region).decide(decide)
    }

    /// [`Self::decide`] with other limits.
    pub fn decider(&self, region: &Region) -> Decider<'_> {
        let seed = self.config.source.random() as u64;
        Decider {
            store: self,
            region: region.clone(),
            attempts: 100,
            backoff: Backoff::new(Duration::from_micros(100), Duration::from_millis(20))
                .jitter(seed),
        }
    }

    /// Folds a region into a projection, together with where it was read: for gates, whose permit then rests on it.
    ///
    /// # Errors
    /// As for [`Self::fold`].
    pub fn observe<P: Projection>(&self, region: &Region) -> Result<Observed<P>, StoreError> {
        self.observe_with(region, |events| events.project())
    }

    /// What `read` makes of the events of a region, together with where it was read: for gates, whose permit then rests on it.
    ///
    /// # Errors
    /// What `read` gives.
    pub fn observe_with<T, E>(
        &self,
        region: &Region,
        read: impl FnOnce(Events<'_>) -> Result<T, E>,
    ) -> Result<Observed<T>, E> {
        let events = self.query(region);
        let position = events.position();
        let value = read(events)?;
        let store = self.id();
        let region = region.clone();
        Ok(Observed::new(
            value,
            Read {
                store,
                region,
                position,
            },
        ))
    }

    /// A batch that is to be put to the gates of a [`Pipeline`] before it is committed here.
    #[must_use]
    pub fn propose(&self, batch: impl Into<Batch>) -> Proposal {
        Proposal::new(batch.into(), self.id())
    }

    /// Notes in the log that gates denied something that would have gone to this stream, such as a machine's command: as an
    /// event of the store's own kind, in the stream of the same entity under the scope `<scope>/denied`, so
    /// that it is in nobody's way. Its payload is a [`DenialRecord`]; [`Region::denials`] finds it.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// use batpak::DenialRecord;
    /// # let dir = std::env::temp_dir().join(format!("batpak-denial-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let account = Coordinate::new("account:7", "bank")?;
    /// let denial = Denial::new("INSUFFICIENT_FUNDS", "the balance is too low").with("balance", 12);
    /// store.record_denial(&account, &denial)?;
    ///
    /// let recorded = store.query(&Region::all().denials().entity("account:7")).next().unwrap()?;
    /// assert_eq!(recorded.coordinate.scope(), "bank/denied");
    /// assert_eq!(recorded.payload::<DenialRecord>()?.code, "INSUFFICIENT_FUNDS");
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Coordinate`] if the scope becomes too long; and those of [`Self::commit`].
    pub fn record_denial(
        &self,
        coordinate: &Coordinate,
        denial: &Denial,
    ) -> Result<AppendReceipt, StoreError> {
        self.append_denial(coordinate, &DenialRecord::from(denial))
    }

    fn append_denial(
        &self,
        coordinate: &Coordinate,
        record: &DenialRecord,
    ) -> Result<AppendReceipt, StoreError> {
        let scope = format!("{}/denied", coordinate.scope());
        let coordinate = Coordinate::new(coordinate.entity(), scope)?;
        self.append_event(NewEvent::own(
            &coordinate,
            (EventKind::DENIED, DENIED),
            record,
        ))
    }
}

impl<Ctx: ?Sized> Pipeline<Ctx> {
    /// Commits what was permitted, exactly that, on condition that nothing has come to the regions that the gates have
    /// read. Each event tells by whose permit it is there ([`StoredEvent::permit`](crate::StoredEvent::permit)).
    ///
    /// # Errors
    /// A retryable [`StoreError::Conflict`] if something has come to a region that was read;
    /// [`StoreError::Elsewhere`] if the proposal was made to another store, or something was observed in another;
    /// [`StoreError::OtherGates`] if other gates gave the receipt; and those of [`Store::commit`].
    pub fn commit(
        &self,
        store: &Store,
        receipt: Receipt<Proposal>,
    ) -> Result<Vec<AppendReceipt>, StoreError> {
        let (proposal, permit, reads) = receipt.into_parts();
        store
            .shared
            .check_is_mine("the receipt", proposal.store())?;
        self.check_gates(&permit)?;
        let mut batch = proposal.into_batch();
        let events = batch.events.into_iter();
        batch.events = events.map(|event| event.permitted(&permit)).collect();
        batch.reads.extend(reads);
        store.commit(batch)
    }

    /// Hands what was permitted to `sink`, whatever that is. What the gates have read is not checked again: who
    /// commits to a store uses [`Self::commit`].
    ///
    /// ```
    /// use batpak::prelude::*;
    ///
    /// /// A mail needs an address.
    /// #[gate]
    /// fn addressed(mail: &(String, String)) -> bool {
    ///     mail.0.contains('@')
    /// }
    ///
    /// let pipeline = Pipeline::new(GateSet::new().with(addressed::Gate));
    /// let mail = ("ann@example.com".to_owned(), "Welcome".to_owned());
    /// let receipt = pipeline.permit(mail.clone(), &mail)?;
    /// let mut outbox = Vec::new();
    /// pipeline.commit_with(receipt, |mail| Ok::<_, StoreError>(outbox.push(mail)))?;
    /// assert_eq!(outbox.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What `sink` gives, and [`StoreError::OtherGates`] if other gates gave the receipt.
    pub fn commit_with<T, R, E: From<StoreError>>(
        &self,
        receipt: Receipt<T>,
        sink: impl FnOnce(T) -> Result<R, E>,
    ) -> Result<R, E> {
        let (proposal, permit, _) = receipt.into_parts();
        self.check_gates(&permit)?;
        sink(proposal)
    }

    /// That these gates gave the permit.
    fn check_gates(&self, permit: &Permit) -> Result<(), StoreError> {
        match permit.set == Some(self.gates().digest()) {
            true => Ok(()),
            false => Err(StoreError::OtherGates),
        }
    }

    /// Notes in the log that a proposal was not permitted: as [`Store::record_denial`], for the stream of its first event, with
    /// which gates were asked about what.
    ///
    /// # Errors
    /// As for [`Store::record_denial`]; [`StoreError::EmptyBatch`] if nothing was proposed.
    pub fn record_denial(
        &self,
        store: &Store,
        denied: &NotPermitted<Proposal>,
    ) -> Result<AppendReceipt, StoreError> {
        store
            .shared
            .check_is_mine("the denial", denied.proposal().store())?;
        let first = denied.proposal().batch().events.first();
        let coordinate = first.ok_or(StoreError::EmptyBatch)?.coordinate();
        store.append_denial(coordinate, &denied.record())
    }
}
