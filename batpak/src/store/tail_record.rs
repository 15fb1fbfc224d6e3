//! The record `TAIL`: up to where readers in other processes may read the log.
//!
//! The writer overwrites it in place and never syncs it, so that it costs next to nothing. It is a
//! hint, and the log is the truth: a reader checks every frame before what the record says.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::sync::{AtomicBool, Instant, Mutex, RwLock, thread};
use crc32fast::Hasher;

use super::fs::{Disk, DiskFile};

/// How often the record is written for events that were not asked to be durable.
const PACE: Duration = Duration::from_millis(1);

/// How often a reader looks for the file again: somebody may have removed it, and the next writer made
/// another.
const FIND_AGAIN: Duration = Duration::from_millis(100);

/// How often a record is read before it is taken for damaged rather than for half written.
const TRIES: usize = 4;

/// Up to where the log was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEnd {
    /// The position of the newest event that readers may see; 0 if there is none.
    pub(crate) position: u64,
    /// The newest segment, by the position of its first event.
    pub(crate) segment: u64,
    /// The file offset there behind what was published.
    pub(crate) offset: u64,
}

impl LogEnd {
    /// The length of a record in bytes.
    pub(crate) const BYTES: usize = 32;

    /// The first four bytes of a record.
    const MAGIC: [u8; 4] = *b"BPTL";

    /// The record of a store.
    pub(crate) fn to_bytes(self, store_id: &[u8; 16]) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&Self::MAGIC);
        bytes[4..12].copy_from_slice(&self.position.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.segment.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.offset.to_le_bytes());
        let crc = crc(store_id, &bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the record of a store; `None` if these bytes are none, or are that of another store.
    pub(crate) fn read(bytes: &[u8; Self::BYTES], store_id: &[u8; 16]) -> Option<Self> {
        fn next<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
            let (part, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Some(*part)
        }
        let (content, _) = bytes.split_at(28);
        let rest = &mut &bytes[..];
        let magic = next(rest)?;
        let end = Self {
            position: u64::from_le_bytes(next(rest)?),
            segment: u64::from_le_bytes(next(rest)?),
            offset: u64::from_le_bytes(next(rest)?),
        };
        let is_whole = u32::from_le_bytes(next(rest)?) == crc(store_id, content);
        (is_whole && magic == Self::MAGIC).then_some(end)
    }
}

fn crc(store_id: &[u8; 16], content: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(store_id);
    hasher.update(content);
    hasher.finalize()
}

/// Where the record lies.
#[derive(Debug, Clone)]
pub(crate) struct TailPath {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) path: PathBuf,
    pub(crate) store_id: [u8; 16],
}

impl TailPath {
    /// That of the store in the directory `dir`.
    pub(crate) fn of(disk: &Arc<dyn Disk>, dir: &Path, store_id: [u8; 16]) -> Self {
        Self {
            disk: Arc::clone(disk),
            path: dir.join("TAIL"),
            store_id,
        }
    }
}

/// The record as the writer of a store has it. Nothing that fails here concerns the log.
#[derive(Debug)]
pub(crate) struct TailWriter {
    store_id: [u8; 16],
    state: Mutex<State>,
    /// Whether somebody is to tell the newest end when some time is over.
    is_owed: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// `None` if the file could not be made, or was closed.
    file: Option<Box<dyn DiskFile>>,
    /// The newest end that there is to tell, and the position of the newest that was told.
    newest: LogEnd,
    told: u64,
    told_at: Instant,
}

impl TailWriter {
    /// Makes the file have one record, of `end`. If that fails, there is to be none: it would be one of
    /// an earlier time.
    pub(crate) fn create(at: &TailPath, end: LogEnd) -> Self {
        let begin = || -> io::Result<Box<dyn DiskFile>> {
            let file = match at.disk.open(&at.path, true) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    at.disk.create(&at.path)?
                }
                opened => opened?,
            };
            file.truncate(LogEnd::BYTES as u64)?;
            file.write_all_at(&end.to_bytes(&at.store_id), 0)?;
            Ok(file)
        };
        let file = begin();
        if file.is_err() {
            let _ = at.disk.remove(&at.path);
        }
        Self {
            store_id: at.store_id,
            state: Mutex::new(State {
                file: file.ok(),
                newest: end,
                told: end.position,
                told_at: Instant::now(),
            }),
            is_owed: false.into(),
        }
    }

    /// Tells readers of a new end of the log: at once if `is_urgent`, and otherwise if nothing was told
    /// for a while. Says whether somebody has to call [`Self::settle`] who did not have to before.
    ///
    /// Several threads may come here late and in any order: only the newest end counts.
    pub(crate) fn tell(&self, end: LogEnd, is_urgent: bool) -> bool {
        let mut state = self.state.lock();
        if end.position > state.newest.position {
            state.newest = end;
        }
        if state.told == state.newest.position {
            return false;
        }
        if is_urgent || state.told_at.elapsed() >= PACE {
            self.write(&mut state);
            return false;
        }
        !self.is_owed.swap(true, Ordering::AcqRel)
    }

    /// Whether [`Self::settle`] has something to do.
    pub(crate) fn is_owed(&self) -> bool {
        self.is_owed.load(Ordering::Acquire)
    }

    /// Tells what was passed over.
    pub(crate) fn settle(&self) {
        self.settle_in(&mut self.state.lock());
    }

    /// Tells what was passed over, and nothing any more.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        self.settle_in(&mut state);
        state.file = None;
    }

    fn settle_in(&self, state: &mut State) {
        if state.told != state.newest.position {
            self.write(state);
        }
    }

    fn write(&self, state: &mut State) {
        self.is_owed.store(false, Ordering::Release);
        state.told_at = Instant::now();
        let bytes = state.newest.to_bytes(&self.store_id);
        let written = state.file.as_ref().map(|file| file.write_all_at(&bytes, 0));
        // What failed is tried again with the next end.
        if !matches!(written, Some(Err(_))) {
            state.told = state.newest.position;
        }
    }
}

/// The record as a reader of a store has it.
#[derive(Debug)]
pub(crate) struct TailReader {
    at: TailPath,
    /// The file if it is there, and when it was looked for.
    file: RwLock<Option<(Arc<dyn DiskFile>, Instant)>>,
}

impl TailReader {
    pub(crate) fn new(at: TailPath) -> Self {
        Self {
            at,
            file: RwLock::default(),
        }
    }

    /// The end of the log that the writer told last; `None` if there is no record, or a damaged one.
    pub(crate) fn read(&self) -> Option<LogEnd> {
        let file = self.file()?;
        for _ in 0..TRIES {
            let mut bytes = [0; LogEnd::BYTES];
            file.read_exact_at(&mut bytes, 0).ok()?;
            let end = LogEnd::read(&bytes, &self.at.store_id);
            if end.is_some() {
                return end;
            }
            thread::yield_now();
        }
        None
    }

    fn file(&self) -> Option<Arc<dyn DiskFile>> {
        if let Some((file, found)) = &*self.file.read()
            && found.elapsed() < FIND_AGAIN
        {
            return Some(Arc::clone(file));
        }
        let file = self.at.disk.open(&self.at.path, false).ok();
        let file: Option<Arc<dyn DiskFile>> = file.map(Into::into);
        *self.file.write() = file.clone().map(|file| (file, Instant::now()));
        file
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::fs::RealDisk;

    const ID: [u8; 16] = *b"a store's own id";

    fn end(position: u64) -> LogEnd {
        LogEnd {
            position,
            segment: 1,
            offset: 80 + position,
        }
    }

    /// The place of a record, in a directory of its own that is removed at the end.
    struct Place(TailPath);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("batpak-tail-{name}-{}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            let disk: Arc<dyn Disk> = Arc::new(RealDisk);
            disk.create_dir(&dir).unwrap();
            Self(TailPath::of(&disk, &dir, ID))
        }

        fn writer(&self, end: LogEnd) -> TailWriter {
            TailWriter::create(&self.0, end)
        }

        fn reader(&self) -> TailReader {
            TailReader::new(self.0.clone())
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.path.parent().unwrap());
        }
    }

    #[test]
    fn a_record_is_to_the_byte_what_format_md_shows() {
        let end = LogEnd {
            position: 4,
            segment: 4,
            offset: 303,
        };
        let bytes = end.to_bytes(&ID);
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines = format!(
            "0000  {}\n0010  {}\n",
            hex[..16].join(" "),
            hex[16..].join(" ")
        );
        let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../FORMAT.md");
        let document = std::fs::read_to_string(document).unwrap();
        assert!(document.contains(&lines), "{lines}");
        assert_eq!(LogEnd::read(&bytes, &ID), Some(end));
    }

    #[test]
    fn a_record_with_any_bit_flipped_and_one_of_another_store_are_none() {
        let bytes = end(7).to_bytes(&ID);
        for bit in 0..8 * LogEnd::BYTES {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(LogEnd::read(&damaged, &ID), None, "bit {bit}");
        }
        assert_eq!(LogEnd::read(&bytes, b"another store id"), None);
    }

    #[test]
    fn an_end_that_comes_late_does_not_take_the_place_of_a_newer_one() {
        let place = Place::new("late");
        let (writer, reader) = (place.writer(end(1)), place.reader());
        writer.tell(end(9), true);
        writer.tell(end(5), true);
        assert_eq!(reader.read(), Some(end(9)));
    }

    #[test]
    fn what_is_not_urgent_is_told_at_a_pace_and_owed_until_then() {
        let place = Place::new("pace");
        let (writer, reader) = (place.writer(end(1)), place.reader());
        writer.tell(end(2), true);
        let started = Instant::now();
        let calls_somebody = writer.tell(end(3), false);
        if started.elapsed() < PACE / 2 {
            assert!(calls_somebody && writer.is_owed());
            assert!(!writer.tell(end(4), false), "somebody was called already");
            assert_eq!(reader.read(), Some(end(2)));
        }
        writer.tell(end(4), false);
        writer.settle();
        assert_eq!(reader.read(), Some(end(4)));
        assert!(!writer.is_owed());
        std::thread::sleep(2 * PACE);
        assert!(!writer.tell(end(5), false));
        assert_eq!(reader.read(), Some(end(5)));
    }

    #[test]
    fn a_new_writer_tells_its_own_end_though_an_older_one_told_a_later() {
        let place = Place::new("anew");
        drop(place.writer(end(9)));
        drop(place.writer(end(5)));
        assert_eq!(place.reader().read(), Some(end(5)));
    }
}
