//! Directories and files that the process may not write to, or not read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::support::{announce, contents, files};

/// Not a test by itself: what the tests below run as somebody whom permissions concern.
#[test]
fn child_opens() {
    let Some(path) = given() else { return };
    let config = StoreConfig::new(path).segment_bytes(4 << 10);
    let opened = match std::env::var("BATPAK_TEST_HOW").as_deref() {
        Ok("reading") => Store::open_read_only(config).map(|store| contents(&store).len()),
        _ => Store::open(config).and_then(|store| {
            for n in 0..100 {
                store.append(&coordinate("a", "s"), KIND, &n)?;
            }
            Ok(store.position() as usize)
        }),
    };
    match opened {
        Ok(position) => println!("outcome: {position} events"),
        Err(error) => println!("outcome: {error}"),
    }
}

/// Runs the child as another user than the one who may do everything; `None` if that cannot be done.
fn as_nobody(how: &str, path: &Path) -> Option<String> {
    let program = std::env::current_exe().unwrap();
    let is_root = files_of_this_process_are_roots();
    let command = |program: &Path| match is_root {
        false => Command::new(program),
        true => {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(program);
            command
        }
    };
    let listed = command(&program).arg("--list").output();
    if !listed.is_ok_and(|listed| listed.status.success()) {
        return None;
    }
    let output = command(&program)
        .args([
            "--exact",
            "process::permissions::child_opens",
            "--nocapture",
        ])
        .env("BATPAK_TEST_DIR", path)
        .env("BATPAK_TEST_HOW", how)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text.lines()
        .find_map(|line| Some(line.split("outcome: ").nth(1)?.to_owned()))
}

fn files_of_this_process_are_roots() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A closed store of several segments, whose files everybody may read and write.
struct Shared {
    dir: Dir,
    contents: Vec<String>,
}

impl Shared {
    fn new() -> Self {
        let dir = Dir::new();
        let store = dir.open();
        fill(&store, 40);
        let contents = contents(&store);
        store.close().unwrap();
        let shared = Self { dir, contents };
        shared.set(0o777, 0o666);
        shared
    }

    /// Gives all directories and all files these permissions.
    fn set(&self, dirs: u32, files: u32) {
        // What is above the store.
        mode(self.dir.outside(), 0o755);
        let inner = ["", "segments", "index"].map(|name| self.dir.path().join(name));
        inner.iter().for_each(|dir| mode(dir, dirs));
        for name in crate::support::files(&self.dir.path()).into_keys() {
            mode(&self.dir.path().join(name), files);
        }
    }

    /// That a writer is refused, with this path, and changes nothing.
    fn assert_refused(&self, path: &Path) {
        let before = files(&self.dir.path());
        let outcome = as_nobody("writing", &self.dir.path()).unwrap();
        assert!(outcome.contains(path.to_str().unwrap()), "{outcome}");
        assert!(files(&self.dir.path()) == before, "{outcome}");
    }

    fn assert_readable(&self) {
        let outcome = as_nobody("reading", &self.dir.path()).unwrap();
        assert_eq!(outcome, format!("{} events", self.contents.len()));
    }

    fn newest(&self) -> PathBuf {
        self.dir.segments().pop().unwrap()
    }

    fn part(&self) -> PathBuf {
        let mut parts = fs::read_dir(self.dir.path().join("index")).unwrap();
        parts.next().unwrap().unwrap().path()
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Whether there is anybody to try permissions with.
fn is_possible() -> bool {
    let shared = Shared::new();
    let is_possible = as_nobody("reading", &shared.dir.path()).is_some();
    if !is_possible {
        announce("left out: permissions, for this process may not become another user's");
    }
    is_possible
}

#[test]
fn a_store_that_may_not_be_written_is_refused_with_the_path_and_can_be_read() {
    if !is_possible() {
        return;
    }
    let shared = Shared::new();
    shared.set(0o755, 0o444);
    shared.assert_refused(&shared.newest());
    shared.assert_readable();
    // The files may be written, and nothing may be created.
    shared.set(0o755, 0o666);
    let outcome = as_nobody("writing", &shared.dir.path()).unwrap();
    let segments = shared.dir.path().join("segments");
    assert!(
        outcome.contains(segments.to_str().unwrap()) && outcome.contains("create"),
        "{outcome}"
    );
    shared.assert_readable_from(120);
    // What could be appended was.
    let store = shared.dir.open();
    assert!(store.position() >= 120);
    assert_eq!(contents(&store)[..120], shared.contents);
    store.verify().unwrap();
}

impl Shared {
    /// That a reader sees this many events at least.
    fn assert_readable_from(&self, events: usize) {
        let outcome = as_nobody("reading", &self.dir.path()).unwrap();
        let seen = outcome
            .strip_suffix(" events")
            .and_then(|seen| seen.parse::<usize>().ok());
        assert!(seen >= Some(events), "{outcome}");
    }
}

#[test]
fn files_that_may_not_be_read_are_named() {
    if !is_possible() {
        return;
    }
    let shared = Shared::new();
    for path in [
        shared.newest(),
        shared.part(),
        shared.dir.path().join("segments"),
    ] {
        shared.set(0o777, 0o666);
        mode(&path, 0o000);
        shared.assert_refused(&path);
        let outcome = as_nobody("reading", &shared.dir.path()).unwrap();
        assert!(outcome.contains(path.to_str().unwrap()), "{outcome}");
    }
    // What a reader can do without.
    shared.set(0o777, 0o666);
    mode(&shared.dir.path().join("TAIL"), 0o000);
    shared.assert_readable();
}

#[test]
fn an_index_and_a_record_that_may_not_be_written_hinder_no_append() {
    if !is_possible() {
        return;
    }
    let shared = Shared::new();
    mode(&shared.dir.path().join("index"), 0o555);
    mode(&shared.dir.path().join("TAIL"), 0o444);
    let outcome = as_nobody("writing", &shared.dir.path()).unwrap();
    assert_eq!(outcome, "220 events");
    shared.set(0o777, 0o666);
    let store = shared.dir.open();
    assert_eq!(store.verify().unwrap().events, 220);
}

#[test]
fn a_place_where_nothing_may_be_created_is_named_and_stays_as_it_is() {
    if !is_possible() {
        return;
    }
    let dir = Dir::new();
    mode(dir.outside(), 0o755);
    let outcome = as_nobody("writing", &dir.path()).unwrap();
    assert!(outcome.contains(dir.path().to_str().unwrap()), "{outcome}");
    assert!(!dir.path().exists());
    fs::create_dir(dir.path()).unwrap();
    mode(&dir.path(), 0o755);
    let outcome = as_nobody("writing", &dir.path()).unwrap();
    assert!(outcome.contains(dir.path().to_str().unwrap()), "{outcome}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    // Once it may be, it is founded as if nothing had been tried.
    mode(&dir.path(), 0o777);
    let outcome = as_nobody("writing", &dir.path()).unwrap();
    assert_eq!(outcome, "100 events");
}

#[test]
fn on_a_file_system_that_is_read_only_a_store_can_be_read_and_is_not_opened_for_writing() {
    let shared = Shared::new();
    for name in ["", "index"] {
        // With its index and without.
        if !name.is_empty() {
            shared.dir.forget_index();
        }
        for (how, expected) in [
            ("reading", "120 events"),
            ("writing", shared.dir.path().to_str().unwrap()),
        ] {
            let before = files(&shared.dir.path());
            let script = "mount --bind \"$BATPAK_TEST_DIR\" \"$BATPAK_TEST_DIR\" && \
                          mount -o remount,bind,ro \"$BATPAK_TEST_DIR\" || exit 77; \
                          exec \"$0\" --exact process::permissions::child_opens --nocapture";
            let output = Command::new("unshare")
                .args(["--mount", "sh", "-c", script])
                .arg(std::env::current_exe().unwrap())
                .env("BATPAK_TEST_DIR", shared.dir.path())
                .env("BATPAK_TEST_HOW", how)
                .output();
            let Some(output) = output.ok().filter(|output| output.status.success()) else {
                announce(
                    "left out: a file system that is read-only, for this process may not mount one",
                );
                return;
            };
            let text = String::from_utf8_lossy(&output.stdout);
            let outcome = text
                .lines()
                .find_map(|line| line.split("outcome: ").nth(1))
                .unwrap();
            assert!(outcome.contains(expected), "{outcome}");
            if how == "writing" {
                assert!(outcome.contains("Read-only"), "{outcome}");
            }
            assert!(files(&shared.dir.path()) == before);
        }
    }
}
