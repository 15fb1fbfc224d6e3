//! Reading the log back to see that it is the one that was written.

mod footers;
pub(crate) mod log;

use super::index::{FramePlace, FrameSpan, IndexCheck};
use super::log::history::History;
use super::log::segment::directory::Reading;
use super::log::segment::whole::WholeSegment;
use super::progress::Work;
use super::{Checkpoint, Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{Digest, EventId, EventMeta, RawEvent, hash, sorts_by_time};
use footers::Footers;
use log::{LogCheck, follows};

/// What [`Store::verify`], [`Store::verify_against`] and [`Store::verify_stream`] have found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// The events read.
    pub events: u64,
    /// The streams that they belong to.
    pub streams: u64,
    /// The segment files that they lie in; 0 if only a stream was verified.
    pub segments: u64,
    /// The footers that were compared with the events of their segments. The newest segment has none, and those
    /// before it may be without one for a while; 0 if only a stream was verified.
    pub footers: u64,
    /// The files of the index that were compared with the log; 0 if only a stream was verified. Newer events are
    /// in none of them, and were looked up in memory.
    pub parts: u64,
    /// Whether the digest of each event was computed anew and found equal: true unless the store is unchained or
    /// this build has no `blake3`. Checksums, positions and revisions are checked anyway.
    pub digests_checked: bool,
}

impl Store {
    /// Reads the whole log, and the index beside it, and sees that both are what the store wrote.
    ///
    /// Of the log this looks at everything up to the newest event that readers see, from the files themselves
    /// whatever is known of them: the header of each segment, with the store's id and the digest before; the
    /// checksums of each event, its position, its revision, its time and id, which rise, the commit mark of each
    /// batch, and its digest, computed anew from its contents and its stream's history; of each closed segment
    /// the count, the Merkle root and the closing digest in its footer, computed anew. Each part of the index is
    /// read once and has to show what the log's events make of it, by position, id, stream and revision, scope,
    /// kind, tag, cause and correlation, and nothing else.
    ///
    /// So it shows every change to an event after it was written, also one made with repaired checksums. What it
    /// cannot show, for lack of anything to compare with, is that the newest events are gone, or that all
    /// digests, footers and headers were made anew from some event on: for that, keep a [`Checkpoint`] elsewhere,
    /// and ask [`Self::verify_against`].
    ///
    /// Writers and readers go on meanwhile. It takes one pass over the files of the log and one over those of the
    /// index, and memory for one entry per stream: its names, and about a hundred bytes. How far it has come,
    /// [`StoreConfig::on_progress`](crate::StoreConfig::on_progress) tells.
    ///
    /// # Errors
    /// - [`StoreError::Corrupt`] with the first place in the log that is not as it was written;
    /// - [`StoreError::DamagedIndex`] if the log is whole and the index does not show what it has. The
    ///   writer then makes that part of the index anew;
    /// - [`StoreError::Foreign`], [`StoreError::NewerFormat`] if a segment was replaced by something else;
    ///   [`StoreError::Io`] if a file cannot be read.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        self.verify_log(None)
    }

    /// Reads one stream alone, and computes its digests anew.
    ///
    /// The stream's events are found by the index; whether that leaves out its newest ones, and everything that
    /// is not about this stream, only [`Self::verify`] shows.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the place of the first event that is not as it was written, and those of
    /// reading.
    pub fn verify_stream(&self, coordinate: &Coordinate) -> Result<Verification, StoreError> {
        let digests_checked = self.chained && hash::AVAILABLE;
        let mut head = (0, Digest::ZERO);
        let mut scratch = Vec::new();
        let events = self.stream(coordinate);
        let mut work = events.begin(Work::Verifying);
        let _entered = work.enter();
        events.for_each_raw(|event| {
            let names = (event.meta.entity, event.meta.scope);
            let checked = match names == (coordinate.entity(), coordinate.scope()) {
                true => follows(event, &mut head, digests_checked.then_some(&mut scratch)),
                false => Err("the index shows an event of another stream here"),
            };
            work.did(1);
            checked.map_err(|problem| self.shared.corrupt(event.meta.header.sequence, problem))
        })?;
        work.end();
        Ok(Verification {
            events: head.0,
            streams: u64::from(head.0 > 0),
            segments: 0,
            footers: 0,
            parts: 0,
            digests_checked,
        })
    }

    /// Verifies everything, and that the log has the history that the checkpoint is of, if there is one.
    pub(super) fn verify_log(
        &self,
        anchor: Option<&Checkpoint>,
    ) -> Result<Verification, StoreError> {
        let view = self.shared.view().whole();
        let last = view.published();
        let mut verifying = Verifying {
            log: LogCheck::new(self.chained),
            index: IndexCheck::new(&view),
            greatest_id: None,
            history: History::new(self.chained && hash::AVAILABLE),
            anchor: anchor.copied(),
            failure: None,
        };
        let mut work = self.shared.begin(Work::Verifying, Some(last));
        let _entered = work.enter();
        let (disk, dir) = (&self.shared.disk, self.config.dir.join("segments"));
        // Without the hash there is nothing to compare roots with.
        let is_hashed = !self.chained || hash::AVAILABLE;
        let mut footers = Footers::new(disk, dir.clone(), is_hashed);
        let mut previous = Digest::ZERO;
        let row = self.shared.segments.row(last + 1);
        for (segment, end) in &row {
            let whole = WholeSegment::open(disk, &dir, segment.first)?;
            self.check_header(&whole, previous)?;
            let (scan, digest) = match whole.read(Some(*end), &mut work.over(&mut verifying)) {
                Err(error) => return Err(verifying.failure.unwrap_or(error)),
                read => read?,
            };
            previous = digest.unwrap_or(Digest::ZERO);
            if self.shared.segments.after(segment.first) == Some(*end) {
                footers.check(&whole, verifying.history.footer(scan.end))?;
            }
            verifying.history.close();
        }
        // One that was begun and has no event yet.
        if self.shared.segments.get(last + 1).is_some() {
            let whole = WholeSegment::open(disk, &dir, last + 1)?;
            self.check_header(&whole, previous)?;
        }
        let verified = Verification {
            events: verifying.log.events(),
            streams: verifying.log.streams(),
            segments: row.len() as u64,
            footers: footers.found(),
            digests_checked: verifying.log.hashes(),
            parts: verifying.index.done()?,
        };
        work.end();
        Ok(verified)
    }

    /// That a segment is one of this store, and follows the event that has the digest `previous`.
    fn check_header(&self, whole: &WholeSegment, previous: Digest) -> Result<(), StoreError> {
        let segment = &whole.segment;
        let header = segment.header()?;
        let problem =
            if (header.store_id, header.chained) != (self.shared.id.to_bytes(), self.chained) {
                "the segment is of another store"
            } else if header.previous != previous {
                "the segment does not follow the one before it"
            } else {
                return Ok(());
            };
        Err(segment.corrupt(0, header.first, problem))
    }
}

/// Everything that the events of a log are compared with, while they are read.
struct Verifying {
    log: LogCheck,
    index: IndexCheck,
    /// The greatest id so far of those that sort by their time.
    greatest_id: Option<EventId>,
    history: History,
    /// What the history is to be at some position.
    anchor: Option<Checkpoint>,
    /// Why an event was refused, if that is not for the event to say.
    failure: Option<StoreError>,
}

impl Verifying {
    /// That no earlier event has the same id. One that rises above all before it needs no search.
    fn check_id(&mut self, meta: &EventMeta<'_>) -> Result<(), &'static str> {
        let id = meta.header.event_id;
        if sorts_by_time(id) && self.greatest_id.is_none_or(|greatest| id > greatest) {
            self.greatest_id = Some(id);
            return Ok(());
        }
        match self.index.view().find_id(id) {
            Ok(Some(position)) if position < meta.header.sequence => {
                Err("the event has the id of an earlier one")
            }
            // What the index does not show is for the check of the index to say.
            _ => Ok(()),
        }
    }
}

impl Reading for Verifying {
    fn event(&mut self, event: &RawEvent<'_>, place: FramePlace) -> Result<(), &'static str> {
        self.log.take(event)?;
        self.check_id(&event.meta)?;
        self.index.event(&event.meta, place);
        self.history.push(event.meta.header.digest);
        let position = event.meta.header.sequence;
        let anchor = self.anchor.filter(|anchor| anchor.position() == position);
        if let Some(anchor) = anchor
            && let Err(diverged) = anchor.check_root(self.history.root())
        {
            self.failure = Some(diverged);
            return Err("the log has another history than the checkpoint");
        }
        Ok(())
    }

    fn place(&self, _: u64) -> Option<FrameSpan> {
        None
    }
}
