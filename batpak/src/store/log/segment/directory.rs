//! Opening the row of segment files of a store: what is there, whether it is whole, and where to go on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::file::{SegmentFile, segment_name};
use super::header::SegmentHeader;
use super::reader::Segments;
use super::recover::{CutReason, Damage, Scan, Start, Step};
use super::window::Window;
use super::writer::{Row, SegmentWriter};
use crate::event::{Digest, RawEvent};
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};
use crate::store::index::{FramePlace, FrameSpan};
use crate::store::log::body::Body;

/// What opening found at the end of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The end of the newest segment that did not count and was cut off; `None` after a clean close.
    pub cut: Option<Cut>,
}

/// The end of the newest segment that was cut off on opening: nothing proves that any of it was durable.
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
    /// The newest segment.
    pub(crate) header: SegmentHeader,
    /// The file offset behind its last event and the marks that follow it.
    pub(crate) end: u64,
    /// The position of the newest event.
    pub(crate) last: u64,
    pub(crate) segments: Segments,
    pub(crate) writer: SegmentWriter,
    /// Every position up to this one is proven durable by something that is itself durable.
    pub(crate) proven: u64,
    pub(crate) recovery: Recovery,
}

/// The segments in a directory.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(super) row: Row,
    pub(super) segments: Vec<Segment>,
    /// What a crash left of segments that were being created.
    leftovers: Vec<PathBuf>,
}

/// What a store would be if it were new.
pub(crate) struct Founding {
    pub(crate) store_id: [u8; 16],
    /// That of the first segment.
    pub(crate) nonce: [u8; 8],
    /// Whether it would be chained.
    pub(crate) chained: bool,
}

/// Up to where a log need not be read: the first position of a segment, and from where on to read it.
/// Every event before is known.
pub(crate) type Known = Option<(u64, Start)>;

/// What takes the committed events that an opening reads.
pub(crate) trait Reading {
    /// Takes the event that follows all before, or says why no store wrote it.
    fn event(&mut self, event: &RawEvent<'_>, place: FramePlace) -> Result<(), &'static str>;

    /// Where the event is that was taken for this position.
    fn place(&self, position: u64) -> Option<FrameSpan>;
}

/// A segment, as it was found.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// The length of its file if it is the newest, or how far it is to be read.
    pub(super) len: u64,
    pub(super) shared: Arc<SegmentFile>,
}

impl Directory {
    /// Lists the segments. Their headers are read when they are needed.
    pub(crate) fn read(row: Row) -> Result<Self, StoreError> {
        let io = StoreError::io("list", &row.dir);
        let names = row.disk.list(&row.dir).map_err(io)?;
        let firsts = segment_firsts(&names);
        let mut directory = Self {
            leftovers: row.leftovers(&names, firsts.is_empty())?,
            segments: Vec::with_capacity(firsts.len()),
            row,
        };
        directory.add(firsts);
        directory.measure()?;
        match directory.segments.first() {
            Some(segment) if segment.shared.first > 1 => Err(directory.row.missing(1)),
            _ => Ok(directory),
        }
    }

    /// Adds segments behind those that are known.
    pub(super) fn add(&mut self, firsts: Vec<u64>) {
        let Row { dir, disk, .. } = &self.row;
        let found = |first| Segment {
            len: u64::MAX,
            shared: SegmentFile::found(dir, first, disk).into(),
        };
        self.segments.extend(firsts.into_iter().map(found));
    }

    /// The segments as readers use them.
    pub(crate) fn files(&self) -> Segments {
        let segments = Segments::default();
        for segment in &self.segments {
            segments.push(Arc::clone(&segment.shared));
        }
        segments
    }

    /// The position of the first event in the newest segment: everything before it is durable.
    pub(crate) fn newest(&self) -> u64 {
        self.segments.last().map_or(1, |newest| newest.shared.first)
    }

    /// Reads what is not known of the log, and gives each committed event to `reading`. Nothing on disk
    /// changes.
    pub(crate) fn scan(
        &self,
        known: Known,
        reading: &mut dyn Reading,
    ) -> Result<Option<Scan>, StoreError> {
        let from = self.start_of(known)?;
        self.scan_row(&self.segments[from..], known, reading)
    }

    /// Which segment is the first with something that is not known.
    pub(super) fn start_of(&self, known: Known) -> Result<usize, StoreError> {
        known.map_or(Ok(0), |(first, start)| self.index_of(first, start.position))
    }

    /// Which of the segments has `first` as its first position: one that the index shows to have been, up
    /// to before `position`.
    pub(super) fn index_of(&self, first: u64, position: u64) -> Result<usize, StoreError> {
        let at = self
            .segments
            .binary_search_by_key(&first, |segment| segment.shared.first);
        at.map_err(|_| StoreError::Corrupt {
            path: self.row.dir.clone(),
            offset: 0,
            position,
            problem: "a segment is missing that the index ends in (if this is meant to be an older log, remove the \
                      directory `index`)",
        })
    }

    /// Reads these segments, which follow one another.
    pub(super) fn scan_row(
        &self,
        row: &[Segment],
        known: Known,
        reading: &mut dyn Reading,
    ) -> Result<Option<Scan>, StoreError> {
        let mut scan = None;
        let mut digest = None;
        let proven = known.map_or(0, |(_, start)| start.durable);
        for (at, segment) in row.iter().enumerate() {
            let next = row.get(at + 1).map(|next| next.shared.first);
            let header = segment.shared.header()?;
            let mut start = match known {
                Some((first, start)) if first == header.first => start,
                _ => Start::of(header),
            };
            start.durable = start.durable.max(proven);
            if digest.is_some_and(|digest| digest != header.previous) {
                let problem = "the segment does not follow the one before it";
                return Err(segment.shared.corrupt(0, start.position, problem));
            }
            let path = &segment.shared.path;
            let file = self.row.disk.get(&segment.shared);
            let file = file.map_err(StoreError::io("open", path))?;
            let begun = Scan::new(start, next);
            scan = Some(segment.scan(file.as_ref(), begun, reading, &mut digest)?);
        }
        Ok(scan)
    }

    /// Makes the end of the log, as it was scanned, such that it can be written to; `reading` has taken
    /// what was.
    pub(crate) fn resume(
        self,
        scan: Option<Scan>,
        (known, founding): (Known, &Founding),
        reading: &dyn Reading,
    ) -> Result<Opened, StoreError> {
        let Row { disk, dir, .. } = &self.row;
        let newest = self.segments.last().zip(scan);
        let header = match &newest {
            Some((newest, _)) => *newest.shared.header()?,
            None => founding.first_header(),
        };
        for path in &self.leftovers {
            disk.remove(path).map_err(StoreError::io("remove", path))?;
        }
        // A name that was given just before a crash may be in the system's memory alone.
        disk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
        let segments = self.files();
        let Some((newest, scan)) = &newest else {
            let writer = SegmentWriter::create(self.row.clone(), &header)?;
            segments.push(Arc::clone(writer.segment()));
            return Ok(Opened {
                header,
                end: SegmentHeader::BYTES as u64,
                last: 0,
                segments,
                writer,
                proven: 0,
                recovery: Recovery::default(),
            });
        };
        Ok(Opened {
            header,
            end: scan.end,
            last: scan.next - 1,
            segments,
            writer: self.settle(newest, (scan, known), reading)?,
            proven: scan.durable,
            recovery: Recovery {
                cut: newest.cut(scan),
            },
        })
    }

    /// Cuts what does not count from the newest segment, and makes the rest of it durable.
    ///
    /// What lies behind the last event at or below the durable mark is written again before it is
    /// synced, marks too: after a failed sync the system may hold it as clean pages that never reached
    /// the medium.
    fn settle(
        &self,
        newest: &Segment,
        (scan, known): (&Scan, Known),
        reading: &dyn Reading,
    ) -> Result<SegmentWriter, StoreError> {
        let path = &newest.shared.path;
        let io = |action| StoreError::io(action, path);
        let file = self.row.disk.open(path, true).map_err(io("open"))?;
        if scan.cut.is_some() {
            file.truncate(scan.end).map_err(io("cut"))?;
        }
        newest.shared.end.store(scan.end, Ordering::Release);
        let proven = Some(scan.durable).filter(|position| *position >= newest.shared.first);
        let proven = proven.and_then(|position| reading.place(position)?.end);
        let mut at = match known {
            Some((first, start)) if first == newest.shared.first => start.offset,
            _ => SegmentHeader::BYTES as u64,
        };
        at = proven.map_or(at, |end| u64::from(end).max(at));
        let mut bytes = Vec::new();
        while at < scan.end {
            bytes.resize((scan.end - at).min(1 << 20) as usize, 0);
            file.read_exact_at(&mut bytes, at).map_err(io("read"))?;
            file.write_all_at(&bytes, at).map_err(io("write to"))?;
            at += bytes.len() as u64;
        }
        // Where nothing is in doubt too: an earlier opening may have ended between its cut and the sync of that. Were
        // the cut to come undone behind an event that is appended now, what was cut off would follow it.
        file.sync().map_err(io("sync"))?;
        let shared = Arc::clone(&newest.shared);
        Ok(SegmentWriter::resume(self.row.clone(), shared, file))
    }
}

impl Founding {
    /// The header of the first segment.
    fn first_header(&self) -> SegmentHeader {
        SegmentHeader {
            chained: self.chained,
            store_id: self.store_id,
            first: 1,
            previous: Digest::ZERO,
            nonce: self.nonce,
        }
    }
}

impl Row {
    /// What a crash left of segments that were being created: at most a header each.
    fn leftovers(&self, names: &[String], founding: bool) -> Result<Vec<PathBuf>, StoreError> {
        let Self { disk, dir, .. } = self;
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

    fn missing(&self, position: u64) -> StoreError {
        StoreError::Corrupt {
            path: self.dir.clone(),
            offset: 0,
            position,
            problem: "the segment with this position is missing",
        }
    }
}

impl Segment {
    /// Reads the segment on, and gives each committed event to `reading`, and their digests to `digest`.
    pub(super) fn scan(
        &self,
        file: &dyn DiskFile,
        mut scan: Scan,
        reading: &mut dyn Reading,
        digest: &mut Option<Digest>,
    ) -> Result<Scan, StoreError> {
        let refuse = |damage: Damage| {
            self.shared
                .corrupt(damage.offset, damage.position, damage.problem)
        };
        let io = || StoreError::io("read", &self.shared.path);
        let len = file.len().map_err(io())?.min(self.len);
        if scan.end > len {
            let problem = "the segment is shorter than its index shows it to have been";
            return Err(self.shared.corrupt(len, scan.next, problem));
        }
        let mut window = Window::new(file, self.shared.seed()?, len);
        let mut at = scan.end;
        let read = loop {
            if scan.is_over() {
                break Ok(());
            }
            let (body, next) = match window.frame(at, scan.end) {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => match window.rest(at) {
                    Ok(rest) => {
                        let rest = (rest, at);
                        scan.fail(error, rest, self.shared.seed()?)
                            .map_err(refuse)?;
                        break Ok(());
                    }
                    Err(error) => break Err(error),
                },
                Ok(None) => {
                    scan.finish(at).map_err(refuse)?;
                    break Ok(());
                }
                Err(error) => break Err(error),
            };
            if let Step::Committed(first, offsets) = scan.take(body, at, next).map_err(refuse)? {
                self.give_out(&window, (first, &offsets, next), reading, digest)?;
            }
            at = next;
        };
        read.map_err(io())?;
        Ok(scan)
    }

    /// Gives the events of a batch to `reading`.
    fn give_out(
        &self,
        window: &Window<'_>,
        (first, offsets, end): (u64, &[u64], u64),
        reading: &mut dyn Reading,
        last_digest: &mut Option<Digest>,
    ) -> Result<(), StoreError> {
        let is_chained = self.shared.header()?.chained;
        let ends = offsets[1..].iter().copied().chain([end]);
        for ((position, offset), end) in (first..).zip(offsets).zip(ends) {
            let corrupt = |problem| self.shared.corrupt(*offset, position, problem);
            let event = Body::read(window.again(*offset)).map_err(corrupt)?.event;
            let digest = event.meta.header.digest;
            if digest.is_some() != is_chained {
                return Err(corrupt(
                    "the event has a digest that it should not have, or none",
                ));
            }
            *last_digest = digest;
            let place = FramePlace {
                segment: self.shared.first,
                offset: *offset as u32,
                end: end as u32,
            };
            reading.event(&event, place).map_err(corrupt)?;
        }
        Ok(())
    }

    /// What follows the last event that counts.
    fn cut(&self, scan: &Scan) -> Option<Cut> {
        Some(Cut {
            path: self.shared.path.clone(),
            offset: scan.end,
            bytes: self.len - scan.end,
            reason: scan.cut?,
        })
    }
}

/// Whether this is the name of a segment that was being created.
fn is_leftover(name: &str) -> bool {
    let segment = name.strip_suffix(".tmp");
    let first = segment.and_then(|name| name.strip_suffix(".seg")?.parse().ok());
    first.is_some_and(|first| segment == Some(segment_name(first).as_str()))
}

/// The positions that the names of segment files carry, in order.
pub(crate) fn segment_firsts(names: &[String]) -> Vec<u64> {
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
