//! What a condition costs an append, and whether that grows with the log.

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::child::{Job, Task};
use crate::event::{Item, PAYLOADS};
use crate::memory;
use crate::run::{Plan, copy};
use crate::subject::{Durability, Engine, On, Settings, Subject, Writer};
use crate::workloads::{ENTITIES, append_until};

/// How many threads append.
const THREADS: [usize; 2] = [1, 32];
/// How many appends that are not durable are timed together: few, so that the log stays as long as it is.
const BUFFERED: u64 = 1_000;

/// How many events a batch has when a store is filled.
const FILLED_AT_ONCE: usize = 1_000;

/// What the appends of one turn are on condition of. Each thread has entities of its own, so that all hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Nothing.
    Nothing,
    /// That the entity has no event behind what was answered to the thread last.
    SinceAnswer,
    /// That the entity has no event behind its newest: some thousand events back, as many as there are entities.
    SinceEvent,
    /// That no event in all of the log has a tag, which none has.
    Never,
}

const ASKS: [Asks; 4] = [
    Asks::Nothing,
    Asks::SinceAnswer,
    Asks::SinceEvent,
    Asks::Never,
];

/// What a child is to do in a store's directory.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Conditions {
    /// How many events there are, or are to be.
    events: u64,
    /// Whether the store is only to be filled.
    fill: bool,
    /// By how many threads.
    threads: usize,
    /// What each append survives.
    durability: Durability,
    /// How often each is done.
    rounds: usize,
    /// For how long.
    seconds: f64,
}

/// Microseconds per append by round, in the order of [`ASKS`]; empty after filling.
pub(crate) type Seen = Vec<[f64; ASKS.len()]>;

/// Fills a store of each size for each subject, measures in copies of it, and prints a table.
pub(crate) fn run(plan: &Plan, sizes: &[u64]) -> Result<()> {
    println!(
        "Microseconds per append, all threads together, and beside them what the condition makes of it: the median of {} \
         ratios.\n",
        plan.rounds
    );
    println!(
        "| subject | durability | threads | events | no condition | none since the thread's answer | none since its \
         newest | no such tag |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let subjects = plan.subjects.iter();
    for subject in subjects.filter(|subject| subject.has_conditions()) {
        for &events in sizes {
            rows(plan, subject.name(), events)?;
        }
    }
    Ok(())
}

fn rows(plan: &Plan, subject: &'static str, events: u64) -> Result<()> {
    let filled = plan.directory.join("filled");
    std::fs::create_dir(&filled)?;
    let fill = Conditions {
        events,
        fill: true,
        threads: 1,
        durability: Durability::Durable,
        rounds: plan.rounds,
        seconds: plan.amount.seconds,
    };
    eprintln!("{subject}: {events} events");
    let job = |what, directory: &Path| Job::new(Task::Condition(what), subject, directory);
    job(fill, &filled).run::<Seen>()?;
    let durable = THREADS.map(|threads| (threads, Durability::Durable));
    // Without the sync the condition is a larger part. Only this one can do without.
    let buffered = (subject == "batpak").then_some((1, Durability::Buffered));
    for (threads, durability) in durable.into_iter().chain(buffered) {
        let what = Conditions {
            fill: false,
            threads,
            durability,
            ..fill
        };
        let fresh = plan.directory.join("fresh");
        copy(&filled, &fresh)?;
        let seen = job(what, &fresh).run::<Seen>()?;
        std::fs::remove_dir_all(&fresh)?;
        let durability = format!("{durability:?}").to_lowercase();
        let cells: String = (0..ASKS.len()).map(|asks| cell(&seen, asks)).collect();
        println!("| {subject} | {durability} | {threads} | {events} |{cells}");
    }
    std::fs::remove_dir_all(&filled)?;
    Ok(())
}

/// The median of what was asked for, and that of its ratios to what nothing was asked for in the same round.
fn cell(seen: &Seen, asks: usize) -> String {
    let us = median(seen.iter().map(|round| round[asks]).collect());
    if ASKS[asks] == Asks::Nothing {
        return format!(" {us:.2} |");
    }
    let ratio = median(seen.iter().map(|round| round[asks] / round[0]).collect());
    format!(" {us:.2} ({ratio:.2}) |")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The child's part: fills the store, or measures it.
pub(crate) fn measure(what: Conditions, subject: &dyn Subject, directory: &Path) -> Result<Seen> {
    let settings = Settings {
        durability: what.durability,
        entities: ENTITIES,
        writers: what.threads,
        tagged: true,
        keeps: false,
    };
    let _made = PAYLOADS.len();
    if !what.fill {
        memory::warm(directory)?;
    }
    let engine = subject.open(directory, settings)?;
    let mut seen = Seen::new();
    if what.fill {
        append_until(engine.as_ref(), ENTITIES, what.events, FILLED_AT_ONCE)?;
    } else {
        let mut clients: Vec<_> = (0..what.threads)
            .map(|thread| Client::new(thread, what))
            .collect();
        // The first is to warm up.
        for round in 0..=what.rounds {
            let mut us = [0.0; ASKS.len()];
            for turn in 0..ASKS.len() {
                let asks = (round + turn) % ASKS.len();
                us[asks] = together(engine.as_ref(), &mut clients, ASKS[asks])?;
            }
            if round > 0 {
                seen.push(us);
            }
        }
    }
    engine.close()?;
    Ok(seen)
}

/// Microseconds per append, if all append at once.
fn together(engine: &dyn Engine, clients: &mut [Client], asks: Asks) -> Result<f64> {
    let ready = Barrier::new(clients.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                let ready = &ready;
                scope.spawn(move || {
                    let writer = engine.writer();
                    ready.wait();
                    client.appends(writer?.as_mut(), asks)
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        let mut appends = 0;
        for thread in threads {
            appends += thread.join().ok().context("a writer panicked")??;
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / appends as f64)
    })
}

/// A thread with its entities.
struct Client {
    what: Conditions,
    thread: usize,
    /// How many events it has appended.
    next: u64,
    /// The position that was answered to it last.
    answered: u64,
    /// The position of the newest event of each of its entities.
    newest: Vec<u64>,
}

impl Client {
    fn new(thread: usize, what: Conditions) -> Self {
        let entities = (thread..ENTITIES).step_by(what.threads);
        let newest = entities.map(|entity| newest(entity as u64, what.events));
        Self {
            what,
            thread,
            next: 0,
            answered: what.events,
            newest: newest.collect(),
        }
    }

    /// Appends for as long, or as many times, as it should, and tells how many times.
    fn appends(&mut self, writer: &mut dyn Writer, asks: Asks) -> Result<u64> {
        let time = Duration::from_secs_f64(self.what.seconds);
        let start = Instant::now();
        let mut appends = 0;
        loop {
            self.append(writer, asks)?;
            appends += 1;
            let is_done = match self.what.durability {
                Durability::Durable => start.elapsed() >= time,
                Durability::Buffered | Durability::Written => appends >= BUFFERED,
            };
            if is_done {
                return Ok(appends);
            }
        }
    }

    fn append(&mut self, writer: &mut dyn Writer, asks: Asks) -> Result<()> {
        let own = (self.next % self.newest.len() as u64) as usize;
        let entity = self.thread + own * self.what.threads;
        // Behind all numbers that the store was filled with.
        let number = 1 << 40 | (self.thread as u64) << 32 | self.next;
        let item = Item {
            number,
            entity,
            ..Item::nth(self.next, ENTITIES)
        };
        let on = match asks {
            Asks::Nothing => None,
            Asks::SinceAnswer => Some(On::NoneBehind(self.answered)),
            Asks::SinceEvent => Some(On::NoneBehind(self.newest[own])),
            Asks::Never => Some(On::NoneWithId),
        };
        self.answered = writer.append_on(item, on)?;
        self.newest[own] = self.answered;
        self.next += 1;
        Ok(())
    }
}

/// The position of the newest event of an entity among so many that take turns; 0 if it has none.
fn newest(entity: u64, events: u64) -> u64 {
    let entities = ENTITIES as u64;
    match events.checked_sub(entity + 1) {
        Some(behind) => entity + 1 + behind / entities * entities,
        None => 0,
    }
}
