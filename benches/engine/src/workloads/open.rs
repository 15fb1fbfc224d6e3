//! Opening a store that has many events, and what they take on disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::{Amount, Measured};
use crate::event::Item;
use crate::memory;
use crate::subject::{Settings, Subject};

/// Opens the store and reads its last event, so that an engine which opens lazily has opened.
pub(super) fn open(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    memory::warm(directory)?;
    let start = Instant::now();
    let engine = subject.open(directory, settings)?;
    let mut reader = engine.reader()?;
    let newest = Item::nth(amount.stored - 1, settings.entities);
    let read = reader.newest(amount.stored, newest)?;
    let time = start.elapsed();
    let anonymous_mib = memory::anonymous_mib()?;
    newest.check(&read)?;
    drop(reader);
    engine.close()?;
    Ok(Measured {
        value: time.as_secs_f64() * 1e3,
        anonymous_mib: Some(anonymous_mib),
        ..Measured::default()
    })
}

/// Adds up the blocks of the store's files.
pub(super) fn size(directory: &Path, amount: Amount) -> Result<Measured> {
    Ok(Measured {
        value: allocated(directory)? as f64 / amount.stored as f64,
        ..Measured::default()
    })
}

fn allocated(directory: &Path) -> Result<u64> {
    /// What `stat` counts in, whatever the file system's blocks are.
    const BLOCK: u64 = 512;
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            allocated(&entry.path())?
        } else {
            metadata.blocks() * BLOCK
        };
    }
    Ok(bytes)
}
