//! What an environment's file had when it was closed, so that damage is seen before LMDB sees it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::Unopened;
use crate::sync::Mutex;

pub(super) const FILE: &str = "SEAL";
/// Its name until it is whole.
pub(super) const UNFINISHED: &str = "SEAL.new";

/// The seal of an environment: there while the file is as it was when it was last closed.
pub(super) struct Seal {
    path: PathBuf,
    /// Whether it is there.
    closed: Mutex<bool>,
}

impl Seal {
    /// That the file has what its seal says. One that was not closed has none, and is as whole as LMDB leaves it.
    pub(super) fn check(dir: &Path, data: &str) -> Result<Self, Unopened> {
        let path = dir.join(FILE);
        let sealed = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some(read.map_err(|error| Unopened::Failed(error.into()))?),
        };
        if let Some(sealed) = &sealed {
            match digest(&dir.join(data)) {
                Ok(found) if found[..] == sealed[..] => {}
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Unopened::Failed(error.into()));
                }
                _ => return Err(Unopened::Damaged("it is not as it was closed".into())),
            }
        }
        Ok(Self {
            path,
            closed: Mutex::new(sealed.is_some()),
        })
    }

    /// Removes the seal, before the file is changed.
    pub(super) fn open(&self) -> io::Result<()> {
        let mut closed = self.closed.lock();
        if *closed {
            std::fs::remove_file(&self.path)?;
            *closed = false;
        }
        Ok(())
    }

    /// Makes the seal of a file that is not changed any more. Without one the file is taken as it is.
    pub(super) fn close(&self, dir: &Path, data: &str) {
        let mut closed = self.closed.lock();
        if !*closed {
            let unfinished = dir.join(UNFINISHED);
            let write = || {
                let digest = digest(&dir.join(data))?;
                let mut file = File::create(&unfinished)?;
                file.write_all(&digest)?;
                file.sync_all()?;
                std::fs::rename(&unfinished, &self.path)
            };
            *closed = write().is_ok();
        }
    }
}

/// The digest of a file, and its length.
fn digest(path: &Path) -> io::Result<[u8; 24]> {
    let mut file = File::open(path)?;
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 256 << 10];
    let mut len = 0_u64;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        len += read as u64;
    }
    let mut digest = [0; 24];
    digest[..16].copy_from_slice(&hash.digest128().to_le_bytes());
    digest[16..].copy_from_slice(&len.to_le_bytes());
    Ok(digest)
}
