//! How batpak behaves as a log grows, and its number of streams.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::child::{Job, Task};
use crate::event::{Item, Random};
use crate::memory;
use crate::subjects::{Grown, open_grown, read_only};

/// The workloads' names and units, as in [`Seen::numbers`].
pub(crate) const COLUMNS: [&str; 11] = [
    "append, round robin, ns",
    "append, cold streams, ns",
    "get by position, ns",
    "the same, bytes read from the disk",
    "get by id, ns",
    "stream read, ns per event",
    "page of 10, us",
    "open, ms",
    "open read-only, ms",
    "anonymous after opening, MiB",
    "the same at the end, the cache included, MiB",
];

/// What to measure: with so many events in so many streams.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// How many events there are.
    pub(crate) events: u64,
    /// In how many streams.
    pub(crate) streams: usize,
    /// For how long each thing is repeated, in seconds.
    pub(crate) seconds: f64,
    /// The cache, in bytes.
    pub(crate) cache: usize,
    /// Whether the store is only to be grown so far.
    pub(crate) fill: bool,
}

/// What was seen, in the order of [`COLUMNS`]; empty after filling.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// One number per column.
    pub(crate) numbers: Vec<f64>,
}

/// Grows one store per number of streams from size to size, each measured by a process of its own, and
/// prints a table of what was seen with the factor to the first size.
pub(crate) fn run(
    sizes: &[u64],
    streams: &[usize],
    (seconds, cache): (f64, usize),
    directory: &Path,
) -> Result<()> {
    for &streams in streams {
        let store = directory.join(format!("growth-{streams}"));
        std::fs::create_dir(&store)?;
        let mut rows = Vec::new();
        for &events in sizes {
            eprintln!("growth: {events} events in {streams} streams");
            let growth = |fill| Growth {
                events,
                streams,
                seconds,
                cache,
                fill,
            };
            let job = |fill| Job::new(Task::Grow(growth(fill)), "batpak", &store);
            job(true).run::<Seen>()?;
            rows.push((events, job(false).run::<Seen>()?));
        }
        print(streams, cache, &rows);
        std::fs::remove_dir_all(&store)?;
    }
    Ok(())
}

fn print(streams: usize, cache: usize, rows: &[(u64, Seen)]) {
    let sizes: Vec<_> = rows
        .iter()
        .map(|(events, _)| format!(" {events} |"))
        .collect();
    let cache = cache >> 20;
    println!("\n### batpak, {streams} streams, a cache of {cache} MiB\n");
    println!("| by number of events |{} factor |", sizes.concat());
    println!("| --- |{} ---: |", " ---: |".repeat(rows.len()));
    for (column, name) in COLUMNS.iter().enumerate() {
        let numbers: Vec<_> = rows.iter().map(|(_, seen)| seen.numbers[column]).collect();
        let text = |number: &f64| format!(" {number:.1} |");
        let cells: Vec<_> = numbers.iter().map(text).collect();
        let factor = match (numbers.first(), numbers.last()) {
            (Some(first), Some(last)) if *first > 0.0 => format!("{:.2}", last / first),
            _ => "-".to_owned(),
        };
        println!("| {name} |{} {factor} |", cells.concat());
    }
}

/// The child's part: fills the store, or measures it.
pub(crate) fn measure(growth: Growth, directory: &Path) -> Result<Seen> {
    if growth.fill {
        let store = open_grown(directory, growth.cache)?;
        fill(&store, growth)?;
        store.close()?;
        return Ok(Seen::default());
    }
    memory::warm(directory)?;
    let open = || {
        let store = open_grown(directory, growth.cache)?;
        store.get(store.len())?;
        Ok(store)
    };
    let open_ms = median_ms(|| open().map(drop))?;
    let store = open()?;
    let opened_mib = memory::anonymous_mib()?;
    let mut probe = Probe {
        random: Random::new(growth.events),
        store,
        growth,
    };
    let reads = probe.reads()?;
    let mut numbers = probe.appends()?;
    numbers.extend(reads);
    let end_mib = memory::anonymous_mib()?;
    probe.store.close()?;
    let read_only_ms = median_ms(|| read_only(directory, growth.events))?;
    numbers.extend([open_ms, read_only_ms, opened_mib, end_mib]);
    Ok(Seen { numbers })
}

/// How long `work` takes in the median of some times, in milliseconds.
fn median_ms(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1e3)
}

fn fill(store: &Grown, growth: Growth) -> Result<()> {
    const BATCH: u64 = 1_000;
    let mut next = store.len();
    while next < growth.events {
        let end = growth.events.min(next + BATCH);
        store.append_all((next..end).map(|number| Item::nth(number, growth.streams)))?;
        next = end;
    }
    store.flush()
}

struct Probe {
    store: Grown,
    growth: Growth,
    random: Random,
}

impl Probe {
    /// Repeats `work` for the given time, after a fifth of it to warm up, and gives nanoseconds per unit
    /// that it counts.
    fn time(&mut self, mut work: impl FnMut(&mut Self) -> Result<u64>) -> Result<f64> {
        let warm = Instant::now();
        while warm.elapsed().as_secs_f64() < self.growth.seconds / 5.0 {
            work(self)?;
        }
        let start = Instant::now();
        let mut units = 0;
        while units == 0 || start.elapsed().as_secs_f64() < self.growth.seconds {
            units += work(self)?;
        }
        Ok(start.elapsed().as_nanos() as f64 / units as f64)
    }

    fn position(&mut self) -> u64 {
        1 + self.random.below(self.growth.events)
    }

    /// Reads whose columns are the third to the seventh.
    fn reads(&mut self) -> Result<Vec<f64>> {
        /// How many events of a stream are read at most.
        const STREAM: usize = 1_000;
        const AT_ONCE: u64 = 64;
        let (from_disk, mut gets) = (memory::read_from_disk()?, 0);
        let by_position = self.time(|probe| {
            for _ in 0..AT_ONCE {
                let position = probe.position();
                probe.store.get(position)?;
            }
            gets += AT_ONCE;
            Ok(AT_ONCE)
        })?;
        let from_disk = (memory::read_from_disk()? - from_disk) as f64 / gets as f64;
        let mut ids = Vec::new();
        for _ in 0..10_000 {
            let position = self.position();
            ids.push(self.store.id_at(position)?);
        }
        let by_id = self.time(|probe| {
            for _ in 0..AT_ONCE {
                let id = ids[probe.random.below(ids.len() as u64) as usize];
                probe.store.get_by_id(id)?;
            }
            Ok(AT_ONCE)
        })?;
        let stream = self.time(|probe| {
            let streams = probe.growth.events.min(probe.growth.streams as u64);
            let entity = probe.random.below(streams) as usize;
            let events = probe.store.stream(entity, STREAM)?;
            ensure!(events > 0, "the stream is empty");
            Ok(events)
        })?;
        let page = self.time(|probe| {
            // So that ten follow it: a scope has a kind once in 80 events, on average.
            let from = probe
                .random
                .below(probe.growth.events.saturating_sub(10_000).max(1));
            let item = Item::nth(from, probe.growth.streams);
            probe.store.page(item, 1 + from, 10)?;
            Ok(1)
        })?;
        Ok(vec![by_position, from_disk, by_id, stream, page / 1e3])
    }

    /// Appends, whose columns are the first two: they come last, for they make the store larger.
    fn appends(&mut self) -> Result<Vec<f64>> {
        const APPENDS: u64 = 50_000;
        let streams = self.growth.streams;
        let from = self.growth.events;
        let start = Instant::now();
        for number in from..from + APPENDS {
            self.store.append(Item::nth(number, streams))?;
        }
        let round_robin = start.elapsed();
        let start = Instant::now();
        for _ in 0..APPENDS {
            let mut item = Item::nth(self.random.below(from), streams);
            item.entity = self.random.below(streams as u64) as usize;
            self.store.append(item)?;
        }
        let cold = start.elapsed();
        let each = |time: Duration| time.as_nanos() as f64 / APPENDS as f64;
        Ok(vec![each(round_robin), each(cold)])
    }
}
