//! Which parts cover the log: of the files that are there at opening, and which to merge.

use std::cmp::Reverse;
use std::io::ErrorKind;
use std::ops::Range;
use std::sync::Arc;

use super::part::{Part, PartDir, part_range};
use super::{IndexError, failed};

/// What was found in the directory of the parts.
#[derive(Debug)]
pub(crate) struct Cover {
    /// Parts that cover the positions from 1 on without gaps, in order.
    pub(crate) parts: Vec<Arc<Part>>,
    /// The names of files that are of no use any more: unfinished or unreadable parts, such as are
    /// covered by others, and such as lie behind a gap.
    pub(crate) leftovers: Vec<String>,
    /// Every position up to this one is durable, for a part says so that fits the log, be it of use or not. 0 before
    /// anybody looked into the log.
    pub(crate) durable: u64,
}

/// Opens the parts that cover most of the log.
///
/// A crash may leave a merged part beside those that it was made of: then the one that covers more
/// is taken. Nothing is removed. Files with names that no part has are left out of it.
///
/// # Errors
/// The disk's. A part that is damaged is a leftover.
pub(crate) fn open_all(dir: &PartDir) -> Result<Cover, IndexError> {
    let names = list(dir)?;
    let mut found = Vec::new();
    let mut leftovers = Vec::new();
    for name in names {
        let unfinished = name.strip_suffix(".tmp").and_then(part_range);
        match part_range(&name) {
            _ if unfinished.is_some() => leftovers.push(name),
            None => {}
            Some((first, last)) => match Part::open(dir, first, last) {
                Ok(part) => found.push((name, part)),
                Err(error) if error.is_damage() => leftovers.push(name),
                // The writer has merged it meanwhile.
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error),
            },
        }
    }
    found.sort_unstable_by_key(|(_, part)| (part.first(), Reverse(part.last())));
    let chosen = widest(&found);
    let mut parts = Vec::with_capacity(chosen.len());
    let mut chosen = chosen.into_iter().peekable();
    for (at, (name, part)) in found.into_iter().enumerate() {
        match chosen.next_if_eq(&at) {
            Some(_) => parts.push(part),
            None => leftovers.push(name),
        }
    }
    Ok(Cover {
        parts,
        leftovers,
        durable: 0,
    })
}

/// The positions that each part covers by its name, sorted.
///
/// # Errors
/// That of listing the directory.
pub(crate) fn part_ranges(dir: &PartDir) -> Result<Vec<(u64, u64)>, IndexError> {
    let names = list(dir)?;
    let mut ranges: Vec<_> = names.iter().filter_map(|name| part_range(name)).collect();
    ranges.sort_unstable();
    Ok(ranges)
}

/// The last position that any part covers, by these names.
pub(crate) fn last_named(names: &[String]) -> Option<u64> {
    let ranges = names.iter().filter_map(|name| part_range(name));
    ranges.map(|(_, last)| last).max()
}

/// The names in the directory, which need not be there.
fn list(dir: &PartDir) -> Result<Vec<String>, IndexError> {
    match dir.disk.list(&dir.dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(failed(&dir.dir, 1)),
    }
}

/// Which of the parts, sorted by their first positions, follow one another from position 1 on and
/// reach farthest; of several such rows, one that begins with the widest part.
fn widest(parts: &[(String, Arc<Part>)]) -> Vec<usize> {
    let from = |position: u64| {
        let start = parts.partition_point(|(_, part)| part.first() < position);
        let end = parts.partition_point(|(_, part)| part.first() <= position);
        start..end
    };
    // How far a row that begins with each part reaches, and which part is the next in it.
    let mut rows: Vec<(u64, Option<usize>)> = vec![(0, None); parts.len()];
    for at in (0..parts.len()).rev() {
        let last = parts[at].1.last();
        let next = farthest(from(last.saturating_add(1)), &rows);
        rows[at] = (next.map_or(last, |next| rows[next].0), next);
    }
    let mut chosen = Vec::new();
    let mut next = farthest(from(1), &rows);
    while let Some(at) = next {
        chosen.push(at);
        next = rows[at].1;
    }
    chosen
}

/// The first of these parts whose row reaches farthest.
fn farthest(parts: Range<usize>, rows: &[(u64, Option<usize>)]) -> Option<usize> {
    parts.max_by_key(|at| (rows[*at].0, Reverse(*at)))
}

/// How many parts of one size are merged.
const FAN_IN: usize = 8;

/// Which adjacent parts to merge next, if any.
///
/// Parts have levels by the number of their events, each eight times as many as the one below. A part
/// takes up smaller ones before it, so that levels fall along the log; then eight of one level become
/// one of the next. So there are at most seven parts to a level, and an event is written again about
/// once for each level.
pub(crate) fn pick(parts: &[Arc<Part>]) -> Option<Range<usize>> {
    let events: Vec<u64> = parts.iter().map(|part| part.events()).collect();
    pick_by_events(&events)
}

fn pick_by_events(events: &[u64]) -> Option<Range<usize>> {
    let levels: Vec<u32> = events.iter().map(|events| level(*events)).collect();
    for (end, next) in levels.iter().enumerate() {
        let smaller = levels[..end].iter().rev().take_while(|level| *level < next);
        let smaller = smaller.count();
        if smaller > 0 {
            return Some(end - smaller..end + 1);
        }
    }
    let mut start = 0;
    for row in levels.chunk_by(|a, b| a == b) {
        if row.len() >= FAN_IN {
            return Some(start..start + FAN_IN);
        }
        start += row.len();
    }
    None
}

/// Tails are frozen at about 2^15 events, which is in the midst of a level, so that a few more or less
/// make no difference.
fn level(events: u64) -> u32 {
    (events.max(1).ilog2() + 1) / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds parts one by one and merges as told. Returns the parts and how many events were written
    /// by merging.
    fn run(parts: impl Iterator<Item = u64>) -> (Vec<u64>, u64) {
        let (mut row, mut written) = (Vec::new(), 0);
        for part in parts {
            row.push(part);
            while let Some(range) = pick_by_events(&row) {
                assert!(range.len() > 1, "{range:?} of {row:?}");
                let merged = row[range.clone()].iter().sum();
                written += merged;
                row.splice(range, [merged]);
            }
        }
        (row, written)
    }

    #[test]
    fn parts_of_the_usual_size_stay_few_and_are_written_once_for_each_level() {
        let sizes = (0..3_000_u64).map(|n| 32_768 + n * 7_919 % 4_096);
        let (row, written) = run(sizes.clone());
        assert!(row.len() <= 7 * 4, "{row:?}");
        assert!(written <= sizes.sum::<u64>() * 4);
    }

    #[test]
    fn a_part_of_one_event_per_run_leaves_few_parts() {
        let (row, written) = run((0..100_000).map(|_| 1));
        assert!(row.len() <= 7 * 6, "{row:?}");
        assert!(written <= 100_000 * 6, "{written}");
    }

    #[test]
    fn parts_of_all_sizes_stay_few() {
        let mut state = 1_u64;
        let sizes = (0..20_000).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
            1 << ((state >> 33) % 17)
        });
        let sizes: Vec<u64> = sizes.collect();
        let (row, written) = run(sizes.iter().copied());
        assert!(row.len() <= 7 * 10, "{row:?}");
        assert!(written <= sizes.iter().sum::<u64>() * 10);
    }
}
