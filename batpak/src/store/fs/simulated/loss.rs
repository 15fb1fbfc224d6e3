//! What a crash leaves of what was pending.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::Choices;
use super::medium::{Change, Contents, Entries, Entry, Image, Medium, lengthen, put};
use crate::testing::Random;

/// What a crash may do to what was pending, and so which decisions are to be made: see the
/// [fault model](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing is lost: the process was killed, and the system goes on.
    Nothing,
    /// All of it.
    Everything,
    /// Of each file and each directory all changes from some one on.
    Prefix,
    /// Any changes.
    Writes,
    /// Any changes of directories, and of what was written to files any blocks of so many bytes.
    Blocks(u64),
    /// Of one file all from within a write on, where something else is found then.
    Torn,
}

impl Loss {
    /// All that a crash may do.
    pub(crate) const ALL: &[Self] = &[
        Self::Nothing,
        Self::Everything,
        Self::Prefix,
        Self::Writes,
        Self::Blocks(512),
        Self::Blocks(4_096),
        Self::Torn,
    ];
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Everything => f.write_str("everything"),
            Self::Prefix => f.write_str("prefix"),
            Self::Writes => f.write_str("writes"),
            Self::Blocks(bytes) => write!(f, "blocks{bytes}"),
            Self::Torn => f.write_str("torn"),
        }
    }
}

impl FromStr for Loss {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "nothing" => Self::Nothing,
            "everything" => Self::Everything,
            "prefix" => Self::Prefix,
            "writes" => Self::Writes,
            "torn" => Self::Torn,
            other => {
                let bytes = other.strip_prefix("blocks").and_then(|n| n.parse().ok());
                Self::Blocks(bytes.ok_or_else(|| format!("there is no loss `{other}`"))?)
            }
        })
    }
}

impl Medium {
    /// What is found on the disk after a crash.
    pub(crate) fn crash(&self, loss: Loss, choices: &mut Choices) -> Image {
        let mut found = BTreeMap::new();
        let mut image = Image::default();
        let mut dirs = vec![PathBuf::from("/")];
        while let Some(dir) = dirs.pop() {
            if let Some(entries) = self.dirs.get(&dir) {
                for (name, entry) in entries.after(loss, choices) {
                    match entry {
                        Entry::Directory => dirs.push(dir.join(name)),
                        Entry::File(file) => {
                            found.insert(dir.join(name), &self.files[&file]);
                        }
                    }
                }
            }
            image.dirs.insert(dir);
        }
        let torn = (loss == Loss::Torn).then(|| Torn::choose(&found, choices));
        for (path, file) in &found {
            let bytes = match &torn {
                None => file.after(loss, choices),
                Some(torn) => torn.leaves(path, file),
            };
            image.files.insert(path.clone(), bytes);
        }
        image
    }
}

impl Entries {
    fn after(&self, loss: Loss, choices: &mut Choices) -> BTreeMap<String, Entry> {
        let mut entries = self.durable.clone();
        let kept = match loss {
            Loss::Nothing | Loss::Torn => self.pending.len(),
            Loss::Everything => 0,
            Loss::Prefix => choices.take(self.pending.len() as u64 + 1) as usize,
            Loss::Writes | Loss::Blocks(_) => {
                let kept = self.pending.iter().filter(|_| choices.flip());
                kept.for_each(|change| change.apply(&mut entries));
                return entries;
            }
        };
        for change in &self.pending[..kept] {
            change.apply(&mut entries);
        }
        entries
    }
}

impl Contents {
    fn after(&self, loss: Loss, choices: &mut Choices) -> Arc<Vec<u8>> {
        let is_seen = self.seen.is_none() || loss != Loss::Nothing;
        if self.pending.is_empty() && is_seen {
            return Arc::clone(&self.durable);
        }
        let mut bytes = Vec::clone(&self.durable);
        let pending = self.pending.iter();
        match loss {
            Loss::Everything => return Arc::clone(&self.durable),
            Loss::Nothing | Loss::Torn => return self.seen().into(),
            Loss::Prefix => {
                let kept = choices.take(self.pending.len() as u64 + 1) as usize;
                pending
                    .take(kept)
                    .for_each(|change| change.apply(&mut bytes));
            }
            Loss::Writes => {
                let kept = pending.filter(|_| choices.flip());
                kept.for_each(|change| change.apply(&mut bytes));
            }
            Loss::Blocks(size) => {
                for change in pending {
                    match change {
                        Change::Write(offset, written) => {
                            put_blocks(&mut bytes, (*offset, written), size, choices);
                        }
                        Change::Truncate(_) if choices.flip() => change.apply(&mut bytes),
                        Change::Truncate(_) => {}
                    }
                }
            }
        }
        if matches!(loss, Loss::Prefix | Loss::Writes | Loss::Blocks(_)) {
            self.lengthen(&mut bytes, choices);
        }
        bytes.into()
    }

    /// The file's length may reach the medium before what was written there does.
    fn lengthen(&self, bytes: &mut Vec<u8>, choices: &mut Choices) {
        let mut len = self.durable.len();
        for change in &self.pending {
            len = match change {
                Change::Write(offset, written) => len.max(*offset as usize + written.len()),
                Change::Truncate(len) => *len as usize,
            };
        }
        if len > self.durable.len() && choices.flip() && len > bytes.len() {
            lengthen(bytes, len);
        }
    }

    /// The lengths of what was written and is pending, in order.
    fn written(&self) -> impl Iterator<Item = u64> {
        self.pending.iter().filter_map(|change| match change {
            Change::Write(_, written) => Some(written.len() as u64),
            Change::Truncate(_) => None,
        })
    }
}

/// Writes any of the blocks of the file that these bytes have a share in.
fn put_blocks(
    bytes: &mut Vec<u8>,
    (offset, written): (u64, &[u8]),
    size: u64,
    choices: &mut Choices,
) {
    let mut at = 0;
    while at < written.len() {
        let from = offset + at as u64;
        let share = (size - from % size).min((written.len() - at) as u64) as usize;
        if choices.flip() {
            put(bytes, from as usize, &written[at..at + share]);
        }
        at += share;
    }
}

/// A write that only began to reach the medium.
struct Torn {
    path: PathBuf,
    /// Which of the writes to the file, and how many of its bytes arrived.
    write: usize,
    arrived: usize,
    rest: Rest,
}

/// What is found where a torn write did not arrive.
#[derive(Debug, Clone, Copy)]
enum Rest {
    /// What was there before.
    Before,
    Zeros,
    Ones,
    Noise,
    /// What lies elsewhere in the file.
    Elsewhere,
}

const RESTS: [Rest; 5] = [
    Rest::Before,
    Rest::Zeros,
    Rest::Ones,
    Rest::Noise,
    Rest::Elsewhere,
];

impl Torn {
    fn choose(files: &BTreeMap<PathBuf, &Contents>, choices: &mut Choices) -> Self {
        let bytes: u64 = files.values().flat_map(|file| file.written()).sum();
        let mut rest = Rest::Before;
        let mut at = 0;
        if bytes > 0 {
            at = choices.take(bytes);
            rest = RESTS[choices.take(RESTS.len() as u64) as usize];
        }
        for (path, file) in files {
            for (write, len) in file.written().enumerate() {
                if at < len {
                    return Self {
                        path: path.clone(),
                        write,
                        arrived: at as usize,
                        rest,
                    };
                }
                at -= len;
            }
        }
        // Nothing was being written.
        Self {
            path: PathBuf::new(),
            write: 0,
            arrived: 0,
            rest,
        }
    }

    /// What is found in this file. All other files have all that was written to them.
    fn leaves(&self, path: &Path, file: &Contents) -> Arc<Vec<u8>> {
        let mut bytes = Vec::clone(&file.durable);
        let mut writes = 0;
        for change in &file.pending {
            if let Change::Write(offset, written) = change {
                if path == self.path && writes == self.write {
                    self.tear(&mut bytes, *offset as usize, written);
                    break;
                }
                writes += 1;
            }
            change.apply(&mut bytes);
        }
        bytes.into()
    }

    fn tear(&self, bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
        let (arrived, lost) = written.split_at(self.arrived);
        if !arrived.is_empty() {
            put(bytes, offset, arrived);
        }
        let from = offset + self.arrived;
        let mut found: Vec<u8> = match self.rest {
            Rest::Before => return,
            Rest::Zeros => vec![0; lost.len()],
            Rest::Ones => vec![0xFF; lost.len()],
            Rest::Noise => {
                let mut random = Random::new(from as u64);
                lost.iter().map(|_| random.number() as u8).collect()
            }
            Rest::Elsewhere => {
                let elsewhere = bytes.iter().skip(80).copied();
                elsewhere
                    .chain(std::iter::repeat(0))
                    .take(lost.len())
                    .collect()
            }
        };
        // A byte that is not to change does not.
        for (at, byte) in found.iter_mut().enumerate() {
            if bytes.get(from + at) == Some(&lost[at]) {
                *byte = lost[at];
            }
        }
        put(bytes, from, &found);
    }
}
