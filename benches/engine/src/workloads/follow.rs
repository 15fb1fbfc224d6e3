//! Subscribers who follow a writer that does not wait for them.

use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Amount, ENTITIES, Measured, rate};
use crate::event::{Item, PAYLOADS};
use crate::subject::{Engine, Settings, Subject};

/// How many there are.
const SUBSCRIBERS: usize = 8;

/// Appends for the given time, alone; and in another store for the same time with subscribers, until the
/// last of them has the last event.
pub(super) fn follow(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    let _made = PAYLOADS.len();
    let run = |name: &str, subscribers| {
        let directory = directory.join(name);
        std::fs::create_dir(&directory)?;
        let engine = subject.open(&directory, settings)?;
        let done = followed(engine.as_ref(), subscribers, amount.time())?;
        engine.close()?;
        Ok::<_, anyhow::Error>(done)
    };
    let alone = run("alone", 0)?;
    let followed = run("followed", SUBSCRIBERS)?;
    Ok(Measured {
        value: rate(followed.events * SUBSCRIBERS as u64, followed.all)?,
        writer_alone: Some(rate(alone.events, alone.appending)?),
        writer_followed: Some(rate(followed.events, followed.appending)?),
        ..Measured::default()
    })
}

/// What a writer did, and how long it took.
struct Done {
    events: u64,
    /// To the last append.
    appending: Duration,
    /// To the last delivery.
    all: Duration,
}

/// Appends for some time, with so many subscribers.
fn followed(engine: &dyn Engine, subscribers: usize, time: Duration) -> Result<Done> {
    let ready = Barrier::new(subscribers + 1);
    let end = AtomicU64::new(u64::MAX);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..subscribers)
            .map(|_| scope.spawn(|| subscriber(engine, &ready, &end)))
            .collect();
        ready.wait();
        let start = Instant::now();
        let events = write(engine, time, &end)?;
        let appending = start.elapsed();
        for thread in threads {
            thread.join().ok().context("a subscriber panicked")??;
        }
        Ok(Done {
            events,
            appending,
            all: start.elapsed(),
        })
    })
}

/// Appends one event after the other. How many there will be is told before the last, so that nobody waits
/// for another behind it.
fn write(engine: &dyn Engine, time: Duration, end: &AtomicU64) -> Result<u64> {
    const LOOKS_AT_CLOCK: u64 = 64;
    let mut writer = engine.writer()?;
    let start = Instant::now();
    let mut number = 0;
    while number % LOOKS_AT_CLOCK != 0 || number == 0 || start.elapsed() < time {
        writer.append(Item::nth(number, ENTITIES))?;
        number += 1;
    }
    end.store(number + 1, Ordering::Release);
    writer.append(Item::nth(number, ENTITIES))?;
    writer.settle()?;
    Ok(number + 1)
}

/// Receives all events, and sees that their positions follow one another.
fn subscriber(engine: &dyn Engine, ready: &Barrier, end: &AtomicU64) -> Result<()> {
    let follower = engine.follower();
    ready.wait();
    let mut follower = follower?;
    let (mut events, mut last, mut gap) = (0, None, None);
    while events < end.load(Ordering::Acquire) {
        follower.receive(&mut |position| {
            if last.is_some_and(|last| last + 1 != position) {
                gap.get_or_insert((last, position));
            }
            last = Some(position);
            events += 1;
        })?;
    }
    let expected = end.load(Ordering::Acquire);
    ensure!(gap.is_none(), "a subscriber had a gap: {gap:?}");
    ensure!(
        events == expected,
        "a subscriber had {events} events, not {expected}"
    );
    Ok(())
}
