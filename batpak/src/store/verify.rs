//! Reading the log back to see that it is the one that was written.

use std::collections::HashMap;

use super::read::Events;
use super::{Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{Digest, RawEvent, Region, chain, hash};

/// What [`Store::verify`] and [`Store::verify_stream`] have found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// The events read.
    pub events: u64,
    /// The streams that they belong to.
    pub streams: u64,
    /// Whether the digest of each event was computed anew and found equal: true unless the store is
    /// unchained or this build has no `blake3`. Checksums, positions and revisions are checked anyway.
    pub digests_checked: bool,
}

impl Store {
    /// Reads the whole log and computes every stream's digest chain anew.
    ///
    /// It shows every change to an event after it was written, also one made with repaired
    /// checksums. It cannot show that the newest events are gone, nor a history in which all digests
    /// were computed anew from some event on: for that, keep a digest elsewhere, such as that of a
    /// receipt. The Merkle roots of segments are not looked at.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the place of the first event that is not as it was written.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        self.verify_events(self.query(&Region::all()))
    }

    /// The same for one stream alone.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn verify_stream(&self, coordinate: &Coordinate) -> Result<Verification, StoreError> {
        self.verify_events(self.stream(coordinate))
    }

    fn verify_events(&self, events: Events<'_>) -> Result<Verification, StoreError> {
        let chained = self.chained && hash::AVAILABLE;
        let mut heads: HashMap<Coordinate, (u64, Digest)> = HashMap::new();
        let mut scratch = Vec::new();
        let mut count = 0;
        events.for_each_raw(|event| {
            count += 1;
            let head = heads.entry(event.meta.coordinate()).or_default();
            follows(event, head, chained.then_some(&mut scratch))
                .map_err(|problem| self.shared.corrupt(event.meta.header.sequence, problem))
        })?;
        Ok(Verification {
            events: count,
            streams: heads.len() as u64,
            digests_checked: chained,
        })
    }
}

/// Checks that `event` follows the head of its stream, and makes it the head.
fn follows(
    event: &RawEvent<'_>,
    head: &mut (u64, Digest),
    scratch: Option<&mut Vec<u8>>,
) -> Result<(), &'static str> {
    let header = &event.meta.header;
    if header.revision != head.0 + 1 {
        return Err("the event has another revision in its stream");
    }
    let digest = header.digest.unwrap_or(Digest::ZERO);
    if let Some(scratch) = scratch {
        let payload = hash::plain(event.payload);
        if chain::of_event(scratch, &head.1, &event.meta, &payload) != digest {
            return Err("the event's digest is not that of its contents and its stream's history");
        }
    }
    *head = (header.revision, digest);
    Ok(())
}
