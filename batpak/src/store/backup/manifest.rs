//! What a backup says of itself, in a file of lines.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;

use crate::Checkpoint;
use crate::event::StoreId;
use crate::store::StoreError;
use crate::store::fs::{Disk, RealDisk};

/// What [`Store::backup`](crate::Store::backup) has made, which the file `BACKUP` in its directory says too.
///
/// It displays as that file's lines, and parses from them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// The store that it is of, and will be when it is opened.
    pub store_id: StoreId,
    /// The position of the last event in it.
    pub position: u64,
    /// The log's history up to there, to verify the backup against; `None` if there are no digests.
    pub checkpoint: Option<Checkpoint>,
    /// The segments, in order.
    pub segments: Vec<BackupSegment>,
}

/// A segment in a [`Backup`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupSegment {
    /// The name of its file in `segments`.
    pub name: String,
    /// How long the file is. The last one, and such as have no footer yet, become longer when the backup is
    /// opened to be written to.
    pub bytes: u64,
    /// Whether the file is a second name of the store's own, or a copy.
    pub is_linked: bool,
}

/// A text that is not what a [`Backup`] says of itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the file `BACKUP` of a batpak backup, or one of a later version")]
pub struct BackupError;

const NAME: &str = "BACKUP";
const FIRST_LINE: &str = "batpak-backup 1";
/// The longest file that is read, in bytes: room for a million segments.
const MAX_BYTES: u64 = 64 << 20;

impl Backup {
    /// Reads what the backup in the directory `dir` says of itself.
    ///
    /// # Errors
    /// [`StoreError::Io`] if there is no file `BACKUP`, [`StoreError::Foreign`] if that is none.
    pub fn read(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = dir.as_ref().join(NAME);
        let io = || StoreError::io("read", &path);
        let file = RealDisk.open(&path, false).map_err(io())?;
        let len = file.len().map_err(io())?;
        if len > MAX_BYTES {
            return Err(io()(ErrorKind::FileTooLarge.into()));
        }
        let mut bytes = vec![0; len as usize];
        file.read_exact_at(&mut bytes, 0).map_err(io())?;
        let parsed = str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| StoreError::Foreign {
            path,
            found: BackupError.to_string(),
        })
    }

    /// Writes it to a backup's directory. Its name is durable when the directory is synced.
    pub(super) fn write(&self, disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(NAME);
        let io = |action| StoreError::io(action, &path);
        let file = disk.create(&path).map_err(io("create"))?;
        let written = file.write_all_at(self.to_string().as_bytes(), 0);
        written.map_err(io("write to"))?;
        file.sync().map_err(io("sync"))
    }
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        writeln!(f, "store {}", self.store_id)?;
        writeln!(f, "position {}", self.position)?;
        if let Some(checkpoint) = &self.checkpoint {
            writeln!(f, "checkpoint {checkpoint}")?;
        }
        for segment in &self.segments {
            let how = if segment.is_linked {
                "linked"
            } else {
                "copied"
            };
            writeln!(f, "segment {} {} {how}", segment.name, segment.bytes)?;
        }
        Ok(())
    }
}

impl FromStr for Backup {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        let mut lines = text.lines();
        let mut parse = || {
            let first = lines.next()?;
            let store_id = lines.next()?.strip_prefix("store ")?.parse().ok()?;
            let position = lines.next()?.strip_prefix("position ")?.parse().ok()?;
            let mut backup = Self {
                store_id,
                position,
                checkpoint: None,
                segments: Vec::new(),
            };
            for line in lines.by_ref() {
                match line.strip_prefix("checkpoint ") {
                    Some(checkpoint) => backup.checkpoint = Some(checkpoint.parse().ok()?),
                    None => backup.segments.push(segment(line)?),
                }
            }
            (first == FIRST_LINE).then_some(backup)
        };
        parse().ok_or(BackupError)
    }
}

/// The segment that a line is about.
fn segment(line: &str) -> Option<BackupSegment> {
    let (name, rest) = line.strip_prefix("segment ")?.split_once(' ')?;
    let (bytes, how) = rest.split_once(' ')?;
    Some(BackupSegment {
        name: name.to_owned(),
        bytes: bytes.parse().ok()?,
        is_linked: match how {
            "linked" => true,
            "copied" => false,
            _ => return None,
        },
    })
}
