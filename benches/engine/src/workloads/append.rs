//! Appends, one at a time or in batches, by one thread or several.

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Amount, BATCH, ENTITIES, Measured, Workload, percentile, rate};
use crate::event::{Item, PAYLOADS};
use crate::subject::{Durability, Engine, Settings, Subject, Writer};

/// What one thread has done.
struct Done {
    events: u64,
    /// Of each commit, in nanoseconds.
    latencies: Vec<u64>,
}

/// When a thread stops.
#[derive(Clone, Copy)]
struct Limit {
    commits: u64,
    time: Duration,
}

/// Appends events one at a time.
pub(super) fn singles(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    let durable = settings.durability == Durability::Durable;
    let limit = Limit {
        commits: if durable {
            u64::MAX
        } else {
            amount.events / settings.writers as u64
        },
        time: amount.time(),
    };
    run(subject, directory, settings, limit, durable, 1)
}

/// Appends batches of [`BATCH`] events.
pub(super) fn batches(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    let limit = Limit {
        commits: u64::MAX,
        time: amount.time(),
    };
    run(subject, directory, settings, limit, true, BATCH)
}

fn run(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    limit: Limit,
    timed: bool,
    batch: usize,
) -> Result<Measured> {
    let _made = PAYLOADS.len();
    let engine = subject.open(directory, settings)?;
    let (done, time) = together(engine.as_ref(), settings, |writer, number| {
        write(writer, number, batch, limit, timed)
    })?;
    engine.close()?;
    let events = done.iter().map(|one| one.events).sum();
    let mut latencies: Vec<u64> = done.into_iter().flat_map(|one| one.latencies).collect();
    latencies.sort_unstable();
    Ok(Measured {
        value: rate(events, time)?,
        p50_us: percentile(&latencies, 0.50),
        p99_us: percentile(&latencies, 0.99),
        ..Measured::default()
    })
}

/// Runs `work` in as many threads as there are writers, and measures from when all are ready to when
/// the last is done.
fn together(
    engine: &dyn Engine,
    settings: Settings,
    work: impl Fn(&mut dyn Writer, usize) -> Result<Done> + Sync,
) -> Result<(Vec<Done>, Duration)> {
    let ready = Barrier::new(settings.writers + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..settings.writers)
            .map(|number| {
                let (ready, work) = (&ready, &work);
                scope.spawn(move || {
                    let writer = engine.writer();
                    ready.wait();
                    work(writer?.as_mut(), number)
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        let mut done = Vec::new();
        for thread in threads {
            done.push(thread.join().ok().context("a writer panicked")??);
        }
        Ok((done, start.elapsed()))
    })
}

/// One thread's commits. Only where they are `timed` is the clock read at each.
fn write(
    writer: &mut dyn Writer,
    thread: usize,
    batch: usize,
    limit: Limit,
    timed: bool,
) -> Result<Done> {
    const LOOKS_AT_CLOCK: u64 = 64;
    let start = Instant::now();
    let mut items = Vec::with_capacity(batch);
    let mut latencies = Vec::new();
    let (mut commits, mut next) = (0, 0);
    let mut before = Duration::ZERO;
    while commits < limit.commits {
        if batch == 1 {
            writer.append(Item::of_writer(thread, next, ENTITIES))?;
        } else {
            items.clear();
            items.extend((next..next + batch as u64).map(|n| Item::of_writer(thread, n, ENTITIES)));
            writer.append_all(&items)?;
        }
        next += batch as u64;
        commits += 1;
        if timed || commits % LOOKS_AT_CLOCK == 0 {
            let now = start.elapsed();
            if timed {
                latencies.push((now - before).as_nanos() as u64);
            }
            before = now;
            if now >= limit.time {
                break;
            }
        }
    }
    Ok(Done {
        events: next,
        latencies,
    })
}

/// Commits exactly so many times as the workload does, by each of its writers, for counting what that
/// asks of the kernel.
pub(crate) fn commit_exactly(
    workload: Workload,
    subject: &dyn Subject,
    directory: &Path,
    commits: u64,
) -> Result<()> {
    let settings = Settings {
        durability: Durability::Durable,
        entities: ENTITIES,
        writers: subject.writers(workload.writers()),
        tagged: false,
        keeps: false,
    };
    let limit = Limit {
        commits,
        time: Duration::MAX,
    };
    let engine = subject.open(directory, settings)?;
    if workload == Workload::SubmitDurable {
        let mut writer = engine.writer()?;
        for number in 0..commits {
            writer.submit(Item::nth(number, ENTITIES))?;
        }
        writer.settle()?;
    } else {
        let batch = if workload == Workload::BatchDurable {
            BATCH
        } else {
            1
        };
        together(engine.as_ref(), settings, |writer, number| {
            write(writer, number, batch, limit, false)
        })?;
    }
    engine.close()
}

/// Appends `events` events in durable batches of [`BATCH`] to a new store and leaves it open.
pub(crate) fn fill(
    subject: &dyn Subject,
    directory: &Path,
    amount: Amount,
) -> Result<Box<dyn Engine>> {
    let settings = Settings {
        durability: Durability::Durable,
        entities: amount.stored_entities(),
        writers: 1,
        tagged: false,
        keeps: false,
    };
    let engine = subject.open(directory, settings)?;
    append_until(engine.as_ref(), settings.entities, amount.stored, BATCH)?;
    Ok(engine)
}

/// Appends `events` events, entities taking turns, in batches of so many.
pub(crate) fn append_until(
    engine: &dyn Engine,
    entities: usize,
    events: u64,
    batch: usize,
) -> Result<()> {
    let mut writer = engine.writer()?;
    let mut items = Vec::with_capacity(batch);
    let mut next = 0;
    while next < events {
        let end = events.min(next + batch as u64);
        items.clear();
        items.extend((next..end).map(|number| Item::nth(number, entities)));
        writer.append_all(&items)?;
        next = end;
    }
    Ok(())
}

/// Opens a filled store and closes it as it should be.
pub(crate) fn close(subject: &dyn Subject, directory: &Path, amount: Amount) -> Result<()> {
    let settings = Settings {
        durability: Durability::Durable,
        entities: amount.stored_entities(),
        writers: 1,
        tagged: false,
        keeps: false,
    };
    subject.open(directory, settings)?.close()
}
