//! Any one call fails: nothing is promised that does not hold, on the disk as it is and after a crash.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Instant;

use super::explorer::{Explorer, Plan};
use super::player::{Player, Step};
use super::workloads::Workload;
use crate::event::Region;
use crate::store::StoreError;
use crate::store::fs::simulated::{Ask, Fault, Loss};

const PLAN: Plan = Plan {
    losses: &[Loss::Nothing, Loss::Everything, Loss::Prefix, Loss::Writes],
    all: 16,
    drawn: 8,
    again: (0, 0),
};

/// Whether a failure of this kind, about this file, is one of the log, after which nothing is appended.
fn is_final(ask: Ask, path: &Path) -> bool {
    let changes = !matches!(ask, Ask::Open | Ask::Read | Ask::List);
    changes && path.starts_with("/store/segments")
}

/// Plays a workload with a fault. Returns how many calls were made before it came, or nothing if it never did.
fn play(workload: &Workload, fault: Fault) -> Option<(Player, usize)> {
    let mut player = Player::new();
    player.disk.fail(fault);
    let mut is_poisoned = false;
    let mut before = None;
    for step in &workload.steps {
        if workload.is_free {
            player.disk.release();
        } else {
            player.disk.hold();
        }
        if matches!(step, Step::Hold) && (is_poisoned || player.disk.failed().is_some()) {
            // There may be nothing to hold.
            continue;
        }
        if player.disk.failed().is_none() {
            before = Some(player.disk.calls());
        }
        let done = player.step(*step);
        let appends = matches!(step, Step::Commit(..) | Step::Submit(..) | Step::Flush);
        if is_poisoned && appends && player.store().is_some() {
            let is_told = matches!(done, Err(StoreError::Poisoned(_)));
            assert!(is_told, "{step:?} after {fault:?}: {done:?}");
        }
        match (&done, step) {
            (_, Step::Close | Step::Drop) => is_poisoned = false,
            (Err(_), Step::Open) => player.step(Step::Open).unwrap(),
            (Err(error), _) => {
                let (ask, path) = player.disk.failed().unwrap();
                let is_its = matches!(error, StoreError::Io { .. } | StoreError::Poisoned(_));
                assert!(is_its, "{step:?} after {fault:?}: {error}");
                is_poisoned |= is_final(ask, &path);
            }
            (Ok(()), _) => {}
        }
        read_on(&player, fault);
    }
    player.disk.failed()?;
    Some((player, before.unwrap_or(0)))
}

/// What is published is read whatever failed before.
fn read_on(player: &Player, fault: Fault) {
    if matches!(fault.ask, Ask::Read | Ask::Open) && player.disk.failed().is_none() {
        // That is not the read to fail.
        return;
    }
    if let Some(store) = player.store() {
        let events = store.query(&Region::all()).map(Result::unwrap).count() as u64;
        assert!(events >= player.claim().written, "{fault:?}");
    }
}

/// Fails each call of this kind, and plays crashes through from there on.
fn fail_each(ask: Ask, errors: &[ErrorKind], workloads: &[&str]) {
    let start = Instant::now();
    let (mut faults, mut crashes) = (0_u64, 0);
    for name in workloads {
        let workload = Workload::named(name);
        for error in errors {
            for nth in 1.. {
                let fault = Fault {
                    ask,
                    nth,
                    error: *error,
                };
                let Some((player, before)) = play(&workload, fault) else {
                    assert!(nth > 1, "{name} never asks for {ask:?}");
                    break;
                };
                faults += 1;
                let history = player.done(name);
                let mut explorer = Explorer::new(&history, PLAN);
                if let Err((crash, violation)) = explorer.explore(before) {
                    panic!(
                        "{violation}\nfor {crash} with {fault:?}\n{}",
                        history.told()
                    );
                }
                crashes += explorer.crashes;
            }
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "{ask:?} fails: {faults} faults, and {crashes} crashes after them, in {:.1?}",
        start.elapsed()
    );
}

const ALL: &[&str] = &[
    "founding", "durable", "written", "buffered", "rolls", "large",
];

#[test]
fn whichever_sync_of_a_file_fails_and_forgets_all_promises_hold() {
    fail_each(Ask::Sync, &[ErrorKind::Other, ErrorKind::StorageFull], ALL);
}

#[test]
fn whichever_sync_of_a_directory_fails_all_promises_hold() {
    fail_each(Ask::SyncDir, &[ErrorKind::Other], ALL);
}

#[test]
fn whichever_write_fails_all_promises_hold() {
    fail_each(Ask::Write, &[ErrorKind::Other, ErrorKind::StorageFull], ALL);
}

#[test]
fn whichever_truncation_rename_or_removal_fails_all_promises_hold() {
    fail_each(
        Ask::Truncate,
        &[ErrorKind::Other],
        &["durable", "written", "rolls"],
    );
    fail_each(Ask::Rename, &[ErrorKind::Other], ALL);
    fail_each(Ask::Remove, &[ErrorKind::Other], &["rolls"]);
}

#[test]
fn whichever_creation_or_opening_of_a_file_fails_all_promises_hold() {
    fail_each(Ask::Create, &[ErrorKind::StorageFull], ALL);
    fail_each(Ask::Open, &[ErrorKind::Other], &ALL[1..]);
    fail_each(Ask::List, &[ErrorKind::Other], &["founding", "rolls"]);
}

#[test]
fn whichever_read_fails_all_promises_hold() {
    fail_each(Ask::Read, &[ErrorKind::Other], &["durable", "rolls"]);
}
