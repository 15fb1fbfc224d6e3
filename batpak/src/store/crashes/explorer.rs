//! Playing all crashes of a history through.

use std::collections::HashSet;
use std::sync::Arc;

use super::oracle::{Oracle, Violation, kill};
use super::player::{Claim, History, Log, START_US, config};
use crate::store::Store;
use crate::store::fs::simulated::{Choices, Image, Loss, Medium, SimulatedDisk, Trace};
use crate::testing::Clock;

/// Which crashes are played through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) losses: &'static [Loss],
    /// Up to how many rows of choices all are tried.
    pub(super) all: u64,
    /// How many are drawn if there are more.
    pub(super) drawn: u64,
    /// The same for a second crash, during the opening after the first; none if both are 0.
    pub(super) again: (u64, u64),
}

/// A crash that breaks a promise, as the text by which it is played through again, and how.
pub(super) type Broken = (String, Violation);

/// What is tried after each crash that breaks none.
type Next<'n, 'h> = &'n mut dyn FnMut(&mut Explorer<'h>, Crash<'_>) -> Result<(), Broken>;

/// Plays crashes through.
pub(super) struct Explorer<'h> {
    history: &'h History,
    plan: Plan,
    oracle: Oracle,
    /// The openings that were played through, by disk, log, and what is durable.
    openings: HashSet<(u128, usize, u64)>,
    /// How many crashes were tried.
    pub(super) crashes: u64,
}

impl<'h> Explorer<'h> {
    pub(super) fn new(history: &'h History, plan: Plan) -> Self {
        Self {
            oracle: Oracle::new(history),
            history,
            plan,
            openings: HashSet::new(),
            crashes: 0,
        }
    }

    /// How many different disks they left.
    pub(super) fn disks(&self) -> u64 {
        self.oracle.disks()
    }

    /// Plays all crashes through from behind the first `from` calls on.
    ///
    /// # Errors
    /// The first crash that breaks a promise.
    pub(super) fn explore(&mut self, from: usize) -> Result<(), Broken> {
        let (history, plan) = (self.history, self.plan);
        let name = &history.name;
        self.explore_trace(
            (history, from),
            (plan.all, plan.drawn),
            &mut |explorer, crash| explorer.explore_again(&crash),
        )
        .map_err(|(crash, violation)| (format!("{name}:{crash}"), violation))
    }

    fn explore_trace(
        &mut self,
        (history, from): (&History, usize),
        rows: (u64, u64),
        next: Next<'_, 'h>,
    ) -> Result<(), Broken> {
        let mut medium = history.trace.start.clone();
        for calls in 0..=history.trace.calls.len() {
            if calls > 0 {
                medium.apply(&history.trace.calls[calls - 1]);
            }
            if calls < from {
                continue;
            }
            for loss in self.plan.losses {
                let at = Point {
                    calls,
                    loss: *loss,
                    claim: history.claim(calls),
                };
                self.explore_point(&medium, at, rows, next)?;
            }
        }
        Ok(())
    }

    /// Plays all choices through of what one crash may do.
    fn explore_point(
        &mut self,
        medium: &Medium,
        at: Point,
        (all, drawn): (u64, u64),
        next: Next<'_, 'h>,
    ) -> Result<(), Broken> {
        let mut choices = Choices::first();
        let mut image = medium.crash(at.loss, &mut choices);
        let mut tried = 0;
        // There may be more than the first row shows: what a directory loses has nothing more to lose.
        while choices.rows() <= all && tried < all {
            self.try_crash(&image, at, &choices, next)?;
            tried += 1;
            if !choices.next() {
                return Ok(());
            }
            image = medium.crash(at.loss, &mut choices);
        }
        for seed in 0..drawn {
            let mut choices = Choices::random(seed << 32 | at.calls as u64);
            let image = medium.crash(at.loss, &mut choices);
            self.try_crash(&image, at, &choices, next)?;
        }
        Ok(())
    }

    fn try_crash(
        &mut self,
        image: &Image,
        at: Point,
        choices: &Choices,
        next: Next<'_, 'h>,
    ) -> Result<(), Broken> {
        self.crashes += 1;
        let digest = image.digest();
        let told = || format!("{}:{}:{choices}", at.calls, at.loss);
        let judged = self.oracle.judge((image, digest), &at.claim, at.floor());
        judged.map_err(|violation| (told(), violation))?;
        let claim = at.claim;
        let crash = Crash {
            image,
            digest,
            claim,
        };
        next(self, crash).map_err(|(second, violation)| (format!("{}/{second}", told()), violation))
    }

    /// Plays all crashes through that may come during the opening after one.
    fn explore_again(&mut self, crash: &Crash<'_>) -> Result<(), Broken> {
        let key = (crash.digest, crash.claim.log, crash.claim.durable);
        if self.plan.again == (0, 0) || !self.openings.insert(key) {
            return Ok(());
        }
        let opening = crash.opening(&self.history.logs);
        self.explore_trace((&opening, 0), self.plan.again, &mut |_, _| Ok(()))
    }
}

/// When a crash comes, and what it may do.
#[derive(Debug, Clone, Copy)]
struct Point {
    calls: usize,
    loss: Loss,
    claim: Claim,
}

impl Point {
    /// How many events outlive the crash.
    fn floor(&self) -> u64 {
        match self.loss {
            Loss::Nothing => self.claim.durable.max(self.claim.written),
            _ => self.claim.durable,
        }
    }
}

/// A crash that has broken no promise.
struct Crash<'i> {
    image: &'i Image,
    digest: u128,
    claim: Claim,
}

impl Crash<'_> {
    /// What an opening of the store does there.
    fn opening(&self, logs: &Arc<Vec<Log>>) -> History {
        let disk = SimulatedDisk::with(self.image);
        disk.hold();
        let clock = Clock::at_us(START_US);
        let store = Store::open(config(Arc::new(disk.clone()), &clock, 98)).unwrap();
        let trace: Trace = disk.trace();
        let found = store.position();
        disk.release();
        kill(store);
        let begun = Claim {
            at: 0,
            written: 0,
            ..self.claim
        };
        let opened = Claim {
            at: trace.calls.len(),
            submitted: found,
            written: found,
            durable: found,
            ..begun
        };
        History {
            name: String::new(),
            trace,
            claims: vec![begun, opened],
            logs: Arc::clone(logs),
        }
    }
}

/// Plays one crash through again that was told by this text, without its workload's name.
pub(super) fn replay(history: &History, text: &str) -> Result<u64, Violation> {
    let mut oracle = Oracle::new(history);
    let mut history = history.clone();
    let mut events = 0;
    for crash in text.split('/') {
        let mut parts = crash.splitn(3, ':');
        let mut part = || parts.next().ok_or_else(|| format!("`{crash}` is no crash"));
        let calls: usize = part()?
            .parse()
            .map_err(|_| format!("`{crash}` has no number"))?;
        let loss: Loss = part()?.parse()?;
        let mut choices: Choices = part()?
            .parse()
            .map_err(|_| format!("`{crash}` has no choices"))?;
        let image = history.trace.until(calls).end().crash(loss, &mut choices);
        let at = Point {
            calls,
            loss,
            claim: history.claim(calls),
        };
        let digest = image.digest();
        events = oracle.judge((&image, digest), &at.claim, at.floor())?;
        let crash = Crash {
            image: &image,
            digest,
            claim: at.claim,
        };
        history = crash.opening(&history.logs);
    }
    Ok(events)
}
