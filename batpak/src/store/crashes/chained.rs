//! Crash after crash, with a little work in between.

use std::io::Write;
use std::time::Instant;

use super::explorer::{Explorer, Plan};
use super::oracle::{Oracle, Violation};
use super::player::{Claim, Player, Step};
use crate::pipeline::Durability;
use crate::store::CutReason;
use crate::store::fs::simulated::{Ask, Call, Choices, Fault, Loss, SimulatedDisk};
use crate::testing::Random;

/// How many crashes come one after the other.
const ROUNDS: u64 = 5;

/// How many rows of crashes there are.
const ROWS: u64 = 500;

/// Plays a row of crashes.
pub(super) fn play(seed: u64) -> Result<(), Violation> {
    let mut random = Random::new(seed);
    let mut player = Player::new();
    for round in 0..ROUNDS {
        let from = player.disk.calls();
        let is_whole = work(&mut player, &mut random);
        let history = player.history("row");
        let calls = from as u64 + random.below((history.trace.calls.len() - from) as u64 + 1);
        let loss = *random.pick(Loss::ALL);
        let mut choices = Choices::random(random.number());
        let trace = history.trace.until(calls as usize);
        let image = trace.end().crash(loss, &mut choices);
        let claim = history.claim(calls as usize);
        let floor = match loss {
            Loss::Nothing => claim.durable.max(claim.written),
            _ => claim.durable,
        };
        let judged = Oracle::new(&history).judge((&image, image.digest()), &claim, floor);
        judged.map_err(|violation| {
            let told = history.told();
            format!(
                "{violation}\nin round {round} ({is_whole}) at {calls}:{loss}:{choices}\n{told}"
            )
        })?;
        let disk = match loss {
            Loss::Nothing => SimulatedDisk::after(trace),
            _ => SimulatedDisk::with(&image),
        };
        player = player.go_on(
            disk,
            Claim {
                written: 0,
                ..claim
            },
        );
    }
    Ok(())
}

/// Opens the store and appends a little. One in four times something fails meanwhile; then this gives false.
fn work(player: &mut Player, random: &mut Random) -> bool {
    player.disk.hold();
    if random.below(4) == 0 {
        player.disk.fail(Fault {
            ask: *random.pick(&[Ask::Sync, Ask::Sync, Ask::Write, Ask::Truncate]),
            nth: 1 + random.below(5) as usize,
            error: std::io::ErrorKind::Other,
        });
    }
    let mut is_whole = player.step(Step::Open).is_ok() || player.step(Step::Open).is_ok();
    for _ in 0..random.below(5) {
        let durability = match random.below(3) {
            0 => Durability::Durable,
            _ => Durability::Written,
        };
        // Of few lengths, so that one event may lie where another was.
        let (events, bytes) = *random.pick(&[(1, 30), (1, 30), (1, 30), (2, 30), (1, 1_200)]);
        is_whole &= player.step(Step::Commit(events, bytes, durability)).is_ok();
    }
    is_whole
}

#[test]
fn after_each_of_several_crashes_in_a_row_all_promises_hold() {
    let start = Instant::now();
    for seed in 0..ROWS {
        if let Err(violation) = play(seed) {
            panic!("BATPAK_CRASH=row-{seed}: {violation}");
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "rows: {} crashes, {ROUNDS} in a row, in {:.1?}",
        ROWS * ROUNDS,
        start.elapsed()
    );
}

/// Of two events that were never synced a crash leaves only the second. The opening cuts that off, and its process is
/// killed before the cut is synced. The next opening finds nothing to cut, and an event goes to where the first one
/// was. If the system crashes then and leaves that event, but not the cut, the second one stands behind it again.
#[test]
fn a_cut_is_durable_before_anything_is_appended_though_the_process_that_made_it_was_killed() {
    let written = Step::Commit(1, 30, Durability::Written);
    let durable = Step::Commit(1, 30, Durability::Durable);
    let mut player = Player::new();
    // It fills the first segment, so that nothing is in doubt where the second begins.
    let full = Step::Commit(1, 3_800, Durability::Durable);
    for step in [Step::Open, full, written, written] {
        player.step(step).unwrap();
    }
    let crashed = player.disk.trace().end();
    let mut choices = Choices::first();
    let image = loop {
        let image = crashed.crash(Loss::Writes, &mut choices);
        let opened = image.to_disk().open().unwrap();
        let cut = opened.recovery().cut.as_ref();
        if cut.is_some_and(|cut| cut.reason == CutReason::Hole) {
            break image;
        }
        assert!(choices.next());
    };
    let claim = player.claim();
    let mut player = player.go_on(SimulatedDisk::with(&image), claim);
    player.step(Step::Open).unwrap();
    let opening = player.history("opening");
    let calls = opening.trace.calls.iter();
    let cut = calls.take_while(|call| !matches!(call, Call::Truncate(..)));
    let cut = cut.count() + 1;
    let killed = SimulatedDisk::after(opening.trace.until(cut));
    let mut player = player.go_on(killed, opening.claim(cut));
    player.step(Step::Open).unwrap();
    player.step(durable).unwrap();
    let plan = Plan {
        losses: &[Loss::Writes],
        all: 4_096,
        drawn: 0,
        again: (0, 0),
    };
    let history = player.history("cut");
    let explored = Explorer::new(&history, plan).explore(cut);
    explored
        .unwrap_or_else(|(crash, violation)| panic!("{crash}: {violation}\n{}", history.told()));
}
