//! What is answered to a batch that is not staged, once that is sure.

use super::conditions::Refused;
use super::lead::Until;
use super::prepare::Prepared;
use super::stage::Stage;
use super::{Committer, Receipts};
use crate::event::{EventFlags, StoredEvent};
use crate::pipeline::{Clause, Conflict, Durability};
use crate::store::{AppendReceipt, StoreError};
use crate::sync::MutexGuard;

impl Committer {
    /// The receipts of a batch whose events are in the log, or `None` if the batch is to be resolved and tried again.
    pub(super) fn answer_refused(
        &self,
        batch: &Prepared,
        refused: Refused,
        stage: MutexGuard<'_, Stage>,
    ) -> Result<Option<Receipts>, StoreError> {
        match refused {
            Refused::Unresolved => Ok(None),
            Refused::Unpublished(position) => {
                self.wait_for(Until::Published(position), stage)?;
                Ok(None)
            }
            Refused::Unfit { error, rests_on } => {
                self.settle(batch, rests_on, stage)?;
                Err(error)
            }
            Refused::Conflict { clause, rests_on } => {
                drop(stage);
                Err(self.conflict(batch, clause, rests_on))
            }
            Refused::Repeated(positions) => {
                let last = positions.iter().flatten().max().copied();
                self.settle(batch, last.unwrap_or_default(), stage)?;
                self.repeated(batch, &positions).map(Some)
            }
        }
    }

    /// Waits until an answer that rests on the event at this position is sure: until that is as durable as the batch
    /// is to be.
    fn settle(
        &self,
        batch: &Prepared,
        rests_on: u64,
        mut stage: MutexGuard<'_, Stage>,
    ) -> Result<(), StoreError> {
        if batch.durability == Durability::Durable && rests_on > self.durable() {
            stage.sync_all();
            return self.wait_for(Until::Durable(rests_on), stage);
        }
        self.wait_for(Until::Published(rests_on), stage)
    }

    /// The error for a clause that does not hold because of the event at this position, once that is sure.
    fn conflict(&self, batch: &Prepared, clause: Clause, rests_on: u64) -> StoreError {
        let event = self
            .settle(batch, rests_on, self.stage.lock())
            .and_then(|()| match rests_on {
                0 => Ok(None),
                _ => self
                    .shared
                    .event_at(rests_on, &self.shared.view())
                    .map(Some),
            });
        match event {
            Ok(event) => {
                let header = event.map(|event| event.header);
                StoreError::Conflict(Box::new(Conflict {
                    clause,
                    event: header.map(|header| header.event_id),
                    position: rests_on,
                    revision: header.map_or(0, |header| header.revision),
                }))
            }
            Err(error) => error,
        }
    }

    /// The receipts of the batch's events, those of which with given ids lie at these positions, if they are
    /// the batch's.
    fn repeated(
        &self,
        batch: &Prepared,
        positions: &[Option<u64>],
    ) -> Result<Receipts, StoreError> {
        let view = self.shared.view();
        let durable = self.durable();
        let mut given = batch.events.iter().zip(positions).enumerate();
        let first = given.find_map(|(place, (event, position))| {
            Some((place as u64, event.event.given_id()?, (*position)?))
        });
        let Some((place, id, at)) = first else {
            return Ok(Receipts::new());
        };
        let mut before = at.saturating_sub(place + 1);
        let mut receipts = Receipts::with_capacity(positions.len());
        // Whether what lies at `before` ended a batch.
        let mut has_ended = false;
        for (event, position) in batch.events.iter().zip(positions) {
            // One without an id of its own was stored in one batch with those beside it, behind the one before it.
            let (has_id, position) = (position.is_some(), position.unwrap_or(before + 1));
            before = position;
            let is_there = (1..=view.published()).contains(&position) && (has_id || !has_ended);
            let stored = is_there.then(|| self.shared.event_at(position, &view));
            let stored = stored.transpose()?;
            let is_last = receipts.len() + 1 == positions.len();
            let is_it = |stored: &StoredEvent| {
                has_ended = stored.header.flags.contains(EventFlags::COMMIT);
                event.event.is_that_of(stored) && (has_id || is_last || !has_ended)
            };
            let Some(stored) = stored.filter(is_it) else {
                let own = event.event.given_id().map(|id| (id, position));
                let (id, position) = own.unwrap_or((id, at));
                return Err(StoreError::IdTaken { id, position });
            };
            receipts.push(receipt_of(&stored, durable));
        }
        Ok(receipts)
    }
}

/// The receipt of an event that is published, in a log that is durable up to this position.
fn receipt_of(stored: &StoredEvent, durable: u64) -> AppendReceipt {
    let header = &stored.header;
    AppendReceipt {
        event_id: header.event_id,
        sequence: header.sequence,
        revision: header.revision,
        time_us: header.time_us,
        digest: header.digest,
        durability: match header.sequence <= durable {
            true => Durability::Durable,
            false => Durability::Written,
        },
    }
}
