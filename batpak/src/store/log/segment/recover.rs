//! What the frames of a segment mean: pure over what was read, so that every case can be tried.
//!
//! Frames are taken in order up to the first that does not validate. What that means is decided by the
//! table in [`decide`]; a scan of the bytes behind it serves as evidence there, never to accept data.

use super::frame::{self, FrameError, Seed};
use super::header::{Footer, Mark, SegmentHeader};
use crate::event::EventFlags;
use crate::store::log::body::Body;

/// Why the end of the newest segment was cut off on opening. Nothing proves that any of it was durable.
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

/// Bytes that were acknowledged as durable, or closed, are not there.
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

/// The recovery table. `closed`: a later segment exists. `durable`: the event that should be here is
/// known to have been durable. `zeros`: nothing but zeros follows. `later`: a valid frame follows.
const fn decide(closed: bool, durable: bool, zeros: bool, later: bool) -> Decision {
    match (closed, durable, zeros, later) {
        (true, _, _, _) | (_, true, _, _) => Decision::Refuse,
        (false, false, true, _) => Decision::Cut(CutReason::Zeros),
        (false, false, false, false) => Decision::Cut(CutReason::Torn),
        (false, false, false, true) => Decision::Cut(CutReason::Hole),
    }
}

/// From where a segment is read: from its first frame, or from one behind events that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// The position of the next event.
    pub(crate) position: u64,
    /// The file offset of the next frame.
    pub(crate) offset: u64,
    /// Every position up to this one is known to be durable.
    pub(crate) durable: u64,
}

impl Start {
    /// From the first frame of the first segment.
    pub(crate) fn of_log() -> Self {
        Self {
            position: 1,
            offset: SegmentHeader::BYTES as u64,
            durable: 0,
        }
    }

    /// From the first frame.
    pub(crate) fn of(header: &SegmentHeader) -> Self {
        Self {
            position: header.first,
            offset: SegmentHeader::BYTES as u64,
            // A segment is created after everything before it is durable.
            durable: header.first - 1,
        }
    }
}

/// What a segment's frames were found to be so far.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The position of the first event of the next segment, if there is one: this one was then synced
    /// whole.
    next_segment: Option<u64>,
    /// The position behind the last committed event.
    pub(crate) next: u64,
    /// The file offset behind the last committed event and the marks that follow it.
    pub(crate) end: u64,
    /// Every position up to this one is known to have been durable.
    pub(crate) durable: u64,
    /// The same, as far as frames behind the damage say so: they are to be cut with it, and are no proof any more then.
    pub(crate) durable_by_later: u64,
    /// What follows `end` and does not count, if anything does.
    pub(crate) cut: Option<CutReason>,
    /// The file offsets of the batch that has no commit mark yet.
    batch: Vec<u64>,
}

/// What follows from a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// To be continued behind it.
    Open,
    /// The events at these file offsets are committed; the first has this position.
    Committed(u64, Vec<u64>),
}

impl Scan {
    /// Begins at `start`.
    pub(crate) fn new(start: Start, next_segment: Option<u64>) -> Self {
        Self {
            next_segment,
            next: start.position,
            end: start.offset,
            durable: start.durable,
            durable_by_later: 0,
            cut: None,
            batch: Vec::new(),
        }
    }

    /// Whether all events of a closed segment were seen. What is left is a footer, or was to be one.
    pub(crate) fn is_over(&self) -> bool {
        self.next_segment == Some(self.next)
    }

    fn damage(&self, at: u64, problem: &'static str) -> Damage {
        Damage {
            offset: at,
            position: self.next + self.batch.len() as u64,
            problem,
        }
    }

    /// Takes the body of the valid frame that lies from `at` to `next`.
    pub(crate) fn take(&mut self, body: &[u8], at: u64, next: u64) -> Result<Step, Damage> {
        if body[0] == Footer::FIRST_BYTE {
            return Err(self.damage(
                at,
                "the segment is closed before its last event, or the next is missing",
            ));
        }
        if body[0] == Mark::FIRST_BYTE {
            let mark = Mark::read(body)
                .filter(|mark| self.batch.is_empty() && mark.durable < self.next)
                .ok_or_else(|| self.damage(at, "a durable mark does not fit the segment"))?;
            self.durable = self.durable.max(mark.durable);
            self.end = next;
            return Ok(Step::Open);
        }
        let body = Body::read(body).map_err(|problem| self.damage(at, problem))?;
        let position = self.next + self.batch.len() as u64;
        if body.event.meta.sequence != position {
            return Err(self.damage(at, "the event has another position"));
        }
        if self.next_segment.is_some_and(|next| position >= next) {
            return Err(self.damage(at, "the event is in the next segment too"));
        }
        self.durable = self.durable.max(body.durable);
        self.batch.push(at);
        if !body.event.meta.flags.contains(EventFlags::COMMIT) {
            return Ok(Step::Open);
        }
        let first = self.next;
        self.next = position + 1;
        self.end = next;
        Ok(Step::Committed(first, std::mem::take(&mut self.batch)))
    }

    /// Decides about `rest`, the bytes from `at` to the end of the file, which begin with no valid frame.
    pub(crate) fn fail(
        &mut self,
        error: FrameError,
        (rest, at): (&[u8], u64),
        seed: &Seed,
    ) -> Result<(), Damage> {
        let zeros = rest.iter().all(|byte| *byte == 0);
        let later = if zeros {
            None
        } else {
            later_mark(rest, seed, at)
        };
        self.durable_by_later = later.unwrap_or(0);
        let durable = self.durable.max(self.durable_by_later) >= self.next;
        match decide(self.next_segment.is_some(), durable, zeros, later.is_some()) {
            Decision::Cut(reason) => self.cut = Some(reason),
            Decision::Refuse => return Err(self.damage(at, error.as_str())),
        }
        Ok(())
    }

    /// Decides about a file that ends at `at`, behind a valid frame.
    pub(crate) fn finish(&mut self, at: u64) -> Result<(), Damage> {
        if self.next_segment.is_some() {
            return Err(self.damage(at, "events are missing before the next segment"));
        }
        if !self.batch.is_empty() {
            if self.durable >= self.next {
                return Err(self.damage(at, "a batch that was durable has no last event"));
            }
            self.cut = Some(CutReason::Unfinished);
        }
        Ok(())
    }
}

/// The highest durable mark in any valid frame that begins after the first byte of `rest`.
fn later_mark(rest: &[u8], seed: &Seed, at: u64) -> Option<u64> {
    // A frame begins with a length, and so not with zeros alone.
    let zeros = rest.iter().rev().take_while(|byte| **byte == 0).count();
    let end = (rest.len() - zeros).min(rest.len().saturating_sub(frame::PREFIX));
    (1..end)
        .filter_map(|skip| {
            let body = frame::read(&rest[skip..], seed, at + skip as u64).ok()?;
            let body = &rest[skip..][body];
            let mark = Mark::read(body).map(|mark| mark.durable);
            let event = || Body::read(body).map(|body| body.durable).ok();
            Some(mark.or_else(event).unwrap_or(0))
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recovery table of FORMAT.md: closed, durable, zeros, later, decision. An empty cell is any value.
    fn table() -> Vec<([Option<bool>; 4], Decision)> {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../FORMAT.md");
        let document = std::fs::read_to_string(document).unwrap();
        let rows = document
            .lines()
            .skip_while(|line| !line.starts_with("| closed | durable |"));
        let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
        let cells = |row: &str| -> Vec<String> {
            let row = row.trim_matches('|').split('|');
            row.map(|cell| cell.trim().to_owned()).collect()
        };
        let rows = rows.map(|row| {
            let cells = cells(row);
            let input = [0, 1, 2, 3].map(|at| match cells[at].as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                cell => {
                    assert_eq!(cell, "");
                    None
                }
            });
            let decision = match cells[4].split(':').collect::<Vec<_>>()[..] {
                ["refuse"] => Decision::Refuse,
                ["cut", why] if why.contains("room") => Decision::Cut(CutReason::Zeros),
                ["cut", why] if why.contains("torn") => Decision::Cut(CutReason::Torn),
                ["cut", why] if why.contains("hole") => Decision::Cut(CutReason::Hole),
                _ => panic!("{cells:?}"),
            };
            (input, decision)
        });
        rows.collect()
    }

    #[test]
    fn every_combination_is_decided_by_exactly_one_decision_of_the_table_in_format_md() {
        let table = table();
        assert_eq!(table.len(), 5);
        for bits in 0..16 {
            let [closed, durable, zeros, later] = [0, 1, 2, 3].map(|bit| bits & 1 << bit != 0);
            let input = [closed, durable, zeros, later];
            let is_in = |row: &[Option<bool>; 4]| {
                row.iter()
                    .zip(input)
                    .all(|(cell, is)| cell.is_none_or(|cell| cell == is))
            };
            let rows: Vec<_> = table.iter().filter(|(row, _)| is_in(row)).collect();
            assert_eq!(rows.len(), 1, "{input:?}");
            assert_eq!(
                decide(closed, durable, zeros, later),
                rows[0].1,
                "{input:?}"
            );
        }
    }
}
