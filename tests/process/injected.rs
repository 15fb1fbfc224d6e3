//! Errors of the system where they seldom come: strace answers a call in the system's place.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::*;
use crate::support::{announce, contents, files};

const COMMITS: &str = "child_commits_until_something_fails";
const READS: &str = "child_reads_until_something_fails";

/// Not a test by itself: opens a store and commits, until something fails. Each event says its number.
#[test]
fn child_commits_until_something_fails() {
    let Some(path) = given() else { return };
    let config = StoreConfig::new(path).segment_bytes(4 << 10);
    let store = match Store::open(config) {
        Ok(store) => store,
        Err(error) => return println!("failed: {error}"),
    };
    let stream = coordinate("a", "s");
    for round in 0..30 {
        let mut batch = Batch::new();
        let before = store.position();
        batch.extend((1..=3).map(|n| number(&stream, before + n)));
        let durability = [Durability::Durable, Durability::Written][round % 2];
        match store.commit(batch.durability(durability)) {
            Ok(receipts) => println!("acknowledged {}", receipts[2].sequence),
            Err(error) => {
                println!("failed: {error}");
                assert!(matches!(store.flush(), Err(StoreError::Poisoned(_))));
                return;
            }
        }
    }
    match store.close() {
        Ok(()) => println!("closed"),
        Err(error) => println!("failed: {error}"),
    }
}

/// Not a test by itself: opens a store and reads it.
#[test]
fn child_reads_until_something_fails() {
    let Some(path) = given() else { return };
    let config = StoreConfig::new(path).segment_bytes(4 << 10);
    let read = |store: Store| {
        let mut seen = 0;
        for event in store.query(&Region::all()) {
            let event = event?;
            seen += 1;
            assert_eq!(event.payload::<u64>()?, seen);
        }
        Ok::<_, StoreError>(seen)
    };
    match Store::open_read_only(config).and_then(read) {
        Ok(seen) => println!("acknowledged {seen}"),
        Err(error) => println!("failed: {error}"),
    }
}

/// Runs a child, some calls of which are answered by strace; calls about these files alone, if there are any.
fn under_strace(
    injection: &str,
    files: &[PathBuf],
    child: &str,
    path: &Path,
) -> std::io::Result<Output> {
    let calls = injection.split(':').next().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null"]);
    for file in files {
        strace.arg("-P").arg(file);
    }
    strace
        .args(["-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={injection}")])
        .arg(std::env::current_exe()?)
        .args(["--exact", &format!("process::injected::{child}")])
        .arg("--nocapture")
        .env("BATPAK_TEST_DIR", path)
        .output()
}

/// Whether strace is there, may look at other processes, and can answer for the system.
fn is_possible() -> bool {
    let tried = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=fdatasync:error=EIO:when=1",
            "true",
        ])
        .output();
    let is_possible = tried.is_ok_and(|tried| tried.status.success());
    if !is_possible {
        announce("left out: errors injected by strace, which is not there or may not trace");
    }
    is_possible
}

/// The text of a child that has ended as it should.
fn text(output: &Output, what: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {text}\n{errors}");
    text
}

/// That a store has a prefix of whole batches, with the numbers in order.
fn assert_prefix(store: &Store, what: &str) {
    assert!(
        store.position().is_multiple_of(3),
        "{what}: a batch is whole"
    );
    let numbers = store
        .query(&Region::all())
        .map(|event| event.unwrap().payload::<u64>().unwrap());
    assert!(numbers.eq(1..=store.position()), "{what}");
    assert_eq!(store.verify().unwrap().events, store.position(), "{what}");
}

#[test]
fn whatever_call_fails_what_was_acknowledged_is_there_and_the_error_names_the_place() {
    if !is_possible() {
        return;
    }
    // The calls, how they fail, and up to which one. Each thread has its own count.
    let calls = [
        ("fdatasync", "error=EIO", 12),
        ("fdatasync", "error=ENOSPC", 3),
        ("fsync", "error=EIO", 6),
        ("pwrite64", "error=EIO", 12),
        ("pwrite64", "error=ENOSPC", 12),
        ("pwrite64", "retval=0", 6),
        ("ftruncate", "error=EIO", 3),
        ("rename,renameat,renameat2", "error=EIO", 4),
        ("unlink,unlinkat", "error=EIO", 2),
    ];
    let (mut runs, mut failed) = (0, 0);
    for (call, how, until) in calls {
        for when in 1..=until {
            let dir = Dir::new();
            let what = format!("{call}:{how}:when={when}");
            let output = under_strace(&what, &[], COMMITS, &dir.path());
            let text = text(&output.unwrap(), &what);
            if let Some(error) = text.lines().find_map(|line| line.split("failed: ").nth(1)) {
                failed += 1;
                assert!(names_a_place(error, &dir.path()), "{what}: {error}");
            }
            let store = dir.open();
            assert!(store.position() >= newest_acknowledged(&text), "{what}");
            assert_prefix(&store, &what);
            fill(&store, 3);
            store.close().unwrap();
            dir.open().verify().unwrap();
            runs += 1;
        }
    }
    announce(&format!(
        "injected errors: {runs} runs, of which {failed} failed"
    ));
    assert!(failed > runs / 3 && failed < runs);
}

#[test]
fn calls_that_are_interrupted_are_made_again() {
    if !is_possible() {
        return;
    }
    for calls in ["pwrite64", "fdatasync,fsync", "ftruncate"] {
        let dir = Dir::new();
        let what = format!("{calls}:error=EINTR:when=1+2");
        let output = under_strace(&what, &[], COMMITS, &dir.path());
        let text = text(&output.unwrap(), &what);
        assert!(text.contains("closed"), "{what}: {text}");
        assert_eq!(newest_acknowledged(&text), 90, "{what}");
        assert_prefix(&dir.open(), &what);
    }
}

#[test]
fn a_write_that_was_not_done_though_the_system_says_so_is_found() {
    if !is_possible() {
        return;
    }
    let (mut refused, mut whole) = (0, 0);
    for when in 1..=16 {
        let dir = Dir::new();
        // The first bytes are said to be written, and those behind them are.
        let what = format!("pwrite64:retval=7:when={when}");
        let output = under_strace(&what, &[], COMMITS, &dir.path());
        text(&output.unwrap(), &what);
        let before = files(&dir.path());
        match Store::open(dir.config()) {
            Ok(store) => match store.verify() {
                Ok(_) => {
                    assert_prefix(&store, &what);
                    whole += 1;
                }
                Err(error) => {
                    assert!(
                        error.to_string().contains(dir.path().to_str().unwrap()),
                        "{what}: {error}"
                    );
                    refused += 1;
                }
            },
            Err(error) => {
                assert!(
                    error.to_string().contains(dir.path().to_str().unwrap()),
                    "{what}: {error}"
                );
                assert!(
                    files(&dir.path()) == before,
                    "{what}: a refusal changes nothing"
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 3 && whole > 0, "{refused} {whole}");
}

#[test]
fn a_read_that_fails_is_an_error_with_the_path_and_never_the_end_of_the_log() {
    if !is_possible() {
        return;
    }
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    for n in (1..=90).step_by(3) {
        let mut batch = Batch::new();
        batch.extend((n..n + 3).map(|n| number(&stream, n)));
        store.commit(batch).unwrap();
    }
    store.close().unwrap();
    dir.forget_index();
    let (before, all) = (
        files(&dir.path()),
        contents(&Store::open_read_only(dir.config()).unwrap()),
    );
    let names: Vec<_> = before.keys().map(|name| dir.path().join(name)).collect();
    let what = "pread64:error=EINTR:when=1+2";
    let output = under_strace(what, &names, READS, &dir.path());
    let read = text(&output.unwrap(), what);
    assert_eq!(newest_acknowledged(&read), 90, "{read}");
    let mut failed = 0;
    for when in 1..=24 {
        for child in [READS, COMMITS] {
            let what = format!("pread64:error=EIO:when={when}");
            let text = text(
                &under_strace(&what, &names, child, &dir.path()).unwrap(),
                &what,
            );
            let error = text.lines().find_map(|line| line.split("failed: ").nth(1));
            if let Some(error) = error {
                failed += 1;
                assert!(
                    error.contains(dir.path().to_str().unwrap()),
                    "{what}: {error}"
                );
            }
            let is_opened = child == COMMITS && !text.contains("failed: cannot read");
            if !is_opened {
                assert!(files(&dir.path()) == before, "{what}: {text}");
                continue;
            }
            let store = dir.open();
            assert_eq!(contents(&store)[..90], all, "{what}");
            drop(store);
            std::fs::remove_dir_all(dir.path()).unwrap();
            for (name, bytes) in &before {
                let path = dir.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
    }
    assert!(failed > 5, "{failed}");
}

/// Whether the error names something in this directory, or a directory above it, which is synced when it is founded.
fn names_a_place(error: &str, path: &Path) -> bool {
    let mut places = path.ancestors().map(|place| place.to_str().unwrap());
    places.any(|place| error.contains(&format!(" {place}")))
}

/// The newest position that a child has told of; 0 if there is none.
fn newest_acknowledged(text: &str) -> u64 {
    let told = text
        .lines()
        .filter_map(|line| line.split("acknowledged ").nth(1)?.trim().parse().ok());
    told.max().unwrap_or(0)
}
