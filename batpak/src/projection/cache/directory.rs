//! The directory that a home has to itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::CacheError;
use super::home::{Disk, FOR_NOW, Failure, Home};

/// Why a home does not open.
pub(super) enum Unopened {
    /// Its files are damaged, and may be removed.
    Damaged(Failure),
    /// Something else.
    Failed(Failure),
}

/// How a kind of home is opened.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// What it has in its directory.
    pub(super) files: &'static [&'static str],
    pub(super) open: fn(&Path) -> Result<Box<dyn Home>, Unopened>,
}

/// The homes that are open in this process, so that a directory is opened once.
static OPEN: Mutex<Vec<(PathBuf, Weak<Disk>)>> = Mutex::new(Vec::new());

/// The file by which a directory is known to be a cache, and which is locked.
const MARK: &str = "CACHE";

impl Disk {
    /// The home of a kind in this directory, which is created if it is not there. One that is damaged is begun anew:
    /// then this gives the error that says so, too.
    pub(super) fn open(
        dir: &Path,
        kind: &Kind,
    ) -> Result<(Arc<Self>, Option<CacheError>), CacheError> {
        let io = |action| CacheError::io(action, dir);
        std::fs::create_dir_all(dir).map_err(io("create"))?;
        let dir = dir.canonicalize().map_err(io("resolve"))?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(_, disk)| disk.strong_count() > 0);
        let found = open.iter().find(|(found, _)| *found == dir);
        if let Some(disk) = found.and_then(|(_, disk)| disk.upgrade()) {
            check_mark(&dir, kind)?;
            return Ok((disk, None));
        }
        let mark = claim(&dir, kind)?;
        let (home, damage) = open_home(&dir, kind)?;
        let disk = Arc::new(Self::new(home, dir.clone(), mark));
        disk.clear(&[FOR_NOW])?;
        open.push((dir, Arc::downgrade(&disk)));
        Ok((disk, damage))
    }
}

/// Opens what is in the directory, or what was begun anew instead of it, and then tells why.
fn open_home(dir: &Path, kind: &Kind) -> Result<(Box<dyn Home>, Option<CacheError>), CacheError> {
    let failed = |source| CacheError::Home {
        path: dir.to_owned(),
        source,
    };
    match try_open(dir, kind) {
        Ok(home) => Ok((home, None)),
        Err(Unopened::Failed(source)) => Err(failed(source)),
        Err(Unopened::Damaged(source)) => {
            for name in kind.files {
                match std::fs::remove_file(dir.join(name)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed.map_err(CacheError::io("remove", &dir.join(name)))?,
                }
            }
            let damage = CacheError::Damaged {
                path: dir.to_owned(),
                source,
            };
            match try_open(dir, kind) {
                Ok(home) => Ok((home, Some(damage))),
                Err(Unopened::Damaged(source) | Unopened::Failed(source)) => Err(failed(source)),
            }
        }
    }
}

fn try_open(dir: &Path, kind: &Kind) -> Result<Box<dyn Home>, Unopened> {
    let opened = catch_unwind(|| (kind.open)(dir));
    opened.unwrap_or_else(|_| Err(Unopened::Damaged("its file makes it panic".into())))
}

/// What the mark says.
fn mark(kind: &Kind) -> String {
    format!("batpak projection cache 1: {}\n", kind.name)
}

/// Makes the directory a cache of this kind, if it is empty, and takes the lock.
fn claim(dir: &Path, kind: &Kind) -> Result<File, CacheError> {
    let path = dir.join(MARK);
    let io = |action| CacheError::io(action, &path);
    if !path.exists() {
        let mut names = std::fs::read_dir(dir).map_err(CacheError::io("list", dir))?;
        if names.any(|name| name.is_ok_and(|name| name.file_name() != "lost+found")) {
            return Err(CacheError::Foreign(dir.to_owned()));
        }
    }
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(io("open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(CacheError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => return Err(io("lock")(error)),
    }
    if file.metadata().map_err(io("read"))?.len() == 0 {
        // New, or left so by a crash.
        file.write_all(mark(kind).as_bytes()).map_err(io("write"))?;
        file.sync_all().map_err(io("sync"))?;
    } else {
        check_mark(dir, kind)?;
    }
    Ok(file)
}

/// That the directory is a cache of this kind.
fn check_mark(dir: &Path, kind: &Kind) -> Result<(), CacheError> {
    let path = dir.join(MARK);
    let mut found = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(256).read_to_end(&mut found));
    read.map_err(CacheError::io("read", &path))?;
    match found == mark(kind).as_bytes() {
        true => Ok(()),
        false => Err(CacheError::Foreign(dir.to_owned())),
    }
}
