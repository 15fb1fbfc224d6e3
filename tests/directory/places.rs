//! Names of the store's own files that something else than a file has.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::support::files;

/// What may be in the place of a file.
#[derive(Debug, Clone, Copy)]
enum Thing {
    /// A symbolic link to the file, which lies elsewhere.
    Link,
    /// A symbolic link to nothing.
    BrokenLink,
    Directory,
    /// A named pipe, which who opens it waits for.
    Pipe,
}

const THINGS: [Thing; 4] = [
    Thing::Link,
    Thing::BrokenLink,
    Thing::Directory,
    Thing::Pipe,
];

/// A closed store, one of whose files lies elsewhere, and something else is in its place.
struct Displaced {
    dir: Dir,
    /// Where the file lies now, and its bytes.
    away: PathBuf,
    bytes: Vec<u8>,
    contents: Vec<String>,
}

impl Displaced {
    fn new(of: impl Fn(&Dir) -> PathBuf, thing: Thing) -> (Self, PathBuf) {
        let dir = Dir::new();
        let store = dir.open();
        fill(&store, 40);
        let contents = contents(&store);
        store.close().unwrap();
        let (path, away) = (of(&dir), dir.outside().join("away"));
        // What is not there is some leftover of a crash.
        let bytes = fs::read(&path).unwrap_or_default();
        fs::write(&away, &bytes).unwrap();
        let _ = fs::remove_file(&path);
        match thing {
            Thing::Link => symlink(&away, &path).unwrap(),
            Thing::BrokenLink => symlink(dir.outside().join("nowhere"), &path).unwrap(),
            Thing::Directory => fs::create_dir(&path).unwrap(),
            Thing::Pipe => assert!(
                Command::new("mkfifo")
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            ),
        }
        let displaced = Self {
            dir,
            away,
            bytes,
            contents,
        };
        (displaced, path)
    }

    /// What comes of opening, which ends.
    fn open(&self, is_writer: bool) -> Result<Store, StoreError> {
        let (config, (done, opened)) = (self.dir.config(), mpsc::channel());
        std::thread::spawn(move || {
            let opened = match is_writer {
                true => Store::open(config),
                false => Store::open_read_only(config),
            };
            let _ = done.send(opened);
        });
        opened
            .recv_timeout(Duration::from_secs(20))
            .expect("opening ends")
    }

    /// That opening is refused with the path, and changes nothing.
    fn assert_refused(&self, is_writer: bool, path: &Path) {
        let names = names(&self.dir.path());
        match self.open(is_writer) {
            Err(StoreError::Io { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{}: {other:?}", path.display()),
        }
        assert_eq!(names, self::names(&self.dir.path()));
        self.assert_untouched();
    }

    fn assert_untouched(&self) {
        assert!(
            fs::read(&self.away).unwrap() == self.bytes,
            "what lies elsewhere is not touched"
        );
    }
}

/// The names below a directory, whatever they are names of.
fn names(dir: &Path) -> Vec<PathBuf> {
    let inner = ["", "segments", "index"].map(|name| dir.join(name));
    let entries = inner.iter().flat_map(|dir| fs::read_dir(dir).unwrap());
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

#[test]
fn something_else_in_the_place_of_a_segment_or_a_part_is_refused_with_its_path() {
    let first: fn(&Dir) -> PathBuf = |dir| dir.segments().remove(0);
    let newest: fn(&Dir) -> PathBuf = |dir| dir.segments().pop().unwrap();
    let part: fn(&Dir) -> PathBuf = |dir| {
        let mut parts = fs::read_dir(dir.path().join("index")).unwrap();
        parts.next().unwrap().unwrap().path()
    };
    let leftover: fn(&Dir) -> PathBuf =
        |dir| dir.path().join("segments/00000000000000000121.seg.tmp");
    for thing in THINGS {
        for of in [first, newest, part] {
            let (displaced, path) = Displaced::new(of, thing);
            displaced.assert_refused(true, &path);
            displaced.assert_refused(false, &path);
        }
        let (displaced, path) = Displaced::new(leftover, thing);
        displaced.assert_refused(true, &path);
    }
}

#[test]
fn something_else_in_the_place_of_the_record_is_not_written_to_and_hinders_nobody() {
    for thing in THINGS {
        let (displaced, _) = Displaced::new(|dir| dir.path().join("TAIL"), thing);
        for is_writer in [false, true, false] {
            let store = displaced.open(is_writer).unwrap();
            assert_eq!(contents(&store), displaced.contents, "{thing:?}");
            displaced.assert_untouched();
        }
        let store = displaced.open(true).unwrap();
        fill(&store, 1);
        drop(store);
        displaced.assert_untouched();
        assert_eq!(displaced.open(false).unwrap().position(), 123);
    }
}

#[test]
fn a_link_in_the_place_of_the_segments_is_refused_for_two_stores_might_share_them() {
    let (dir, other) = (Dir::new(), Dir::new());
    fill(&dir.open(), 3);
    fs::create_dir(other.path()).unwrap();
    symlink(dir.path().join("segments"), other.path().join("segments")).unwrap();
    let _open = dir.open();
    let before = files(&dir.path());
    for open in [Store::open, Store::open_read_only] {
        let error = open(other.config()).unwrap_err();
        assert!(
            matches!(&error, StoreError::Foreign { path, .. } if *path == other.path()),
            "{error}"
        );
    }
    assert!(files(&dir.path()) == before);
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
}
