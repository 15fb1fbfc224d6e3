//! Every small damage to every file of a small store. Whatever it is, what a store says afterwards is as it was, or an
//! error that names the place; a refusal changes nothing on disk; and nothing that was proven to be durable is gone.

mod files;
mod frames;
mod image;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Instant;

use batpak::testing::MemoryDisk;

use crate::support::announce;
use image::{Damage, Image, Outcome, Run};

/// How many threads try damages: the machines that run this have two cores.
const THREADS: usize = 2;

/// How often each outcome came of the damages of one sort.
#[derive(Default)]
struct Tally(BTreeMap<Outcome, u64>);

impl Tally {
    fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} damages", self.total())?;
        let mut counts = self.0.iter();
        counts.try_for_each(|(outcome, count)| write!(f, ", {count} {outcome:?}"))
    }
}

/// How a damaged store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Writer,
    Reader,
}

/// Tries all of these damages, and says what came of them.
fn try_all(image: &Image, by: By, damages: impl Iterator<Item = Damage> + Send) -> Tally {
    let damages = Mutex::new(damages);
    let tally = Mutex::new(Tally::default());
    let work = || {
        loop {
            let next = damages.lock().unwrap().next();
            let Some(damage) = next else { return };
            let outcome = match by {
                By::Writer => image.open(&damage),
                By::Reader => image.read(&damage),
            };
            *tally.lock().unwrap().0.entry(outcome).or_default() += 1;
        }
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|_| drop(scope.spawn(work)));
    });
    tally.into_inner().unwrap()
}

/// Tries damages of one sort, and counts them in a line that is seen also if the test passes.
fn count(what: &str, image: &Image, by: By, damages: impl Iterator<Item = Damage> + Send) -> Tally {
    let start = Instant::now();
    let tally = try_all(image, by, damages);
    announce(&format!(
        "damage: {what} of a store that was {}, opened by a {by:?}: {tally}, {:.1} s",
        image.name,
        start.elapsed().as_secs_f64()
    ));
    tally
}

#[test]
fn a_flipped_bit_anywhere_in_the_log_is_found_or_changes_nothing() {
    let run = Run::new(1);
    let bits = files::log_bits(&run.closed);
    let closed = count("log bits", &run.closed, By::Writer, bits);
    assert!(closed.0.contains_key(&Outcome::Found) && !closed.0.contains_key(&Outcome::Cut));
    let bare = run.crashed.without_index();
    let crashed = count("log bits", &bare, By::Writer, files::log_bits(&bare));
    assert!(crashed.0.contains_key(&Outcome::Refused) && crashed.0.contains_key(&Outcome::Cut));
    // What opening has read from end to end is not refused afterwards, whatever lies behind the events of a segment.
    assert!(!crashed.0.contains_key(&Outcome::Found));
    let bare = run.closed.without_index();
    let marked = count("newest bits", &bare, By::Writer, files::newest_bits(&bare));
    assert!(marked.0.contains_key(&Outcome::Refused) && !marked.0.contains_key(&Outcome::Cut));
    for (image, by) in [(&run.crashed, By::Writer), (&run.closed, By::Reader)] {
        count("log bytes", image, by, files::log_bytes(image));
    }
}

#[test]
fn a_flipped_bit_anywhere_in_what_is_derived_changes_no_answer() {
    let run = Run::new(2);
    for (image, by) in [
        (&run.closed, By::Reader),
        (&run.closed, By::Writer),
        (&run.crashed, By::Writer),
    ] {
        let tally = count("derived bits", image, by, files::derived_bits(image));
        assert!(!tally.0.contains_key(&Outcome::Refused));
        // A writer makes anew what it finds.
        assert!(by == By::Writer || tally.0.contains_key(&Outcome::Found));
    }
}

#[test]
fn a_file_of_any_other_length_is_found_or_changes_nothing() {
    let run = Run::new(3);
    for image in [&run.closed, &run.crashed, &run.crashed.without_index()] {
        let tally = count("lengths", image, By::Writer, files::lengths(image));
        let may_lose = image.name.starts_with("killed");
        assert_eq!(tally.0.contains_key(&Outcome::Cut), may_lose);
    }
    count(
        "lengths",
        &run.closed,
        By::Reader,
        files::lengths(&run.closed),
    );
}

#[test]
fn files_that_are_missing_or_swapped_or_longer_are_found_or_change_nothing() {
    let run = Run::new(4);
    for image in [&run.closed, &run.crashed, &run.crashed.without_index()] {
        for by in [By::Writer, By::Reader] {
            count("missing files", image, by, files::missing(image));
            count("files under other names", image, by, files::misnamed(image));
            count("longer files", image, by, files::longer(image));
        }
    }
}

#[test]
fn frames_from_elsewhere_are_found_or_change_nothing() {
    let (run, other) = (Run::new(5), Run::new(6));
    for image in [&run.closed, &run.crashed, &run.crashed.without_index()] {
        let sources = [image, &run.opened, &other.closed, &other.crashed];
        for by in [By::Writer, By::Reader] {
            count(
                "spliced frames",
                image,
                by,
                frames::spliced(image, &sources),
            );
            count("swapped frames", image, by, frames::swapped(image));
        }
    }
}

/// The stores above are not damaged by being looked at.
#[test]
fn a_store_that_nothing_was_done_to_is_whole() {
    let run = Run::new(7);
    for image in [&run.closed, &run.crashed] {
        let bare = image.without_index();
        for image in [image, &bare] {
            assert_eq!(image.open(&Damage::none()), Outcome::Same);
            assert_eq!(image.read(&Damage::none()), Outcome::Same);
            let store = MemoryDisk::with_files(image.files.clone()).open().unwrap();
            assert_eq!(store.verify().unwrap().events, image.last());
        }
    }
}
