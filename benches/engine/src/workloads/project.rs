//! Folding a long stream into a small state: from nothing, and on from a state that was kept.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{Amount, Measured, append_until, percentile};
use crate::event::{Item, PAYLOADS, Random};
use crate::fold::{Fold, Kept};
use crate::memory;
use crate::subject::{Settings, Subject};

/// How many events a stream has.
const STREAM: u64 = 10_000;
/// How many streams there are that take turns, where there are several.
pub(super) const STREAMS: usize = 20;
/// How many events are appended at once before anything is measured.
const BATCH: usize = 250;

/// Fills a store and closes it, so that what is folded is not still in the process.
fn fill(subject: &dyn Subject, directory: &Path, settings: Settings) -> Result<()> {
    let _made = PAYLOADS.len();
    let engine = subject.open(directory, settings)?;
    let streams = settings.entities;
    append_until(engine.as_ref(), streams, STREAM * streams as u64, BATCH)?;
    engine.close()?;
    memory::warm(directory)
}

/// What the first events of a stream lead to.
fn expected(stream: usize, streams: usize) -> Fold {
    let mut fold = Fold::default();
    for at in 0..STREAM {
        fold.take(item(stream, at, streams).payload());
    }
    fold
}

/// An event of one of so many streams.
fn item(stream: usize, at: u64, streams: usize) -> Item {
    Item::nth(at * streams as u64 + stream as u64, streams)
}

/// Folds streams from nothing, each with all of its events: each stream once, and then streams at random for
/// half of the given time. No state is kept.
pub(super) fn cold(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    fill(subject, directory, settings)?;
    let streams = settings.entities;
    let expected: Vec<_> = (0..streams).map(|one| expected(one, streams)).collect();
    let engine = subject.open(directory, settings)?;
    let mut reader = engine.reader()?;
    let mut random = Random::new(7);
    let mut fold = |stream: usize| -> Result<()> {
        let mut kept = Kept::default();
        reader.project(stream, &mut kept)?;
        let (kept, expected) = (kept.fold, &expected[stream]);
        ensure!(
            kept == *expected,
            "stream {stream} is {kept:?}, not {expected:?}"
        );
        Ok(())
    };
    let start = Instant::now();
    (0..streams).try_for_each(&mut fold)?;
    let firsts = start.elapsed();
    let start = Instant::now();
    let mut folds = 0;
    while folds == 0 || start.elapsed() < amount.time() / 2 {
        fold(random.below(streams as u64) as usize)?;
        folds += 1;
    }
    let time = start.elapsed();
    drop(reader);
    engine.close()?;
    Ok(Measured {
        value: time.as_secs_f64() * 1e3 / f64::from(folds),
        first_ms: Some(firsts.as_secs_f64() * 1e3 / streams as f64),
        ..Measured::default()
    })
}

/// Keeps the state of one stream and appends to that, one event at a time; after each it asks for the
/// state, and only that is measured.
pub(super) fn warm(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    /// So that the stream at most doubles.
    const MOST: u64 = STREAM;
    const LEAST: u64 = 10;
    fill(subject, directory, settings)?;
    let streams = settings.entities;
    let mut expected = expected(0, streams);
    let engine = subject.open(directory, settings)?;
    let mut kept = Kept::default();
    engine.reader()?.project(0, &mut kept)?;
    let mut latencies = Vec::new();
    let start = Instant::now();
    for at in 0..MOST {
        if at >= LEAST && start.elapsed() >= amount.time() {
            break;
        }
        let item = item(0, STREAM + at, streams);
        expected.take(item.payload());
        engine.writer()?.append(item)?;
        let mut reader = engine.reader()?;
        let asked = Instant::now();
        reader.project(0, &mut kept)?;
        latencies.push(asked.elapsed().as_nanos() as u64);
        let kept = &kept.fold;
        ensure!(*kept == expected, "it is {kept:?}, not {expected:?}");
    }
    engine.close()?;
    latencies.sort_unstable();
    let p50_us = percentile(&latencies, 0.50);
    Ok(Measured {
        value: p50_us.unwrap_or_default(),
        p50_us,
        p99_us: percentile(&latencies, 0.99),
        ..Measured::default()
    })
}
