//! All crashes of small workloads, and some of larger ones.

use std::io::Write;
use std::time::Instant;

use super::chained;
use super::explorer::{Explorer, Plan, replay};
use super::player::Player;
use super::workloads::Workload;
use crate::store::fs::simulated::Loss;

/// Plays the crashes of these workloads through, and says how many there were.
fn explore(what: &str, workloads: &[String], plan: Plan) {
    let start = Instant::now();
    let (mut crashes, mut disks) = (0, 0);
    for name in workloads {
        let history = Player::play(&Workload::named(name));
        let mut explorer = Explorer::new(&history, plan);
        if let Err((crash, violation)) = explorer.explore(0) {
            panic!("{violation}\nfor BATPAK_CRASH={crash}\n{}", history.told());
        }
        crashes += explorer.crashes;
        disks += explorer.disks();
    }
    // Tests that pass are heard of too.
    let _ = writeln!(
        std::io::stderr(),
        "{what}: {crashes} crashes were tried, which left {disks} different disks, in {:.1?}",
        start.elapsed()
    );
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// One crash, all that it may do up to so many choices, and draws of what is more.
const ONCE: Plan = Plan {
    losses: Loss::ALL,
    all: 4_096,
    drawn: 300,
    again: (0, 0),
};

#[test]
fn after_any_crash_of_a_workload_without_a_next_segment_all_promises_hold() {
    explore(
        "one segment",
        &names(&["founding", "durable", "written"]),
        ONCE,
    );
}

#[test]
fn after_any_crash_of_a_workload_with_many_segments_all_promises_hold() {
    explore("segments", &names(&["rolls", "large"]), ONCE);
}

#[test]
fn after_any_crash_of_a_workload_that_waits_for_nothing_all_promises_hold() {
    explore("buffered", &names(&["buffered", "free"]), ONCE);
}

#[test]
fn after_a_second_crash_during_the_opening_all_promises_hold() {
    let plan = Plan {
        all: 256,
        drawn: 64,
        again: (2_048, 128),
        ..ONCE
    };
    explore("twice", &names(&["founding"]), plan);
    let plan = Plan {
        drawn: 24,
        all: 64,
        again: (256, 48),
        ..plan
    };
    explore("twice, drawn", &names(&["written", "rolls"]), plan);
}

#[test]
fn after_crashes_of_random_workloads_all_promises_hold() {
    let plan = Plan {
        all: 32,
        drawn: 16,
        ..ONCE
    };
    let random: Vec<String> = (0..110).map(|seed| format!("random-{seed}")).collect();
    explore("random", &random, plan);
}

/// Plays the crash again that `BATPAK_CRASH` tells of, or else one to see that this can be done.
#[test]
fn the_crash_that_is_asked_for_is_played_through_again() {
    let asked = std::env::var("BATPAK_CRASH");
    let text = asked
        .as_deref()
        .unwrap_or("founding:14:writes:1.1/3:prefix:0.0.0");
    if let Some(row) = text.strip_prefix("row-") {
        chained::play(row.parse().unwrap()).unwrap();
        return;
    }
    let (name, crashes) = text.split_once(':').unwrap();
    let history = Player::play(&Workload::named(name));
    match replay(&history, crashes) {
        Ok(events) => println!("{events} events are there, and all promises hold"),
        Err(violation) => panic!("{violation}\n{}", history.told()),
    }
}
