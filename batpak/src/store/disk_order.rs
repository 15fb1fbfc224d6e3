//! In which order the store asks the disk for what: what must be synced is synced before it is
//! answered for, and names are durable before they are used. The disk here is the real one, which
//! writes down what it is asked, and fails or panics on demand.

#![allow(clippy::unwrap_used)]

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::fs::{DirLock, Disk, DiskFile, RealDisk};
use super::{Store, StoreConfig, StoreError};
use crate::coordinate::Coordinate;
use crate::event::EventKind;
use crate::pipeline::Durability;

#[derive(Debug, Default)]
struct Journal {
    calls: Mutex<Vec<String>>,
    fail_sync: AtomicBool,
    fail_write: Mutex<Option<io::ErrorKind>>,
    panic_on_write: AtomicBool,
}

impl Journal {
    fn note(&self, call: &str, path: &Path) {
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into());
        self.calls.lock().push(format!("{call} {name}"));
    }

    /// What was asked since the last time, reads left out, and the record for readers, which nothing of the
    /// rest depends on.
    fn take(&self) -> Vec<String> {
        let mut calls = self.take_all();
        calls.retain(|call| !call.ends_with(" TAIL"));
        calls
    }

    fn take_all(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock())
    }
}

#[derive(Debug, Clone)]
struct NotingDisk(Arc<Journal>);

#[derive(Debug)]
struct NotingFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    journal: Arc<Journal>,
}

impl NotingDisk {
    fn file(&self, file: Box<dyn DiskFile>, path: &Path) -> Box<dyn DiskFile> {
        Box::new(NotingFile {
            file,
            path: path.to_owned(),
            journal: Arc::clone(&self.0),
        })
    }
}

impl Disk for NotingDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.0.note("create_dir", path);
        RealDisk.create_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        RealDisk.resolve(path)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>> {
        RealDisk.lock_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.note("sync_dir", dir);
        RealDisk.sync_dir(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.0.note("create", path);
        Ok(self.file(RealDisk.create(path)?, path))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.file(RealDisk.open(path, writable)?, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.note("rename to", to);
        RealDisk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.note("link to", to);
        RealDisk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.note("remove", path);
        RealDisk.remove(path)
    }
}

impl DiskFile for NotingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.journal.note("write", &self.path);
        assert!(
            !self.journal.panic_on_write.load(Ordering::Relaxed),
            "as demanded"
        );
        match *self.journal.fail_write.lock() {
            Some(kind) => Err(kind.into()),
            None => self.file.write_all_at(bytes, offset),
        }
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.journal.note("truncate", &self.path);
        self.file.truncate(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.journal.note("sync", &self.path);
        if self.journal.fail_sync.load(Ordering::Relaxed) {
            return Err(io::Error::other("as demanded"));
        }
        self.file.sync()
    }
}

/// A store on a noting disk, in a directory of its own that is removed at the end.
struct Noted {
    journal: Arc<Journal>,
    dir: PathBuf,
}

impl Noted {
    fn new(name: &str) -> Self {
        let name = format!("batpak-order-{name}-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        Self {
            journal: Arc::default(),
            dir,
        }
    }

    fn open(&self, durability: Durability) -> Store {
        let disk = Arc::new(NotingDisk(Arc::clone(&self.journal)));
        let config = StoreConfig {
            disk,
            ..StoreConfig::new(self.dir.join("store"))
        };
        Store::open(config.segment_bytes(4 << 10).durability(durability)).unwrap()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn append(store: &Store) -> Result<super::AppendReceipt, StoreError> {
    let stream = Coordinate::new("a", "s").unwrap();
    store.append(&stream, EventKind::custom(0xF, 1), &"x".repeat(300))
}

const FIRST: &str = "00000000000000000001.seg";

/// What creating a segment asks for, in this order.
fn creation(segment: &str) -> Vec<String> {
    vec![
        format!("create {segment}.tmp"),
        format!("write {segment}.tmp"),
        format!("sync {segment}.tmp"),
        format!("rename to {segment}"),
        "sync_dir segments".to_owned(),
    ]
}

/// Where the first of these calls is that is `call`.
fn place(asked: &[String], call: &str) -> usize {
    let place = asked.iter().position(|asked| asked == call);
    place.unwrap_or_else(|| panic!("{call} is none of {asked:?}"))
}

#[test]
fn a_durable_commit_is_synced_and_a_written_one_is_not() {
    let noted = Noted::new("commit");
    let store = noted.open(Durability::Durable);
    noted.journal.take();
    append(&store).unwrap();
    // The header's file was opened under its temporary name.
    let (write, sync) = (format!("write {FIRST}.tmp"), format!("sync {FIRST}.tmp"));
    // The second write is of room for more, and there is room then.
    assert_eq!(
        noted.journal.take(),
        [write.clone(), write.clone(), sync.clone()]
    );
    append(&store).unwrap();
    assert_eq!(noted.journal.take(), [write, sync]);
    drop(store);
    let store = noted.open(Durability::Written);
    noted.journal.take();
    append(&store).unwrap();
    assert_eq!(noted.journal.take(), [format!("write {FIRST}")]);
    // A flush syncs the events before it writes the mark that says so, and then the mark.
    store.flush().unwrap();
    let (sync, write) = (format!("sync {FIRST}"), format!("write {FIRST}"));
    assert_eq!(noted.journal.take(), [sync.clone(), write, sync]);
}

#[test]
fn a_durable_commit_first_syncs_what_was_only_written_before_it() {
    let noted = Noted::new("backlog");
    drop(noted.open(Durability::Written));
    let store = noted.open(Durability::Written);
    append(&store).unwrap();
    noted.journal.take();
    let stream = Coordinate::new("b", "s").unwrap();
    let event = crate::NewEvent::new(&stream, EventKind::custom(0xF, 1), &1);
    let batch = crate::Batch::new()
        .event(event)
        .durability(Durability::Durable);
    store.commit(batch).unwrap();
    let (sync, write) = (format!("sync {FIRST}"), format!("write {FIRST}"));
    let room = write.clone();
    assert_eq!(noted.journal.take(), [sync.clone(), write, room, sync]);
}

#[test]
fn founding_a_store_makes_every_name_on_the_way_to_it_durable() {
    let noted = Noted::new("found");
    drop(noted.open(Durability::Durable));
    let asked = noted.journal.take();
    let at = |call: String| place(&asked, &call);
    let parent = noted.dir.file_name().unwrap().to_string_lossy();
    let create = at(format!("create {FIRST}.tmp"));
    assert!(at("create_dir segments".to_owned()) < at("sync_dir store".to_owned()));
    assert!(at("sync_dir store".to_owned()) < create);
    assert!(at(format!("sync_dir {parent}")) < create);
    assert!(asked.windows(5).any(|calls| calls == creation(FIRST)));
}

#[test]
fn a_segment_is_synced_before_the_next_is_created_and_that_before_it_is_written_to() {
    let noted = Noted::new("roll");
    let store = noted.open(Durability::Written);
    let asked = loop {
        noted.journal.take();
        append(&store).unwrap();
        let asked = noted.journal.take();
        if asked.iter().any(|call| call.starts_with("create ")) {
            break asked;
        }
    };
    let next = format!("{:020}.seg", store.position());
    let mut expected = vec![format!("sync {FIRST}.tmp")];
    expected.extend(creation(&next));
    expected.push(format!("write {next}.tmp"));
    // The footer is written whenever there is time.
    let is_footer = |call: &String| call.ends_with(FIRST);
    let asked: Vec<String> = asked.into_iter().filter(|call| !is_footer(call)).collect();
    assert_eq!(asked, expected);
}

#[test]
fn every_opening_syncs_the_names_of_the_segments_and_what_nothing_proves() {
    let noted = Noted::new("reopen");
    let store = noted.open(Durability::Durable);
    append(&store).unwrap();
    // As a crash would leave it: without the mark and the index of a clean close.
    let segment = noted.dir.join("store/segments").join(FIRST);
    let bytes = std::fs::read(&segment).unwrap();
    drop(store);
    std::fs::write(&segment, &bytes).unwrap();
    let index = noted.dir.join("store/index");
    std::fs::remove_dir_all(&index).unwrap();
    noted.journal.take();
    let store = noted.open(Durability::Durable);
    let (sync, write) = (format!("sync {FIRST}"), format!("write {FIRST}"));
    let asked = noted.journal.take();
    let names = place(&asked, "sync_dir segments");
    // The room behind the doubtful event, that event, and a mark that it is not doubtful any more.
    assert_eq!(
        asked[names + 1..],
        [
            format!("truncate {FIRST}"),
            write.clone(),
            sync.clone(),
            write.clone(),
            sync.clone()
        ]
    );
    drop(store);
    std::fs::remove_dir_all(&index).unwrap();
    noted.journal.take();
    // The mark may be in the system's memory alone, if its own sync had failed.
    let store = noted.open(Durability::Durable);
    let asked = noted.journal.take();
    assert_eq!(asked[asked.len() - 2..], [write, sync]);
    drop(store);
}

#[test]
fn after_a_failed_sync_nothing_is_asked_of_the_disk_any_more() {
    let noted = Noted::new("poison");
    let store = noted.open(Durability::Durable);
    append(&store).unwrap();
    noted.journal.fail_sync.store(true, Ordering::Relaxed);
    let error = append(&store).unwrap_err();
    assert!(
        matches!(error, StoreError::Io { action: "sync", .. }),
        "{error}"
    );
    noted.journal.fail_sync.store(false, Ordering::Relaxed);
    noted.journal.take();
    assert!(matches!(append(&store), Err(StoreError::Poisoned(_))));
    assert!(matches!(store.flush(), Err(StoreError::Poisoned(_))));
    assert_eq!(
        store.position(),
        1,
        "what was not answered for is not shown"
    );
    drop(store);
    assert!(noted.journal.take().is_empty());
    // What is there after all is made durable before it is shown.
    assert_eq!(noted.open(Durability::Durable).position(), 2);
}

#[test]
fn a_disk_without_room_for_a_mark_is_no_failure_and_any_other_failed_write_is() {
    let noted = Noted::new("full");
    let store = noted.open(Durability::Durable);
    append(&store).unwrap();
    *noted.journal.fail_write.lock() = Some(io::ErrorKind::StorageFull);
    store.flush().unwrap();
    *noted.journal.fail_write.lock() = None;
    append(&store).unwrap();
    *noted.journal.fail_write.lock() = Some(io::ErrorKind::PermissionDenied);
    assert!(matches!(store.flush(), Err(StoreError::Io { .. })));
    *noted.journal.fail_write.lock() = None;
    assert!(matches!(append(&store), Err(StoreError::Poisoned(_))));
    drop(store);
    assert_eq!(noted.open(Durability::Durable).position(), 2);
}

#[test]
fn a_panic_while_writing_poisons_the_store() {
    let noted = Noted::new("panic");
    let store = noted.open(Durability::Durable);
    noted.journal.panic_on_write.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| append(&store))).is_err());
    noted.journal.panic_on_write.store(false, Ordering::Relaxed);
    assert!(matches!(append(&store), Err(StoreError::Poisoned(_))));
    assert_eq!(store.position(), 0);
    drop(store);
    append(&noted.open(Durability::Durable)).unwrap();
}

#[test]
fn readers_are_told_of_a_durable_commit_behind_its_sync_and_what_they_are_told_by_is_never_synced()
{
    let noted = Noted::new("tail");
    let store = noted.open(Durability::Durable);
    noted.journal.take();
    append(&store).unwrap();
    let (write, sync) = (format!("write {FIRST}.tmp"), format!("sync {FIRST}.tmp"));
    let told = "write TAIL".to_owned();
    let room = write.clone();
    assert_eq!(noted.journal.take_all(), [write, room, sync, told.clone()]);
    drop(store);
    let is_about_it = |call: &String| call.ends_with(" TAIL");
    assert!(!noted.journal.take_all().iter().any(is_about_it));
    drop(noted.open(Durability::Durable));
    let asked = noted.journal.take_all();
    let asked: Vec<String> = asked.into_iter().filter(is_about_it).collect();
    assert_eq!(asked, ["truncate TAIL".to_owned(), told]);
}

#[test]
fn a_record_for_readers_that_cannot_be_written_is_no_failure() {
    let noted = Noted::new("untold");
    let path = noted.dir.join("store/TAIL");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::create_dir(noted.dir.join("store/segments")).unwrap();
    let store = noted.open(Durability::Durable);
    append(&store).unwrap();
    append(&store).unwrap();
    drop(store);
    assert!(path.is_dir());
    assert_eq!(noted.open(Durability::Durable).position(), 2);
}

#[test]
fn a_backup_is_durable_before_it_has_the_name_of_a_store() {
    let noted = Noted::new("backup");
    let store = noted.open(Durability::Durable);
    while store.shared.segments.newest() == 1 {
        append(&store).unwrap();
    }
    let newest = format!("{:020}.seg", store.shared.segments.newest());
    store.close().unwrap();
    let store = noted.open(Durability::Durable);
    noted.journal.take();
    store.backup(noted.dir.join("backup")).unwrap();
    let asked = noted.journal.take();
    let linked = place(&asked, &format!("link to {FIRST}"));
    let rest = [
        format!("sync {FIRST}"),
        format!("create {newest}"),
        format!("write {newest}"),
        format!("write {newest}"),
        format!("sync {newest}"),
        "create BACKUP".to_owned(),
        "write BACKUP".to_owned(),
        "sync BACKUP".to_owned(),
        "sync_dir segments.partial".to_owned(),
        "rename to segments".to_owned(),
        "sync_dir backup".to_owned(),
    ];
    assert_eq!(asked[linked + 1..], rest);
    assert!(asked.contains(&"sync_dir backup".to_owned()));
}

#[test]
fn a_part_of_the_index_has_its_name_for_good_before_those_that_it_is_made_of_are_removed() {
    let noted = Noted::new("parts");
    let part = |first, last| format!("{first:020}-{last:020}.idx");
    let named = |asked: &[String], part: &str| {
        let named = place(asked, &format!("rename to {part}"));
        assert_eq!(asked[named - 1], format!("sync {part}.tmp"));
        assert_eq!(asked[named + 1], "sync_dir index");
        named
    };
    for last in 1..=8 {
        let store = noted.open(Durability::Durable);
        append(&store).unwrap();
        noted.journal.take();
        store.close().unwrap();
        let asked = noted.journal.take();
        named(&asked, &part(last, last));
        if last == 8 {
            let removed = format!("remove {}", part(1, 1));
            assert!(named(&asked, &part(1, 8)) < place(&asked, &removed));
        }
    }
}

#[test]
fn the_first_footer_that_an_opening_writes_comes_behind_the_one_before_it_written_again_and_synced()
{
    let noted = Noted::new("footers");
    let fill = |store: &Store| {
        let begun = store.shared.segments.newest();
        while store.shared.segments.newest() == begun {
            append(store).unwrap();
        }
        format!("{:020}.seg", store.shared.segments.newest())
    };
    let store = noted.open(Durability::Durable);
    let second = fill(&store);
    store.close().unwrap();
    let store = noted.open(Durability::Durable);
    noted.journal.take();
    let third = fill(&store);
    store.close().unwrap();
    let mut asked = noted.journal.take();
    // What is asked of the second from here on is about its footer.
    asked.drain(..place(&asked, &format!("create {third}.tmp")));
    let footer = place(&asked, &format!("write {second}"));
    let synced = place(&asked[..footer], &format!("sync {FIRST}"));
    assert!(place(&asked, &format!("write {FIRST}")) < synced);
}
