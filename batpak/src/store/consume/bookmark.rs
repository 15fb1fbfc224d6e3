//! The file that has what a consumer remembers: how far it has come, and what it has parked.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc32fast::hash;

use super::Parked;
use crate::coordinate::Coordinate;
use crate::event::{EventId, StoreId};
use crate::store::StoreError;
use crate::store::fs::Disk;
use crate::store::shared::Shared;

/// The first bytes of the file.
const MAGIC: [u8; 8] = *b"BATPAKBM";

/// The version of the format.
const VERSION: u16 = 1;

/// How many bytes come before the name and what is parked, and behind it.
const HEADER_BYTES: usize = 66;
const CRC_BYTES: usize = 4;

/// How long a file may be that is read.
const MAX_BYTES: u64 = 256 << 20;

/// What a consumer remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bookmark {
    /// It is done with everything up to this position.
    pub(super) position: u64,
    /// The events behind that which it is done with, too, by position.
    pub(super) ahead: Vec<u64>,
    /// What shows which event is the last of those.
    proof: [u8; 32],
    /// What of all that could not be handled, by position.
    pub(super) parked: Vec<Parked>,
}

/// Where the bookmark of a consumer lies.
#[derive(Debug, Clone)]
pub(super) struct BookmarkFile {
    disk: Arc<dyn Disk>,
    store: StoreId,
    consumer: String,
    /// The directory of the store, and that of the bookmarks in it.
    store_dir: PathBuf,
    dir: PathBuf,
    path: PathBuf,
}

/// The directory of the bookmarks of the store in this directory.
pub(super) fn bookmark_dir(store: &Path) -> PathBuf {
    store.join("consumers")
}

/// The name of the file of a consumer: some of its name, for people, and a UUID that is made of all of it. So two files differ by
/// more than the case of letters, and each is short, whatever the name.
fn file_name(consumer: &str) -> String {
    let readable = |char: char| match char.is_ascii_alphanumeric() {
        true => char.to_ascii_lowercase(),
        false => '-',
    };
    let shown: String = consumer.chars().take(32).map(readable).collect();
    let id = EventId::named(EventId::from_u128(0), consumer);
    format!("{shown}-{:032x}.bookmark", id.as_u128())
}

impl Bookmark {
    /// One at a position of the log, with what is done ahead of it and what is parked.
    pub(super) fn at(
        position: u64,
        ahead: Vec<u64>,
        parked: Vec<Parked>,
        shared: &Shared,
    ) -> Result<Self, StoreError> {
        let mut bookmark = Self {
            position,
            ahead,
            proof: [0; 32],
            parked,
        };
        bookmark.proof = proof(bookmark.last(), shared)?;
        Ok(bookmark)
    }

    /// The position of the last event that it tells of.
    pub(super) fn last(&self) -> u64 {
        self.ahead.last().copied().unwrap_or(self.position)
    }

    /// Whether the log is the one that it was made in.
    pub(super) fn fits(&self, shared: &Shared) -> Result<bool, StoreError> {
        let last = self.last();
        Ok(last <= shared.view().published() && proof(last, shared)? == self.proof)
    }
}

/// What shows which event the log has at a position: its digest, or in an unchained store its id.
fn proof(position: u64, shared: &Shared) -> Result<[u8; 32], StoreError> {
    let mut proof = [0; 32];
    if position > 0 {
        let header = shared.event_at(position, &shared.view())?.header;
        match header.digest {
            Some(digest) => proof = *digest.as_bytes(),
            None => proof[..16].copy_from_slice(&header.event_id.to_bytes()),
        }
    }
    Ok(proof)
}

impl BookmarkFile {
    /// That of the consumer of this name. A name is one that a stream may have, too.
    pub(super) fn of(consumer: &str, shared: &Shared) -> Result<Self, StoreError> {
        Coordinate::new(consumer, "batpak")?;
        let dir = bookmark_dir(&shared.dir);
        Ok(Self {
            disk: Arc::clone(&shared.disk),
            store: shared.id,
            consumer: consumer.to_owned(),
            store_dir: shared.dir.clone(),
            path: dir.join(file_name(consumer)),
            dir,
        })
    }

    /// What is in the file; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<Bookmark>, StoreError> {
        let bytes = read(self.disk.as_ref(), &self.path)?;
        bytes.map(|bytes| self.parse(&bytes)).transpose()
    }

    /// Puts this into the file, in the place of all that was there. It is durable then.
    pub(super) fn write(&self, bookmark: &Bookmark) -> Result<(), StoreError> {
        let bytes = self.to_bytes(bookmark)?;
        let making = self.path.with_extension("bookmark.tmp");
        match self.disk.remove(&making) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.map_err(StoreError::io("remove", &making))?,
        }
        create(self.disk.as_ref(), &making, &bytes)?;
        let renamed = self.disk.rename(&making, &self.path);
        renamed.map_err(StoreError::io("rename", &making))?;
        let synced = self.disk.sync_dir(&self.dir);
        synced.map_err(StoreError::io("sync", &self.dir))
    }

    /// Makes the directory, if there is none yet.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        let created = self.disk.create_dir(&self.dir);
        created.map_err(StoreError::io("create", &self.dir))?;
        let synced = self.disk.sync_dir(&self.store_dir);
        synced.map_err(StoreError::io("sync", &self.store_dir))
    }

    fn to_bytes(&self, bookmark: &Bookmark) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.store.to_bytes());
        bytes.extend(bookmark.position.to_le_bytes());
        bytes.extend(bookmark.proof);
        let parked = bookmark.parked.iter().map(Parked::to_row);
        let parked: Vec<_> = parked.collect();
        let body = (&self.consumer, &bookmark.ahead, parked);
        rmp_serde::encode::write(&mut bytes, &body).map_err(|error| {
            let error = std::io::Error::other(error);
            StoreError::io("encode", &self.path)(error)
        })?;
        let crc = hash(&bytes);
        bytes.extend(crc.to_le_bytes());
        Ok(bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Bookmark, StoreError> {
        let damaged = |problem| self.damaged(problem);
        let (content, crc) = bytes
            .split_last_chunk::<CRC_BYTES>()
            .filter(|(content, _)| content.len() >= HEADER_BYTES)
            .ok_or_else(|| damaged("it is too short"))?;
        let (header, body) = content.split_at(HEADER_BYTES);
        let mut header = header;
        if take::<8>(&mut header) != MAGIC {
            return Err(damaged("it does not begin as one"));
        }
        let version = u16::from_le_bytes(take(&mut header));
        if version > VERSION {
            return Err(StoreError::NewerFormat {
                path: self.path.clone(),
                found: version,
                supported: VERSION,
            });
        }
        if hash(content).to_le_bytes() != *crc {
            return Err(damaged("its checksum is wrong"));
        }
        let of = StoreId::from_bytes(take(&mut header));
        if of != self.store {
            let what = "the bookmark of the consumer";
            return Err(StoreError::Elsewhere { what, of });
        }
        let position = u64::from_le_bytes(take(&mut header));
        let proof = take(&mut header);
        let body: Result<(String, Vec<u64>, Vec<Row>), _> = rmp_serde::from_slice(body);
        let (consumer, ahead, parked) = body.map_err(|_| damaged("it cannot be read"))?;
        if consumer != self.consumer {
            return Err(damaged("it is that of another consumer"));
        }
        Ok(Bookmark {
            position,
            ahead,
            proof,
            parked: parked.into_iter().map(Parked::from_row).collect(),
        })
    }

    fn damaged(&self, problem: &'static str) -> StoreError {
        damaged(&self.path, problem)
    }
}

fn damaged(path: &Path, problem: &'static str) -> StoreError {
    let path = path.to_owned();
    StoreError::DamagedBookmark { path, problem }
}

/// The bytes of a file; `None` if there is none.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match disk.open(path, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(StoreError::io("open", path))?,
    };
    let len = file.len().map_err(StoreError::io("read", path))?;
    if len > MAX_BYTES {
        return Err(damaged(path, "it is too long"));
    }
    let mut bytes = vec![0; len as usize];
    let read = file.read_exact_at(&mut bytes, 0);
    read.map_err(StoreError::io("read", path))?;
    Ok(Some(bytes))
}

/// Makes a file that is not there yet, whose bytes are durable then.
pub(super) fn create(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = disk.create(path);
    let file = file.map_err(StoreError::io("create", path))?;
    let written = file.write_all_at(bytes, 0);
    written.map_err(StoreError::io("write to", path))?;
    file.sync().map_err(StoreError::io("sync", path))
}

/// The next bytes of a header, which has them.
fn take<const N: usize>(header: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    if let Some((next, rest)) = header.split_first_chunk() {
        taken = *next;
        *header = rest;
    }
    taken
}

/// A parked event in the file: its position, the attempts, the error, and the time.
type Row = (u64, u32, String, u64);

impl Parked {
    fn to_row(&self) -> (u64, u32, &str, u64) {
        (self.position, self.attempts, &self.error, self.time_us)
    }

    fn from_row((position, attempts, error, time_us): Row) -> Self {
        Self {
            position,
            attempts,
            error,
            time_us,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::fs::RealDisk;

    /// That of the consumer in FORMAT.md.
    fn file() -> BookmarkFile {
        BookmarkFile {
            disk: Arc::new(RealDisk),
            store: StoreId::from_bytes(*b"a store's own id"),
            consumer: "Mailer".to_owned(),
            store_dir: PathBuf::new(),
            dir: PathBuf::new(),
            path: PathBuf::new(),
        }
    }

    #[test]
    fn a_bookmark_is_to_the_byte_and_to_its_name_what_format_md_shows() {
        let bookmark = Bookmark {
            position: 2,
            ahead: vec![4],
            proof: [0xAB; 32],
            parked: vec![Parked {
                position: 2,
                attempts: 5,
                error: "no address".to_owned(),
                time_us: 1_700_000_000_000_009,
            }],
        };
        let bytes = file().to_bytes(&bookmark).unwrap();
        let lines = bytes.chunks(16).enumerate().map(|(line, bytes)| {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{:04x}  {}\n", 16 * line, hex.join(" "))
        });
        let lines: String = lines.collect();
        let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../FORMAT.md");
        let document = std::fs::read_to_string(document).unwrap();
        assert!(document.contains(&lines), "{lines}");
        assert!(
            document.contains(&file_name("Mailer")),
            "{}",
            file_name("Mailer")
        );
        assert_eq!(file().parse(&bytes).unwrap(), bookmark);
    }
}
