//! Random programs in several threads, whose answers must be such as one order of all commits gives: the order of
//! their positions. Whatever was answered before something else was asked comes first.

use std::sync::atomic::{AtomicU64, Ordering};

use batpak::prelude::*;
use batpak::testing::Random;

use crate::support::{Dir, coordinate, number, setting, soon};

/// How many programs are run, if `BATPAK_TEST_PROGRAMS` does not say otherwise.
const PROGRAMS: u64 = 20;

const WRITERS: u64 = 4;
const STEPS: u64 = 50;
const STREAMS: u64 = 3;

const DURABILITIES: [Durability; 3] = [
    Durability::Buffered,
    Durability::Written,
    Durability::Durable,
];

/// What was asked and answered, and when, by one clock for all threads.
struct Done {
    asked: u64,
    answered: u64,
    answer: Answer,
}

enum Answer {
    Stored(Commit),
    Refused(u64, Expect, u64),
    /// A stream had so many events, or without a stream the log.
    Seen(Option<u64>, u64, Reader),
}

/// Who sees: the store that is written to, or one that is opened for reading beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Writer,
    Beside,
}

#[derive(Debug)]
struct Commit {
    first: u64,
    durability: Durability,
    /// The stream, the revision, and the number of each event.
    events: Vec<(u64, u64, u64)>,
    expected: (u64, Expect),
}

impl Commit {
    fn last(&self) -> u64 {
        self.first + self.events.len() as u64 - 1
    }
}

fn stream(n: u64) -> Coordinate {
    coordinate(&format!("stream:{n}"), "s")
}

fn holds(expect: Expect, revision: u64) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Empty => revision == 0,
        Expect::Exists => revision > 0,
        Expect::Revision(expected) => revision == expected,
    }
}

/// One thread of a program.
struct Thread<'p> {
    store: &'p Store,
    clock: &'p AtomicU64,
    random: Random,
    /// What it gives its events to tell them apart.
    number: u64,
    /// The revisions that it saw last.
    known: [u64; STREAMS as usize],
    done: Vec<Done>,
}

impl<'p> Thread<'p> {
    fn new(store: &'p Store, clock: &'p AtomicU64, seed: u64) -> Self {
        Self {
            store,
            clock,
            random: Random::new(seed),
            number: seed << 32,
            known: [0; STREAMS as usize],
            done: Vec::new(),
        }
    }

    fn timed(&mut self, ask: impl FnOnce(&mut Self) -> Answer) {
        let asked = self.clock.fetch_add(1, Ordering::SeqCst);
        let answer = ask(self);
        let answered = self.clock.fetch_add(1, Ordering::SeqCst);
        self.done.push(Done {
            asked,
            answered,
            answer,
        });
    }

    fn write(mut self) -> Vec<Done> {
        for _ in 0..STEPS {
            match self.random.below(4) {
                0 => self.timed(|thread| thread.see(Reader::Writer)),
                _ => self.timed(Self::commit),
            }
        }
        self.done
    }

    fn read_beside(mut self) -> Vec<Done> {
        for _ in 0..STEPS {
            self.timed(|thread| thread.see(Reader::Beside));
        }
        self.done
    }

    /// Commits some events, and expects the first one's stream to be as it was seen last, or somehow.
    fn commit(&mut self) -> Answer {
        let events: Vec<_> = (0..1 + self.random.below(3))
            .map(|n| (self.random.below(STREAMS), self.number + n))
            .collect();
        self.number += events.len() as u64;
        let expected = events[0].0;
        let known = self.known[expected as usize];
        let expect = *self.random.pick(&[
            Expect::Any,
            Expect::Empty,
            Expect::Exists,
            Expect::Revision(known),
            Expect::Revision(known),
            Expect::Revision(known + 1),
        ]);
        let durability = *self.random.pick(&DURABILITIES);
        let mut batch = Batch::new()
            .durability(durability)
            .expect(&stream(expected), expect);
        batch.extend(events.iter().map(|(name, n)| number(&stream(*name), *n)));
        match self.store.commit(batch) {
            Ok(receipts) => {
                let told = events.iter().zip(&receipts);
                let events: Vec<_> = told
                    .map(|((name, n), receipt)| (*name, receipt.revision, *n))
                    .collect();
                for (name, revision, _) in &events {
                    self.known[*name as usize] = *revision;
                }
                Answer::Stored(Commit {
                    first: receipts[0].sequence,
                    durability: receipts[0].durability,
                    events,
                    expected: (expected, expect),
                })
            }
            Err(StoreError::Conflict(conflict)) => {
                let actual = conflict.revision;
                self.known[expected as usize] = actual;
                Answer::Refused(expected, expect, actual)
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn see(&mut self, reader: Reader) -> Answer {
        let name = self.random.below(STREAMS + 1);
        if name == STREAMS {
            let all = self.store.query(&Region::all());
            let positions = all.map(|event| event.unwrap().header.sequence);
            let positions: Vec<_> = positions.collect();
            assert!(positions.iter().copied().eq(1..=positions.len() as u64));
            return Answer::Seen(None, positions.len() as u64, reader);
        }
        let revision = self.store.revision(&stream(name)).unwrap();
        self.known[name as usize] = revision;
        Answer::Seen(Some(name), revision, reader)
    }
}

/// Everything that was done, with the commits in the order of their positions.
struct History {
    done: Vec<Done>,
    /// What there is behind each commit, and before the first.
    states: Vec<State>,
}

/// How many events there are, and how many of each stream.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    position: u64,
    revisions: [u64; STREAMS as usize],
}

impl State {
    /// The events of a stream, or without one all.
    fn count(&self, stream: Option<u64>) -> u64 {
        stream.map_or(self.position, |stream| self.revisions[stream as usize])
    }
}

impl History {
    /// Replays the commits in their order: each continues its streams, and found what it expected.
    fn new(done: Vec<Done>) -> Self {
        let mut commits: Vec<&Commit> = done
            .iter()
            .filter_map(|done| match &done.answer {
                Answer::Stored(commit) => Some(commit),
                _ => None,
            })
            .collect();
        commits.sort_by_key(|commit| commit.first);
        let mut state = State::default();
        let mut states = vec![state];
        for commit in commits {
            assert_eq!(commit.first, state.position + 1, "{commit:?}");
            let (expected, expect) = commit.expected;
            assert!(holds(expect, state.count(Some(expected))), "{commit:?}");
            for (name, revision, _) in &commit.events {
                state.revisions[*name as usize] += 1;
                assert_eq!(*revision, state.count(Some(*name)), "{commit:?}");
            }
            state.position = commit.last();
            states.push(state);
        }
        Self { done, states }
    }

    /// Up to which position there were events for certain, for somebody to whom some answers are told.
    fn floor(&self, asked: u64, told: impl Fn(&Answer) -> u64) -> u64 {
        let before = self.done.iter().filter(|done| done.answered < asked);
        before.map(|done| told(&done.answer)).max().unwrap_or(0)
    }

    /// Up to which position there may have been events.
    fn ceiling(&self, answered: u64) -> u64 {
        let begun = self.done.iter().filter(|done| done.asked < answered);
        let last = begun.map(|done| match &done.answer {
            Answer::Stored(commit) => commit.last(),
            _ => 0,
        });
        last.max().unwrap_or(0)
    }

    /// The least position at which something was seen.
    fn seen(&self, name: Option<u64>, count: u64) -> u64 {
        let mut states = self.states.iter();
        let reached = states.find(|state| count <= state.count(name));
        reached.unwrap().position
    }

    /// Up to which position an answer shows that there are events: to whom reads `to`, and sees at once what was
    /// committed with this durability. Who reads beside the writer is told of a commit a moment after its answer.
    fn shown(&self, answer: &Answer, least: Durability, to: Reader) -> u64 {
        match answer {
            Answer::Stored(commit) if to == Reader::Writer && commit.durability >= least => {
                commit.last()
            }
            Answer::Seen(name, count, by) if to == Reader::Writer || *by == to => {
                self.seen(*name, *count)
            }
            _ => 0,
        }
    }

    /// That each answer is the one of a state between what came before it and what was asked by then.
    fn check(&self) {
        for done in &self.done {
            let floor = |least, to| self.floor(done.asked, |answer| self.shown(answer, least, to));
            let staged = || floor(Durability::Buffered, Reader::Writer);
            let (floor, stream, count) = match &done.answer {
                Answer::Stored(commit) => {
                    assert!(staged() < commit.first, "{commit:?}");
                    continue;
                }
                Answer::Refused(stream, expect, actual) => {
                    assert!(!holds(*expect, *actual));
                    (staged(), Some(*stream), *actual)
                }
                Answer::Seen(stream, count, Reader::Writer) => {
                    let published = floor(Durability::Written, Reader::Writer);
                    (published, *stream, *count)
                }
                Answer::Seen(stream, count, Reader::Beside) => {
                    let seen = floor(Durability::Durable, Reader::Beside);
                    (seen, *stream, *count)
                }
            };
            let possible = floor..=self.ceiling(done.answered);
            let mut states = self.states.iter();
            let is_one =
                |state: &State| possible.contains(&state.position) && state.count(stream) == count;
            assert!(states.any(is_one), "{count} of {stream:?} in {possible:?}");
        }
    }

    /// That the store has the events that were acknowledged, in their order.
    fn assert_stored(&self, store: &Store) {
        let mut expected: Vec<(u64, u64)> = Vec::new();
        for done in &self.done {
            if let Answer::Stored(commit) = &done.answer {
                let numbers = commit.events.iter().map(|(_, _, number)| *number);
                expected.extend((commit.first..).zip(numbers));
            }
        }
        expected.sort_unstable();
        let stored = store.query(&Region::all()).map(|event| {
            let event = event.unwrap();
            (event.header.sequence, event.payload::<u64>().unwrap())
        });
        assert!(stored.eq(expected));
    }
}

#[test]
fn conditional_commits_of_several_threads_are_linearizable_and_readers_go_forward() {
    let first = setting("BATPAK_TEST_SEED", 0);
    for seed in first..first + setting("BATPAK_TEST_PROGRAMS", PROGRAMS) {
        // It is shown if the test fails.
        println!("the program of seed {seed}");
        let dir = Dir::new();
        let (store, clock) = (dir.open(), AtomicU64::new(0));
        let reader = Store::open_read_only(dir.config()).unwrap();
        let done = std::thread::scope(|scope| {
            let thread = |n, store| Thread::new(store, &clock, 1 + seed * (WRITERS + 1) + n);
            let beside = thread(WRITERS, &reader);
            let mut threads: Vec<_> = (0..WRITERS)
                .map(|n| thread(n, &store))
                .map(|writer| scope.spawn(move || writer.write()))
                .collect();
            threads.push(scope.spawn(move || beside.read_beside()));
            let done = threads.into_iter().map(|thread| thread.join().unwrap());
            done.flatten().collect::<Vec<_>>()
        });
        let history = History::new(done);
        history.check();
        assert!(dir.segments().len() > 2, "segments were begun meanwhile");
        store.flush().unwrap();
        history.assert_stored(&store);
        soon("the writer's events", || {
            reader.position() == store.position()
        });
        history.assert_stored(&reader);
        drop(store);
        history.assert_stored(&dir.open());
    }
}
