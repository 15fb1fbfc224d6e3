//! What the simulation is able to see: faults of a disk, or of an engine, that break a promise.

use super::explorer::{Explorer, Plan};
use super::player::{History, Player};
use super::workloads::Workload;
use crate::store::fs::simulated::{Call, Loss};

const PLAN: Plan = Plan {
    losses: Loss::ALL,
    all: 256,
    drawn: 64,
    again: (0, 0),
};

fn history(name: &str) -> History {
    Player::play(&Workload::named(name))
}

fn is_found(history: &History, losses: &'static [Loss]) -> bool {
    Explorer::new(history, Plan { losses, ..PLAN })
        .explore(0)
        .is_err()
}

#[test]
fn a_disk_that_does_not_sync_directories_breaks_a_promise() {
    for name in ["founding", "rolls"] {
        let ignoring = history(name).without(|call| matches!(call, Call::SyncDir(_)));
        assert!(is_found(&ignoring, Loss::ALL), "{name}");
    }
    // The name of each directory matters.
    for dir in ["/", "/store", "/store/segments"] {
        let is_it = |call: &Call| matches!(call, Call::SyncDir(path) if path.to_str() == Some(dir));
        let ignoring = history("founding").without(is_it);
        assert!(is_found(&ignoring, Loss::ALL), "{dir}");
    }
}

#[test]
fn a_disk_that_does_not_sync_files_breaks_a_promise_by_every_loss_but_that_of_nothing() {
    let ignoring = history("durable").without(|call| matches!(call, Call::Sync(_)));
    for losses in [
        &[Loss::Everything][..],
        &[Loss::Prefix],
        &[Loss::Writes],
        &[Loss::Blocks(512)],
        &[Loss::Blocks(4_096)],
        &[Loss::Torn],
    ] {
        assert!(is_found(&ignoring, losses), "{losses:?}");
    }
    assert!(!is_found(&ignoring, &[Loss::Nothing]));
}

#[test]
fn each_single_sync_of_a_file_that_a_promise_rests_on_matters() {
    // Those of the header and of both commits.
    let history = history("founding");
    let syncs = history.trace.calls.iter().enumerate();
    let syncs = syncs.filter(|(_, call)| matches!(call, Call::Sync(_)));
    let syncs: Vec<usize> = syncs.map(|(at, _)| at).collect();
    assert_eq!(syncs.len(), 3, "{}", history.told());
    for sync in syncs {
        let mut at = 0;
        let ignoring = history.without(|_| {
            at += 1;
            at - 1 == sync
        });
        assert!(is_found(&ignoring, Loss::ALL), "call {sync}");
    }
}

#[test]
fn an_acknowledgement_before_the_sync_breaks_a_promise() {
    let mut early = history("founding");
    for claim in &mut early.claims {
        if matches!(early.trace.calls[..claim.at].last(), Some(Call::Sync(_))) {
            claim.at -= 1;
        }
    }
    assert!(is_found(&early, Loss::ALL));
}

#[test]
fn an_event_that_nobody_submitted_and_a_batch_in_part_break_a_promise() {
    let mut other = history("founding");
    let mut logs = Vec::clone(&other.logs);
    logs[0].events.swap(1, 2);
    other.logs = logs.clone().into();
    assert!(is_found(&other, Loss::ALL));
    logs[0].events.swap(1, 2);
    logs[0].ends.remove(0);
    other.logs = logs.into();
    assert!(is_found(&other, Loss::ALL));
}
