//! The files of a store at one moment, and what a store may say that is opened on a damaged copy of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use batpak::prelude::*;
use batpak::testing::{Clock, MemoryDisk};

use crate::support::{KIND, bodies, coordinate};

pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A change to some files: their bytes then, or that they are gone.
pub struct Damage {
    what: String,
    changes: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Damage {
    pub fn none() -> Self {
        Self {
            what: "nothing".to_owned(),
            changes: Vec::new(),
        }
    }

    /// One file that has these bytes, or is gone.
    pub fn of(path: &Path, what: impl fmt::Display, bytes: Option<Vec<u8>>) -> Self {
        Self {
            what: format!("{}: {what}", path.display()),
            changes: vec![(path.to_owned(), bytes)],
        }
    }

    /// The same with another file changed.
    pub fn and(mut self, path: &Path, bytes: Vec<u8>) -> Self {
        self.changes.push((path.to_owned(), Some(bytes)));
        self
    }
}

/// What came of a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All is as it was.
    Same,
    /// Opening is refused, with the place.
    Refused,
    /// A question is refused, with the place.
    Found,
    /// The end that nothing proves is gone, and opening says so.
    Cut,
    /// The end is gone as if it had never been there: the file ends between batches.
    Shorter,
}

/// A frame of the newest segment.
#[derive(Debug)]
struct Frame {
    place: Range<usize>,
    /// Every position up to this one was durable when it was written, and the frame says so.
    proves: u64,
    /// The position of its event, if that is the last of its batch.
    commits: Option<u64>,
}

/// The files of a store.
pub struct Image {
    pub name: &'static str,
    pub files: Files,
    events: Vec<StoredEvent>,
    newest: PathBuf,
    frames: Vec<Frame>,
    /// Up to where the index, or the existence of the newest segment, proves the log to be durable.
    proven: u64,
}

/// A store of ten events in three segments, written by two openings: the large third batch has a segment to itself.
pub struct Run {
    /// After the first opening was closed.
    pub opened: Image,
    /// As a process leaves it that is killed during the second one, right after a durable commit.
    pub crashed: Image,
    /// After the second one was closed.
    pub closed: Image,
}

/// The event with this number. Most are of one length.
fn event(stream: &str, n: u64) -> NewEvent {
    NewEvent::new(&coordinate(stream, "s"), KIND, &n)
}

impl Run {
    /// Stores of one seed are the same to the byte.
    pub fn new(seed: u64) -> Self {
        let (disk, clock) = (MemoryDisk::new(), Clock::at_us(1_700_000_000_000_000));
        let open =
            |opening| Store::open(config(&disk).scripted(&clock, 2 * seed + opening)).unwrap();
        let store = open(0);
        let commit = |store: &Store, batch: Batch| store.commit(batch).unwrap();
        let batch = Batch::new().event(event("a", 1)).event(event("b", 2));
        let first = commit(&store, batch.event(event("a", 3)))[0].event_id;
        let large = NewEvent::new(&coordinate("c", "t"), KIND, &"large".repeat(720));
        commit(&store, Batch::new().event(large));
        commit(
            &store,
            Batch::new().event(event("a", 5)).event(event("b", 6)),
        );
        store.close().unwrap();
        let opened = Image::new("closed once", &disk, 6);
        let store = open(1);
        let rich = event("b", 7)
            .cause(first)
            .correlation(first)
            .tag("n:7".parse().unwrap())
            .metadata("why", "a test");
        commit(&store, Batch::new().event(rich).event(event("a", 8)));
        commit(
            &store,
            Batch::new().event(event("b", 9)).event(event("a", 10)),
        );
        let crashed = Image::new("killed", &disk, 6);
        store.close().unwrap();
        let closed = Image::new("closed", &disk, 10);
        assert_eq!((crashed.last(), closed.last()), (10, 10));
        Self {
            opened,
            crashed,
            closed,
        }
    }
}

fn config(disk: &MemoryDisk) -> StoreConfig {
    disk.config().segment_bytes(4 << 10).cache_bytes(64 << 10)
}

impl Image {
    /// The disk as it is now, whose index covers the events up to the position `indexed`.
    fn new(name: &'static str, disk: &MemoryDisk, indexed: u64) -> Self {
        let files = disk.files();
        let store = MemoryDisk::with_files(files.clone()).open().unwrap();
        let events: Vec<_> = store.query(&Region::all()).map(Result::unwrap).collect();
        drop(store);
        let newest = files.keys().rfind(|path| is_segment(path));
        let newest = newest.unwrap().clone();
        let frames = frames_of(&newest, &files[&newest]);
        assert_eq!(
            frames.iter().filter_map(|frame| frame.commits).max(),
            Some(events.len() as u64)
        );
        Self {
            name,
            files,
            events,
            proven: indexed.max(first_of(&newest) - 1),
            newest,
            frames,
        }
    }

    /// The same without its index.
    pub fn without_index(&self) -> Self {
        let is_kept = |path: &&PathBuf| !path.starts_with("/store/index");
        let kept = self.files.keys().filter(is_kept);
        Self {
            name: match self.name {
                "killed" => "killed, and lost its index",
                _ => "closed, and lost its index",
            },
            files: kept
                .map(|path| (path.clone(), self.files[path].clone()))
                .collect(),
            events: self.events.clone(),
            newest: self.newest.clone(),
            frames: frames_of(&self.newest, &self.files[&self.newest]),
            proven: first_of(&self.newest) - 1,
        }
    }

    /// The position of the newest event.
    pub fn last(&self) -> u64 {
        self.events.len() as u64
    }

    pub fn segments(&self) -> impl Iterator<Item = (&PathBuf, &Vec<u8>)> {
        self.files.iter().filter(|(path, _)| is_segment(path))
    }

    pub fn newest(&self) -> (&PathBuf, &Vec<u8>) {
        (&self.newest, &self.files[&self.newest])
    }

    /// What is not in the log.
    pub fn derived(&self) -> impl Iterator<Item = (&PathBuf, &Vec<u8>)> {
        self.files.iter().filter(|(path, _)| !is_segment(path))
    }

    fn damaged(&self, damage: &Damage) -> Files {
        let mut files = self.files.clone();
        for (path, bytes) in &damage.changes {
            match bytes {
                Some(bytes) => files.insert(path.clone(), bytes.clone()),
                None => files.remove(path),
            };
        }
        files
    }

    /// Up to where events must be there if such files are opened at all: what is proven by any frame that is still at
    /// its place, and by the index. To a writer, who looks at the log and not at the record of how far readers may
    /// go, all batches count besides that nothing has touched.
    fn floor(&self, files: &Files, is_writer: bool) -> u64 {
        let bytes = files.get(&self.newest).map_or(&[][..], Vec::as_slice);
        let whole = &self.files[&self.newest];
        let is_whole =
            |frame: &&Frame| bytes.get(frame.place.clone()) == Some(&whole[frame.place.clone()]);
        let proven = self
            .frames
            .iter()
            .filter(is_whole)
            .map(|frame| frame.proves);
        let prefix = self.frames.iter().take_while(is_whole);
        let prefix = prefix.filter_map(|frame| frame.commits).last();
        let prefix = prefix.filter(|_| is_writer).unwrap_or(0);
        self.proven.max(prefix).max(proven.max().unwrap_or(0))
    }

    /// What a writer makes of a damage.
    pub fn open(&self, damage: &Damage) -> Outcome {
        let files = self.damaged(damage);
        let disk = MemoryDisk::with_files(files.clone());
        let store = match Store::open(config(&disk)) {
            Ok(store) => store,
            Err(error) => return self.refused(damage, &error, (&disk, &files)),
        };
        let position = store.position();
        let cut = store.recovery().cut.clone();
        assert!(
            position >= self.floor(&files, true),
            "{}: {position}",
            damage.what
        );
        let mut outcome = self.compare(damage, &store, position);
        if position < self.last() {
            outcome = match &cut {
                Some(_) => Outcome::Cut,
                None => Outcome::Shorter,
            };
            assert!(
                cut.is_some() || self.ends_at(&files, position),
                "{}",
                damage.what
            );
        }
        store
            .close()
            .unwrap_or_else(|error| panic!("{}: {error}", damage.what));
        self.check_again(damage, (&disk, position, outcome));
        outcome
    }

    /// A store that was opened and closed has the same events ever after, and its index is mended.
    fn check_again(&self, damage: &Damage, (disk, position, outcome): (&MemoryDisk, u64, Outcome)) {
        let is_log_whole = damage.changes.iter().all(|(path, _)| !is_segment(path));
        if outcome != Outcome::Cut && !is_log_whole {
            return;
        }
        let store =
            Store::open(config(disk)).unwrap_or_else(|error| panic!("{}: {error}", damage.what));
        assert_eq!(
            (store.position(), store.recovery().cut.is_none()),
            (position, true),
            "{}",
            damage.what
        );
        let again = self.compare(damage, &store, position);
        assert!(again == Outcome::Same || !is_log_whole, "{}", damage.what);
        if outcome == Outcome::Cut && again == Outcome::Same {
            let receipt = store.append(&coordinate("a", "s"), KIND, &1).unwrap();
            assert_eq!(receipt.sequence, position + 1, "{}", damage.what);
            assert_eq!(
                store.verify().unwrap().events,
                position + 1,
                "{}",
                damage.what
            );
        }
    }

    /// What a reader makes of a damage. It changes nothing.
    pub fn read(&self, damage: &Damage) -> Outcome {
        let files = self.damaged(damage);
        let disk = MemoryDisk::with_files(files.clone());
        let outcome = match Store::open_read_only(config(&disk)) {
            Ok(store) => {
                let position = store.position();
                assert!(
                    position >= self.floor(&files, false),
                    "{} {}: {position}",
                    self.name,
                    damage.what
                );
                match self.compare(damage, &store, position) {
                    Outcome::Same if position < self.last() => Outcome::Shorter,
                    outcome => outcome,
                }
            }
            Err(error) => self.refused(damage, &error, (&disk, &files)),
        };
        assert!(
            disk.files() == files,
            "{}: reading changes nothing",
            damage.what
        );
        outcome
    }

    fn refused(
        &self,
        damage: &Damage,
        error: &StoreError,
        (disk, files): (&MemoryDisk, &Files),
    ) -> Outcome {
        self.assert_names_place(damage, error);
        assert!(
            disk.files() == *files,
            "{}: a refusal changes nothing: {error}",
            damage.what
        );
        Outcome::Refused
    }

    /// Whether the newest segment ends behind the batch of this position, as if nothing had followed.
    fn ends_at(&self, files: &Files, position: u64) -> bool {
        let ends = self
            .frames
            .iter()
            .filter(|frame| frame.commits == Some(position));
        let len = files.get(&self.newest).map_or(0, Vec::len);
        let start = first_of(&self.newest) == position + 1 && len == 80;
        let mut ends = ends.map(|frame| frame.place.end);
        start
            || ends.any(|end| {
                // Marks may follow.
                self.frames.iter().any(|frame| frame.place.end == len) && len >= end
            })
    }

    /// That the error tells where: the file that is damaged, unless it is one that is not where it should be.
    fn assert_names_place(&self, damage: &Damage, error: &StoreError) {
        let path = match error {
            StoreError::Corrupt { path, .. }
            | StoreError::DamagedIndex { path, .. }
            | StoreError::NewerFormat { path, .. }
            | StoreError::Foreign { path, .. } => path,
            other => panic!("{}: {other}", damage.what),
        };
        let is_it = match damage.changes.as_slice() {
            [(changed, Some(_))] if self.files.contains_key(changed) => path == changed,
            _ => path.starts_with("/store"),
        };
        assert!(is_it, "{}: {error}", damage.what);
    }

    /// Asks everything: each answer is as it was, or an error that names the place.
    fn compare(&self, damage: &Damage, store: &Store, position: u64) -> Outcome {
        let mut outcome = Outcome::Same;
        let mut fail = |error: &StoreError| {
            self.assert_names_place(damage, error);
            outcome = Outcome::Found;
        };
        assert!(position <= self.last(), "{}: {position}", damage.what);
        for (expected, at) in self.events.iter().zip(1..=position) {
            let found = [store.get_at(at), store.get(expected.header.event_id)];
            for found in found {
                match found {
                    Ok(Some(found)) => {
                        assert!(is_same(&found, expected), "{}: {found:?}", damage.what)
                    }
                    Ok(None) => panic!("{}: no event at {at}", damage.what),
                    Err(error) => fail(&error),
                }
            }
        }
        for (region, expected) in self.questions() {
            let expected: Vec<_> = expected.into_iter().filter(|at| *at <= position).collect();
            let mut found = Vec::new();
            let asked = store.query(&region).for_each_raw(|event| {
                found.push(event.meta.header.sequence);
                Ok::<_, StoreError>(())
            });
            assert!(
                expected.starts_with(&found),
                "{}: {region:?} {found:?}",
                damage.what
            );
            match asked {
                Ok(()) => assert_eq!(found, expected, "{}: {region:?}", damage.what),
                Err(error) => fail(&error),
            }
        }
        for stream in ["a", "b"] {
            let events = self.events.iter().take(position as usize);
            let expected = events
                .filter(|event| event.coordinate.entity() == stream)
                .count() as u64;
            match store.revision(&coordinate(stream, "s")) {
                Ok(revision) => assert_eq!(revision, expected, "{}", damage.what),
                Err(error) => fail(&error),
            }
        }
        outcome
    }

    /// Questions of several sorts, with the positions that answer them.
    fn questions(&self) -> [(Region, Vec<u64>); 5] {
        let a = Region::stream(&coordinate("a", "s"));
        [
            (Region::all(), (1..=self.last()).collect()),
            (a, vec![1, 3, 5, 8, 10]),
            (Region::all().scope("t"), vec![4]),
            (Region::all().tag("n:7".parse().unwrap()), vec![7]),
            (
                Region::all().kinds([KIND]).positions(2..6),
                vec![2, 3, 4, 5],
            ),
        ]
    }
}

fn is_same(found: &StoredEvent, expected: &StoredEvent) -> bool {
    let why = |event: &StoredEvent| event.metadata::<String>("why").unwrap();
    found.header == expected.header
        && found.coordinate == expected.coordinate
        && found.causes == expected.causes
        && found.tags == expected.tags
        && found.payload_bytes() == expected.payload_bytes()
        && why(found) == why(expected)
}

pub fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

/// The position of the first event of a segment, which its name tells.
fn first_of(segment: &Path) -> u64 {
    segment
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// The frames of the newest segment and what they prove, by the description in FORMAT.md. Each batch here was durable
/// before the next was written.
fn frames_of(path: &Path, bytes: &[u8]) -> Vec<Frame> {
    let (mut position, mut committed) = (first_of(path) - 1, first_of(path) - 1);
    let frames = bodies(bytes).into_iter().map(|(at, len)| {
        let (place, is_mark) = (at - 12..at + len, bytes[at] == 0x91);
        if is_mark {
            return Frame {
                place,
                proves: committed,
                commits: None,
            };
        }
        position += 1;
        let proves = committed;
        let is_last = bytes[at + 3] == 1;
        if is_last {
            committed = position;
        }
        Frame {
            place,
            proves,
            commits: is_last.then_some(position),
        }
    });
    frames.collect()
}
