//! What a segment's bytes hold: a pure function, so that every case can be tried.
//!
//! Frames are read in order to the first that does not validate. What that means is decided by the
//! table in [`decide`]; a scan of the bytes behind it serves as evidence there, never to accept data.

use super::frame::{self, FrameError, Seed};
use super::header::{Footer, Mark, SegmentHeader};
use crate::event::EventFlags;
use crate::store::log::body::Body;

/// The committed events of a segment, and how it ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The file offset of each committed event's frame.
    pub(crate) offsets: Vec<u32>,
    /// The file offset behind the last committed event and the marks that follow it.
    pub(crate) end: u64,
    /// The footer, if the segment is sealed.
    pub(crate) footer: Option<Footer>,
    /// Every position up to this one is known to have been durable. The footer of a segment without
    /// a successor proves nothing, since it is written before the sync that covers it.
    pub(crate) durable: u64,
    /// What follows `end` and does not count, if anything does.
    pub(crate) cut: Option<CutReason>,
}

/// Why the end of an unsealed segment was cut off on opening. Nothing proves that any of it was durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CutReason {
    /// Only zeros: space that was reserved and never written.
    Zeros,
    /// A write that did not complete.
    Torn,
    /// Frames lie behind one that is missing, as when writes reach the disk out of order.
    Hole,
    /// A batch without its last event.
    Unfinished,
}

/// Bytes that were acknowledged as durable, or sealed, are not there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) offset: u64,
    pub(crate) position: u64,
    pub(crate) problem: &'static str,
}

/// What to do about the first frame that does not validate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Cut(CutReason),
    Refuse,
}

/// The recovery table. `sealed`: the segment must be whole. `durable`: the event that should be here
/// is known to have been durable. `zeros`: nothing but zeros follows. `later`: a valid frame follows.
const fn decide(sealed: bool, durable: bool, zeros: bool, later: bool) -> Decision {
    match (sealed, durable, zeros, later) {
        (true, _, _, _) | (_, true, _, _) => Decision::Refuse,
        (false, false, true, _) => Decision::Cut(CutReason::Zeros),
        (false, false, false, false) => Decision::Cut(CutReason::Torn),
        (false, false, false, true) => Decision::Cut(CutReason::Hole),
    }
}

/// Reads the segment that `bytes` are, its header included.
///
/// `sealed` says that a later segment exists, so that this one was closed and synced before.
pub(crate) fn scan(header: &SegmentHeader, bytes: &[u8], sealed: bool) -> Result<Scan, Damage> {
    let seed = Seed::of(header);
    let mut scan = Scan {
        offsets: Vec::new(),
        end: SegmentHeader::BYTES as u64,
        footer: None,
        // A segment is begun after the one before it is sealed and synced.
        durable: header.first - 1,
        cut: None,
    };
    // The frames of the batch that has no commit mark yet lie between `scan.end` and `at`.
    let mut batch = Vec::new();
    let mut at = SegmentHeader::BYTES;
    let bad = loop {
        if at == bytes.len() {
            break None;
        }
        let position = header.first + (scan.offsets.len() + batch.len()) as u64;
        let damage = |problem| Damage {
            offset: at as u64,
            position,
            problem,
        };
        let body = match frame::read(&bytes[at..], &seed, at as u64) {
            Ok(body) => &bytes[at..][body],
            Err(error) => break Some(error),
        };
        let next = at + frame::PREFIX + body.len();
        if body[0] == Footer::FIRST_BYTE {
            let footer = Footer::read(body)
                .filter(|footer| {
                    footer.end == scan.end && footer.count == scan.offsets.len() as u64
                })
                .filter(|_| batch.is_empty() && next == bytes.len())
                .ok_or_else(|| damage("the footer does not fit the segment"))?;
            scan.footer = Some(footer);
            if sealed {
                scan.durable = position - 1;
            }
            return Ok(scan);
        }
        if body[0] == Mark::FIRST_BYTE {
            let mark = Mark::read(body)
                .filter(|mark| batch.is_empty() && mark.durable < position)
                .ok_or_else(|| damage("a durable mark does not fit the segment"))?;
            scan.durable = scan.durable.max(mark.durable);
            at = next;
            scan.end = at as u64;
            continue;
        }
        let body = Body::read(body).map_err(damage)?;
        if body.event.meta.sequence != position {
            return Err(damage("the event has another position"));
        }
        scan.durable = scan.durable.max(body.durable);
        batch.push(at as u32);
        at = next;
        if body.event.meta.flags.contains(EventFlags::COMMIT) {
            scan.offsets.append(&mut batch);
            scan.end = at as u64;
        }
    };
    finish(header, bytes, sealed, scan, (at, batch.len(), bad))
}

/// Decides about what is left at `at`, where reading frames ended, after `open` events of a batch.
fn finish(
    header: &SegmentHeader,
    bytes: &[u8],
    sealed: bool,
    mut scan: Scan,
    (at, open, bad): (usize, usize, Option<FrameError>),
) -> Result<Scan, Damage> {
    let committed = header.first + scan.offsets.len() as u64;
    let position = committed + open as u64;
    let damage = |problem| Damage {
        offset: at as u64,
        position,
        problem,
    };
    if let Some(error) = bad {
        let rest = &bytes[at..];
        let zeros = rest.iter().all(|byte| *byte == 0);
        let later = if zeros {
            None
        } else {
            later_mark(rest, &Seed::of(header), at)
        };
        let durable = scan.durable.max(later.unwrap_or(0)) >= committed;
        match decide(sealed, durable, zeros, later.is_some()) {
            Decision::Cut(reason) => scan.cut = Some(reason),
            Decision::Refuse => return Err(damage(error.as_str())),
        }
    } else if sealed {
        return Err(damage(
            "the footer is missing, though a later segment exists",
        ));
    } else if open > 0 {
        if scan.durable >= committed {
            return Err(damage("a batch that was durable has no last event"));
        }
        scan.cut = Some(CutReason::Unfinished);
    }
    Ok(scan)
}

/// The highest durable mark in any valid frame that begins after the first byte of `rest`.
fn later_mark(rest: &[u8], seed: &Seed, at: usize) -> Option<u64> {
    (1..rest.len().saturating_sub(frame::PREFIX))
        .filter_map(|skip| {
            let body = frame::read(&rest[skip..], seed, (at + skip) as u64).ok()?;
            let body = &rest[skip..][body];
            let mark = Mark::read(body).map(|mark| mark.durable);
            let event = || Body::read(body).map(|body| body.durable).ok();
            Some(mark.or_else(event).unwrap_or(0))
        })
        .max()
}
