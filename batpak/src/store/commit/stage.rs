//! Where batches become frames: positions, revisions, ids, times and digests are given here, in the
//! order in which the log will have them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::lead::Waiter;
use super::prepare::{Prepared, PreparedEvent};
use crate::event::{Digest, EventFlags, EventHeader, EventId, IdMint, RawEvent, chain};
use crate::pipeline::Durability;
use crate::store::AppendReceipt;
use crate::store::index::{FramePlace, Head, Tail};
use crate::store::log::body::Body;
use crate::store::log::segment::frame::{self, Seed};
use crate::store::log::segment::header::SegmentHeader;
use crate::store::log::segment::seal::FOOTER_FRAME;
use crate::store::source::Source;
use crate::store::tail_record::LogEnd;
use crate::sync::RwLock;

/// Frames that are written with one call and, if asked for, synced with one.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// The segment that is begun for it.
    pub(crate) begins: Option<SegmentHeader>,
    /// The segment that it goes to, by the position of its first event.
    pub(crate) segment: u64,
    /// Where its frames go in the segment's file.
    pub(crate) offset: u64,
    pub(crate) frames: Vec<u8>,
    /// The position of the last event up to its end.
    pub(crate) last: u64,
    pub(crate) sync: bool,
    /// Whether somebody waits for the sync, and more of the kind may follow in the same segment.
    pub(crate) reserve: bool,
}

impl Group {
    /// The end of the log once it is written.
    pub(crate) fn end(&self) -> LogEnd {
        LogEnd {
            position: self.last,
            segment: self.segment,
            offset: self.offset + self.frames.len() as u64,
        }
    }
}

/// The end of the log as it will be once everything that is staged has been written.
///
/// Groups are written in the order of the queue, and none after one that failed. So a frame may say
/// of those before it that they are durable if they are to be synced: it is never written otherwise.
pub(crate) struct Stage {
    /// Where frames go, and what is not written yet.
    pub(crate) open: Group,
    pub(crate) queue: VecDeque<Group>,
    /// The bytes of `queue` and `open`, and of the group that is being written.
    pub(crate) queued_bytes: usize,
    /// How many batches were staged since somebody asked which process this is.
    pub(crate) unasked: u32,
    /// Whether some thread is writing groups.
    pub(crate) led: bool,
    /// Up to which position somebody must write without anyone waiting.
    pub(crate) wanted: u64,
    pub(crate) rest: Rest,
    /// Whether the background is called back.
    pub(crate) alarm: bool,
    pub(crate) waiting: Vec<Waiter>,
    /// How many writers the last synced group answered.
    pub(crate) lately: usize,
    segment: SegmentHeader,
    seed: Seed,
    /// The position of the newest event.
    pub(crate) last: u64,
    /// Its digest; zeros in an unchained store.
    last_digest: Digest,
    pub(crate) time_us: u64,
    /// Every position up to this one is durable before the open group is written.
    pub(crate) claim: u64,
    /// Whether events above `claim` are in groups that nobody asked to sync.
    lax: bool,
    mint: IdMint,
    segment_bytes: u64,
    source: Arc<dyn Source>,
    /// A buffer for what digests are computed over.
    scratch: Vec<u8>,
    /// A buffer for the frames of the next group.
    pub(crate) spare: Vec<u8>,
    /// The tail of the index, which has what is staged.
    tail: Arc<RwLock<Tail>>,
    /// Whether it has enough for a part, and whether nothing was staged since it was begun.
    pub(crate) tail_is_full: bool,
    pub(crate) tail_is_new: bool,
    /// Why the oldest of the frozen tails could not be made a part, if so.
    pub(crate) index_problem: Option<Arc<str>>,
}

/// What an event is the next one after, in its stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Follows {
    pub(crate) head: Head,
    /// The stream's slot in the newest tail, if it is there.
    pub(crate) slot: Option<u32>,
    /// The correlation that the event inherits of its first cause.
    pub(crate) correlation: Option<EventId>,
}

/// What the background does about what is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It will look by itself.
    Awake,
    /// It looks when some time is over, unless it is called.
    Drowsy,
    /// It looks when it is called.
    Asleep,
}

/// The end of a log that was opened.
pub(crate) struct End {
    pub(crate) segment: SegmentHeader,
    /// The file offset behind the segment's last frame.
    pub(crate) offset: u64,
    /// The newest event; zeros if there is none.
    pub(crate) last: u64,
    pub(crate) last_digest: Digest,
    pub(crate) last_id: EventId,
    pub(crate) time_us: u64,
}

impl Stage {
    /// Goes on behind the end of a log, all of which is durable.
    pub(crate) fn behind(
        end: End,
        tail: Arc<RwLock<Tail>>,
        segment_bytes: u32,
        source: Arc<dyn Source>,
    ) -> Self {
        Self {
            open: Group {
                segment: end.segment.first,
                offset: end.offset,
                last: end.last,
                ..Group::default()
            },
            queue: VecDeque::new(),
            queued_bytes: 0,
            unasked: 0,
            led: false,
            wanted: 0,
            rest: Rest::Awake,
            alarm: false,
            waiting: Vec::new(),
            lately: 0,
            seed: Seed::of(&end.segment),
            segment: end.segment,
            last: end.last,
            last_digest: end.last_digest,
            time_us: end.time_us,
            claim: end.last,
            lax: false,
            mint: IdMint::after(end.last_id, end.time_us, source.random()),
            segment_bytes: u64::from(segment_bytes),
            source,
            scratch: Vec::new(),
            spare: Vec::new(),
            tail_is_full: false,
            tail_is_new: true,
            index_problem: None,
            tail,
        }
    }

    /// Makes the open group one to be written, and opens the next behind it.
    fn close_group(&mut self) {
        let offset = self.open.offset + self.open.frames.len() as u64;
        if self.open.sync {
            self.claim = self.open.last;
            self.lax = false;
        }
        let next = Group {
            segment: self.segment.first,
            offset,
            last: self.last,
            frames: std::mem::take(&mut self.spare),
            ..Group::default()
        };
        self.queue
            .push_back(std::mem::replace(&mut self.open, next));
    }

    /// The next group to write, if there is any.
    pub(crate) fn take_group(&mut self) -> Option<Group> {
        if self.queue.is_empty() && (!self.open.frames.is_empty() || self.open.sync) {
            self.close_group();
        }
        self.queue.pop_front()
    }

    /// Asks for everything up to here to be synced, if it is not claimed already.
    pub(crate) fn sync_all(&mut self) {
        if self.claim < self.last {
            self.open.sync = true;
        }
    }

    /// Makes room for a batch: chooses the segment and the group that it goes to. What is `durable` is
    /// known of what was written.
    pub(crate) fn make_room(&mut self, batch: &Prepared, durable: u64) {
        if durable > self.claim {
            self.claim = durable;
            self.lax &= durable < self.last;
        }
        let end = self.open.offset + self.open.frames.len() as u64;
        let is_begun = self.segment.first <= self.last;
        if is_begun && end + batch.bytes as u64 + FOOTER_FRAME > self.segment_bytes {
            self.begin_segment();
        }
        if batch.durability == Durability::Durable {
            if self.lax {
                // What nobody asked to sync is synced by itself first, so that the frames of the
                // batch prove it, and at any time only the newest group is without a proof.
                self.sync_all();
                self.close_group();
            }
            self.open.sync = true;
            self.open.reserve = true;
        } else {
            self.lax |= !self.open.sync;
        }
    }

    /// Closes the segment with all that is staged, and begins the next behind it.
    fn begin_segment(&mut self) {
        // A segment is created after everything before it is durable.
        self.sync_all();
        self.open.reserve = false;
        self.close_group();
        let random = self.source.random();
        self.segment = SegmentHeader {
            first: self.last + 1,
            previous: self.last_digest,
            // The six fixed bits of a UUID are evened out by its other half.
            nonce: ((random >> 64) as u64 ^ random as u64).to_le_bytes(),
            ..self.segment
        };
        self.seed = Seed::of(&self.segment);
        self.open.begins = Some(self.segment);
        self.open.segment = self.segment.first;
        self.open.offset = SegmentHeader::BYTES as u64;
    }

    /// The time of the batch that is staged next.
    pub(crate) fn tick(&mut self) -> u64 {
        self.time_us = self
            .source
            .now_us()
            .min(EventId::MAX_TIME_US)
            .max(self.time_us);
        self.time_us
    }

    /// Stages an event: its frame, and what the index has of it.
    pub(crate) fn stage(
        &mut self,
        prepared: &PreparedEvent,
        follows: &Follows,
        is_last: bool,
    ) -> AppendReceipt {
        let event = &prepared.event;
        let Follows { head, slot, .. } = follows;
        let id = match event.given_id() {
            Some(id) => {
                self.mint.pass(id);
                id
            }
            None => self.mint.mint(self.time_us, || self.source.random()),
        };
        let mut header = EventHeader::new(id, event.kind, event.version);
        self.last += 1;
        header.sequence = self.last;
        header.revision = head.revision + 1;
        header.time_us = self.time_us;
        header.correlation = follows.correlation;
        if is_last {
            header.flags = EventFlags::COMMIT;
        }
        let mut meta = event.meta(header);
        if self.segment.chained {
            let payload = &prepared.payload_digest;
            let digest = chain::of_event(&mut self.scratch, &head.digest, &meta, payload);
            meta.header.digest = Some(digest);
            self.last_digest = digest;
        }
        let offset = self.open.offset + self.open.frames.len() as u64;
        let body = Body {
            event: RawEvent::new(meta, &event.payload),
            durable: self.claim,
        };
        frame::write(&mut self.open.frames, &self.seed, offset, |out| {
            body.write(out);
        });
        self.open.last = self.last;
        let end = self.open.offset + self.open.frames.len() as u64;
        self.queued_bytes += (end - offset) as usize;
        // A segment is at most 1 GiB, or one batch of at most 256 MiB.
        let place = FramePlace {
            segment: self.segment.first,
            offset: offset as u32,
            end: end as u32,
        };
        let mut tail = self.tail.write();
        tail.push_to(*slot, prepared.stream_hash, &meta, place);
        self.tail_is_full = tail.is_full();
        self.tail_is_new = false;
        AppendReceipt {
            event_id: id,
            sequence: meta.header.sequence,
            revision: meta.header.revision,
            time_us: meta.header.time_us,
            digest: meta.header.digest,
            durability: Durability::Buffered,
        }
    }

    /// The newest event of a stream, if it is in the newest tail.
    pub(crate) fn follows(&self, hash: u64, (entity, scope): (&str, &str)) -> Option<Follows> {
        let tail = self.tail.read();
        let slot = tail.find(hash, entity, scope)?;
        Some(Follows {
            head: *tail.head_of(slot),
            slot: Some(slot),
            correlation: None,
        })
    }

    /// What an event follows, of which this is what it followed before others were staged.
    pub(crate) fn follows_by_now(&self, event: &PreparedEvent, before: Follows) -> Follows {
        let head = |slot| *self.tail.read().head_of(slot);
        let by_now = match before.slot {
            Some(slot) => Some((head(slot), slot)),
            None => {
                let coordinate = &event.event.coordinate;
                let names = (coordinate.entity(), coordinate.scope());
                let follows = self.follows(event.stream_hash, names);
                follows.and_then(|follows| Some((follows.head, follows.slot?)))
            }
        };
        match by_now {
            Some((head, slot)) => Follows {
                head,
                slot: Some(slot),
                ..before
            },
            None => before,
        }
    }

    /// Goes on in an empty tail.
    pub(crate) fn change_tail(&mut self, tail: Arc<RwLock<Tail>>) {
        self.tail = tail;
        self.tail_is_full = false;
        self.tail_is_new = true;
    }

    /// A frame that is no event was written behind the last one.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.open.offset += bytes as u64;
    }

    /// Whether somebody wants more written than is `published`, nobody writes, and nobody waits.
    pub(crate) fn is_wanted(&self, published: u64) -> bool {
        !self.led && self.wanted > published
    }

    /// Whether nothing is staged or being written.
    pub(crate) fn is_idle(&self) -> bool {
        !self.led && self.queue.is_empty() && self.open.frames.is_empty() && !self.open.sync
    }
}
