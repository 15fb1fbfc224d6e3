//! Opening the row of segment files of a store: what is there, whether it is whole, and where to go on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::{self, Seed};
use super::header::{HeaderError, SegmentHeader, VERSION};
use super::reader::{SegmentFile, Segments};
use super::recover::{self, CutReason, Scan};
use super::writer::{SegmentWriter, segment_name};
use crate::event::{Digest, RawEvent, chain};
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};
use crate::store::log::body::Body;

/// What opening found at the end of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The end of the newest segment that did not count and was cut off; `None` after a clean close.
    pub cut: Option<Cut>,
}

/// The end of a segment that was cut off on opening: none of it was acknowledged as durable.
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
    pub(crate) recovery: Recovery,
}

/// How to open a directory of segments.
pub(crate) struct Opening<'a> {
    pub(crate) disk: &'a Arc<dyn Disk>,
    /// The directory that holds the segment files.
    pub(crate) dir: &'a Path,
    pub(crate) segment_bytes: u32,
    /// The id of the store, should it be a new one.
    pub(crate) new_id: [u8; 16],
    /// Whether a new store is chained, and a chained one may be written to.
    pub(crate) can_chain: bool,
}

/// A segment as it was read.
struct Read {
    header: SegmentHeader,
    file: Arc<SegmentFile>,
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

impl Opening<'_> {
    /// Reads all segments, gives each committed event to `index`, and prepares to append.
    ///
    /// Nothing on disk changes before everything has been read and found whole.
    pub(crate) fn run(
        &self,
        mut index: impl FnMut(&RawEvent<'_>) -> Result<(), &'static str>,
    ) -> Result<Opened, StoreError> {
        let names = self
            .disk
            .list(self.dir)
            .map_err(StoreError::io("list", self.dir))?;
        let mut segments = Segments::default();
        let mut newest: Option<Read> = None;
        let firsts = segment_firsts(&names);
        for (i, first) in firsts.iter().enumerate() {
            let sealed = i + 1 < firsts.len();
            let mut read = self.read(*first, newest.as_ref(), sealed)?;
            read.give_out(&mut index)?;
            if sealed {
                read.bytes = Vec::new();
            }
            let offsets = read.scan.offsets.clone();
            segments.push_segment(Arc::clone(&read.file), *first, offsets, read.scan.end);
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
            recovery: Recovery::default(),
        };
        if opened.chained && !self.can_chain {
            return Ok(opened);
        }
        for leftover in names.iter().filter(|name| name.ends_with(".seg.tmp")) {
            let path = self.dir.join(leftover);
            self.disk
                .remove(&path)
                .map_err(StoreError::io("remove", &path))?;
        }
        if let Some(newest) = &newest {
            opened.recovery = newest.settle()?;
        }
        let writer = self.writer(newest)?;
        if opened.segments.last_first() != Some(writer.first()) {
            let end = SegmentHeader::BYTES as u64;
            opened.segments.push_segment(
                Arc::clone(writer.file()),
                writer.first(),
                Vec::new(),
                end,
            );
        }
        opened.writer = Some(writer);
        Ok(opened)
    }

    /// Reads the segment whose first event has position `first` and follows `before`.
    fn read(&self, first: u64, before: Option<&Read>, sealed: bool) -> Result<Read, StoreError> {
        let path = self.dir.join(segment_name(first));
        let file = self
            .disk
            .open(&path, !sealed)
            .map_err(StoreError::io("open", &path))?;
        let bytes = read_all(file.as_ref()).map_err(StoreError::io("read", &path))?;
        let header = read_header(&path, &bytes, first)?;
        let file = SegmentFile {
            path,
            file: file.into(),
            seed: Seed::of(&header),
        };
        let refuse = |position, problem| Err(file.corrupt(0, position, problem));
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
            .map_err(|damage| file.corrupt(damage.offset, damage.position, damage.problem))?;
        Ok(Read {
            header,
            file: Arc::new(file),
            bytes,
            scan,
            root: chain::MerkleRoot::default(),
        })
    }

    /// A writer that goes on with the newest segment, or begins the next one if that is sealed.
    fn writer(&self, newest: Option<Read>) -> Result<SegmentWriter, StoreError> {
        let disk = Arc::clone(self.disk);
        let next = match newest {
            Some(read) if read.scan.footer.is_none() => {
                let state = (read.scan.end, read.scan.offsets.len() as u64, read.root);
                let bytes = self.segment_bytes;
                return Ok(SegmentWriter::resume(
                    disk,
                    bytes,
                    read.header,
                    read.file,
                    state,
                ));
            }
            Some(read) => SegmentHeader {
                first: read.next(),
                previous: read.closing(),
                ..read.header
            },
            None => SegmentHeader {
                chained: self.can_chain,
                store_id: self.new_id,
                first: 1,
                previous: Digest::ZERO,
            },
        };
        SegmentWriter::create(disk, self.dir, self.segment_bytes, next)
    }
}

impl Read {
    /// Gives the segment's committed events to `index`.
    fn give_out(
        &mut self,
        index: &mut impl FnMut(&RawEvent<'_>) -> Result<(), &'static str>,
    ) -> Result<(), StoreError> {
        for (position, offset) in (self.header.first..).zip(&self.scan.offsets) {
            let corrupt = |problem| self.file.corrupt(u64::from(*offset), position, problem);
            let bytes = &self.bytes[*offset as usize..];
            let body = frame::read(bytes, &self.file.seed, u64::from(*offset))
                .map_err(|error| corrupt(error.as_str()))?;
            let event = Body::read(&bytes[body]).map_err(corrupt)?.event;
            match event.meta.header.digest {
                Some(digest) if self.header.chained && self.scan.footer.is_none() => {
                    self.root.push(digest);
                }
                Some(_) if self.header.chained => {}
                None if !self.header.chained => {}
                _ => {
                    return Err(corrupt(
                        "the event has a digest that it should not have, or none",
                    ));
                }
            }
            index(&event).map_err(corrupt)?;
        }
        Ok(())
    }

    /// Cuts what does not count from an unsealed segment, and makes the rest of it durable.
    ///
    /// What lies beyond the durable mark is written again before it is synced: after a failed sync
    /// the system may hold it as clean pages that never reached the medium.
    fn settle(&self) -> Result<Recovery, StoreError> {
        let scan = &self.scan;
        let doubtful = (scan.durable + 1 - self.header.first) as usize;
        let from = scan.offsets.get(doubtful).map(|offset| *offset as usize);
        if scan.footer.is_some() || (scan.cut.is_none() && from.is_none()) {
            return Ok(Recovery::default());
        }
        let SegmentFile { path, file, .. } = self.file.as_ref();
        let io = |action| StoreError::io(action, path);
        if scan.cut.is_some() {
            file.truncate(scan.end).map_err(io("cut"))?;
        }
        if let Some(from) = from {
            file.write_all_at(&self.bytes[from..scan.end as usize], from as u64)
                .map_err(io("write to"))?;
        }
        file.sync().map_err(io("sync"))?;
        let cut = scan.cut.map(|reason| Cut {
            path: path.clone(),
            offset: scan.end,
            bytes: self.bytes.len() as u64 - scan.end,
            reason,
        });
        Ok(Recovery { cut })
    }
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

fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let len = file.len()?;
    if len > u64::from(u32::MAX) {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the file is too large for a segment",
        ));
    }
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
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
