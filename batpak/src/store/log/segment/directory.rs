//! Opening the row of segment files of a store: what is there, whether it is whole, and where to go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame;
use super::header::{HeaderError, SegmentHeader, VERSION};
use super::reader::{SegmentFile, Segments};
use super::recover::{self, CutReason, Scan};
use super::writer::{Extent, Row, SegmentWriter, segment_name};
use crate::event::{Digest, RawEvent, chain};
use crate::store::StoreError;
use crate::store::log::body::Body;

/// The longest file that can be a segment: one of the largest size that can be set, or one whose only
/// batch is larger.
const MAX_SEGMENT_BYTES: u64 = (1 << 30) + (257 << 20);

/// What opening found at the end of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The end of the newest segment that did not count and was cut off (or passed over, if the store
    /// is read-only); `None` after a clean close.
    pub cut: Option<Cut>,
}

/// The end of a segment that was cut off on opening: nothing proves that any of it was durable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// The segment file.
    pub path: PathBuf,
    /// The file offset from which it was cut.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
    /// What they were.
    pub reason: CutReason,
}

/// A directory of segments, as it was opened.
pub(crate) struct Opened {
    pub(crate) store_id: [u8; 16],
    pub(crate) chained: bool,
    pub(crate) segments: Segments,
    /// `None` if the store is read-only.
    pub(crate) writer: Option<SegmentWriter>,
    /// Every position up to this one is durable.
    pub(crate) durable: u64,
    /// Every position up to this one is proven durable by something that is itself durable.
    pub(crate) proven: u64,
    pub(crate) recovery: Recovery,
}

/// How to open a directory of segments.
pub(crate) struct Opening {
    pub(crate) row: Row,
    /// The id of the store, should it be a new one.
    pub(crate) new_id: [u8; 16],
    /// Whether a new store is chained, and a chained one may be written to.
    pub(crate) can_chain: bool,
}

/// A segment as it was read.
struct Read {
    header: SegmentHeader,
    segment: Arc<SegmentFile>,
    bytes: Vec<u8>,
    scan: Scan,
    /// Over the events so far, if the segment is not sealed.
    root: chain::MerkleRoot,
}

impl Read {
    /// The position behind its last event.
    fn next(&self) -> u64 {
        self.header.first + self.scan.offsets.len() as u64
    }

    fn closing(&self) -> Digest {
        self.scan
            .footer
            .map_or(Digest::ZERO, |footer| footer.closing)
    }
}

impl Opening {
    /// Reads all segments, gives each committed event to `index`, and prepares to append.
    ///
    /// Nothing on disk changes before everything has been read and found whole.
    pub(crate) fn run(
        &self,
        mut index: impl FnMut(&RawEvent<'_>) -> Result<(), &'static str>,
    ) -> Result<Opened, StoreError> {
        let Row { disk, dir, .. } = &self.row;
        let names = disk.list(dir).map_err(StoreError::io("list", dir))?;
        let firsts = segment_firsts(&names);
        let leftovers = self.leftovers(&names, firsts.is_empty())?;
        let mut segments = Segments::default();
        let mut newest: Option<Read> = None;
        for (i, first) in firsts.iter().enumerate() {
            let sealed = i + 1 < firsts.len();
            let mut read = self.read(*first, newest.as_ref(), sealed)?;
            read.give_out(&mut index)?;
            if sealed {
                read.bytes = Vec::new();
            }
            let offsets = read.scan.offsets.clone();
            segments.push_segment(Arc::clone(&read.segment), offsets, read.scan.end);
            newest = Some(read);
        }
        let mut opened = Opened {
            store_id: newest
                .as_ref()
                .map_or(self.new_id, |read| read.header.store_id),
            chained: newest
                .as_ref()
                .map_or(self.can_chain, |read| read.header.chained),
            segments,
            writer: None,
            durable: newest.as_ref().map_or(0, |read| read.scan.durable),
            proven: 0,
            recovery: Recovery {
                cut: newest.as_ref().and_then(Read::cut),
            },
        };
        if opened.chained && !self.can_chain {
            return Ok(opened);
        }
        for path in leftovers {
            disk.remove(&path)
                .map_err(StoreError::io("remove", &path))?;
        }
        // A name that was given just before a crash may be in the system's memory alone.
        disk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
        let writer = match newest {
            Some(newest) => {
                opened.durable = newest.next() - 1;
                let (writer, proven) = newest.settle(&self.row)?;
                opened.proven = proven;
                writer
            }
            None => {
                let writer = SegmentWriter::create(self.row.clone(), self.first_header())?;
                let end = SegmentHeader::BYTES as u64;
                let segment = Arc::clone(writer.segment());
                opened.segments.push_segment(segment, Vec::new(), end);
                writer
            }
        };
        opened.writer = Some(writer);
        Ok(opened)
    }

    /// The header of the first segment of a new store.
    fn first_header(&self) -> SegmentHeader {
        SegmentHeader {
            chained: self.can_chain,
            store_id: self.new_id,
            first: 1,
            previous: Digest::ZERO,
            nonce: self.row.nonce(),
        }
    }

    /// What a crash left of segments that were being created: at most a header each.
    fn leftovers(&self, names: &[String], founding: bool) -> Result<Vec<PathBuf>, StoreError> {
        let Row { disk, dir, .. } = &self.row;
        let mut leftovers = Vec::new();
        for name in names {
            let path = dir.join(name);
            if is_leftover(name) {
                let file = disk.open(&path, false);
                let len = file.and_then(|file| file.len());
                if len.map_err(StoreError::io("read", &path))? > SegmentHeader::BYTES as u64 {
                    return Err(StoreError::Corrupt {
                        path,
                        offset: 0,
                        position: 0,
                        problem: "a segment that was being created holds more than its header",
                    });
                }
                leftovers.push(path);
            } else if founding {
                return Err(StoreError::Foreign {
                    path: dir.clone(),
                    found: format!("it holds `{name}` and no segments"),
                });
            }
        }
        Ok(leftovers)
    }

    /// Reads the segment whose first event has position `first` and follows `before`.
    fn read(&self, first: u64, before: Option<&Read>, sealed: bool) -> Result<Read, StoreError> {
        let path = self.row.dir.join(segment_name(first));
        let bytes = self.read_all(&path, first)?;
        let header = read_header(&path, &bytes, first)?;
        let segment = self.row.segment(&header);
        let refuse = |position, problem| {
            Err(StoreError::Corrupt {
                path: path.clone(),
                offset: 0,
                position,
                problem,
            })
        };
        let expected = before.map_or(1, Read::next);
        if header.first != first {
            return refuse(first, "the file has the name of another segment");
        }
        if first != expected {
            return refuse(expected, "the segment with this position is missing");
        }
        if before.is_some_and(|before| {
            before.header.store_id != header.store_id || before.header.chained != header.chained
        }) {
            return refuse(first, "the segment is of another store");
        }
        if header.previous != before.map_or(Digest::ZERO, Read::closing) {
            return refuse(first, "the segment does not follow the one before it");
        }
        let scan = recover::scan(&header, &bytes, sealed)
            .map_err(|damage| segment.corrupt(damage.offset, damage.position, damage.problem))?;
        Ok(Read {
            header,
            segment,
            bytes,
            scan,
            root: chain::MerkleRoot::default(),
        })
    }

    /// The bytes of a segment file, if it is no longer than one can be.
    fn read_all(&self, path: &Path, first: u64) -> Result<Vec<u8>, StoreError> {
        let io = |action| StoreError::io(action, path);
        let file = self.row.disk.open(path, false).map_err(io("open"))?;
        let len = file.len().map_err(io("read"))?;
        if len > MAX_SEGMENT_BYTES {
            return Err(StoreError::Corrupt {
                path: path.to_owned(),
                offset: MAX_SEGMENT_BYTES,
                position: first,
                problem: "the file is longer than a segment can be",
            });
        }
        let mut bytes = vec![0; len as usize];
        file.read_exact_at(&mut bytes, 0).map_err(io("read"))?;
        Ok(bytes)
    }
}

impl Read {
    /// Gives the segment's committed events to `index`.
    fn give_out(
        &mut self,
        index: &mut impl FnMut(&RawEvent<'_>) -> Result<(), &'static str>,
    ) -> Result<(), StoreError> {
        for (position, offset) in (self.header.first..).zip(&self.scan.offsets) {
            let corrupt = |problem| self.segment.corrupt(u64::from(*offset), position, problem);
            let bytes = &self.bytes[*offset as usize..];
            let body = frame::read(bytes, &self.segment.seed, u64::from(*offset))
                .map_err(|error| corrupt(error.as_str()))?;
            let event = Body::read(&bytes[body]).map_err(corrupt)?.event;
            let digest = event.meta.header.digest;
            if digest.is_some() != self.header.chained {
                return Err(corrupt(
                    "the event has a digest that it should not have, or none",
                ));
            }
            if self.scan.footer.is_none() {
                digest.into_iter().for_each(|digest| self.root.push(digest));
            }
            index(&event).map_err(corrupt)?;
        }
        Ok(())
    }

    /// What follows the last event that counts.
    fn cut(&self) -> Option<Cut> {
        Some(Cut {
            path: self.segment.path.clone(),
            offset: self.scan.end,
            bytes: self.bytes.len() as u64 - self.scan.end,
            reason: self.scan.cut?,
        })
    }

    /// Cuts what does not count from the newest segment, makes the rest of it durable, and goes on
    /// behind it. Gives also up to where something durable proves it.
    ///
    /// What lies behind the last event at or below the durable mark is written again before it is
    /// synced, marks and the footer too: after a failed sync the system may hold it as clean pages
    /// that never reached the medium.
    fn settle(self, row: &Row) -> Result<(SegmentWriter, u64), StoreError> {
        let path = &self.segment.path;
        let io = |action| StoreError::io(action, path);
        let file = row.disk.open(path, true).map_err(io("open"))?;
        if self.scan.cut.is_some() {
            file.truncate(self.scan.end).map_err(io("cut"))?;
        }
        let from = self.proven_end();
        let to = match self.scan.footer {
            Some(_) => self.bytes.len(),
            None => self.scan.end as usize,
        };
        if from < to {
            file.write_all_at(&self.bytes[from..to], from as u64)
                .map_err(io("write to"))?;
        }
        if from < to || self.scan.cut.is_some() {
            file.sync().map_err(io("sync"))?;
        }
        let (durable, proven) = (self.next() - 1, self.scan.durable);
        let closing = self.closing();
        let extent = Extent {
            end: to as u64,
            count: self.scan.offsets.len() as u64,
            root: self.root,
        };
        let mut writer = SegmentWriter::resume(row.clone(), self.header, file, extent);
        if self.scan.footer.is_some() {
            return Ok((writer.behind_sealed(closing), proven));
        }
        if proven < durable && writer.mark(durable)? {
            return Ok((writer, durable));
        }
        Ok((writer, proven))
    }

    /// The file offset behind the last event at or below the durable mark.
    fn proven_end(&self) -> usize {
        let proven = (self.scan.durable + 1 - self.header.first) as usize;
        let last = proven
            .checked_sub(1)
            .and_then(|last| self.scan.offsets.get(last));
        let Some(last) = last.map(|offset| *offset as usize) else {
            return SegmentHeader::BYTES;
        };
        // The frame was read before, so it is there.
        let body = frame::read(&self.bytes[last..], &self.segment.seed, last as u64);
        body.map_or(last, |body| last + body.end)
    }
}

/// Whether this is the name of a segment that was being created.
fn is_leftover(name: &str) -> bool {
    let segment = name.strip_suffix(".tmp");
    let first = segment.and_then(|name| name.strip_suffix(".seg")?.parse().ok());
    first.is_some_and(|first| segment == Some(segment_name(first).as_str()))
}

/// The positions that the names of segment files carry, in order.
fn segment_firsts(names: &[String]) -> Vec<u64> {
    let mut firsts: Vec<u64> = names
        .iter()
        .filter_map(|name| {
            let first = name.strip_suffix(".seg")?.parse().ok()?;
            (segment_name(first) == *name).then_some(first)
        })
        .collect();
    firsts.sort_unstable();
    firsts
}

fn read_header(path: &Path, bytes: &[u8], first: u64) -> Result<SegmentHeader, StoreError> {
    let path = path.to_owned();
    SegmentHeader::from_bytes(bytes).map_err(|error| match error {
        HeaderError::Foreign => StoreError::Foreign {
            path,
            found: "a file that is no segment".to_owned(),
        },
        HeaderError::Newer(found) => StoreError::NewerFormat {
            path,
            found,
            supported: VERSION,
        },
        HeaderError::Damaged => StoreError::Corrupt {
            path,
            offset: 0,
            position: first,
            problem: "the header is damaged",
        },
    })
}
