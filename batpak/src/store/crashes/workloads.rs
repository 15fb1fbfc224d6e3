//! What the stores do that crash.

use super::player::Step::{self, Clock, Close, Commit, Drop, Flush, Hold, Open, Submit, Wait};
use crate::pipeline::Durability::{Buffered, Durable, Written};
use crate::testing::Random;

/// Steps, under a name.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    /// Whether the store's thread works whenever it likes, so that no two runs need to be the same.
    pub(super) is_free: bool,
}

impl Workload {
    /// The workload of this name. Those of `random-7` are random, the same for the same number.
    pub(super) fn named(name: &str) -> Self {
        let steps = match name {
            "founding" => FOUNDING.to_vec(),
            "durable" => DURABLE.to_vec(),
            "written" => WRITTEN.to_vec(),
            "buffered" => BUFFERED.to_vec(),
            "rolls" => ROLLS.to_vec(),
            "large" => LARGE.to_vec(),
            "free" => BUFFERED
                .iter()
                .filter(|step| !matches!(step, Hold))
                .copied()
                .collect(),
            random => {
                let seed = random
                    .strip_prefix("random-")
                    .and_then(|seed| seed.parse().ok());
                random_steps(seed.unwrap_or_else(|| panic!("there is no workload `{name}`")))
            }
        };
        Self {
            name: name.to_owned(),
            steps,
            is_free: name == "free" || name.starts_with("random"),
        }
    }
}

const FOUNDING: &[Step] = &[Open, Commit(1, 30, Durable), Commit(2, 40, Durable)];

/// Durable batches of several sizes, into room and where none is left; the clock goes back, and forth.
const DURABLE: &[Step] = &[
    Open,
    Commit(1, 30, Durable),
    Clock(-3_600),
    Commit(3, 60, Durable),
    Commit(1, 500, Durable),
    Drop,
    Open,
    Commit(2, 100, Durable),
    Clock(7_200),
    Commit(1, 700, Durable),
];

/// Batches that are not synced at once, and how they become durable.
const WRITTEN: &[Step] = &[
    Open,
    Commit(1, 50, Written),
    Commit(2, 20, Written),
    Commit(1, 40, Durable),
    Commit(1, 30, Written),
    Flush,
    Commit(2, 60, Written),
    Commit(1, 10, Written),
    Drop,
    Open,
    Commit(1, 30, Written),
    Commit(1, 30, Written),
    Close,
];

/// Batches that are written by others, and tickets. The store's thread is held up at the footer of the first segment.
const BUFFERED: &[Step] = &[
    Open,
    Commit(1, 3_800, Durable),
    Commit(1, 30, Durable),
    Hold,
    Commit(2, 50, Buffered),
    Commit(1, 50, Buffered),
    Commit(1, 50, Written),
    Commit(1, 50, Buffered),
    Commit(1, 60, Durable),
    Submit(1, 40, Durable),
    Submit(2, 30, Written),
    Submit(1, 20, Durable),
    Wait,
    Commit(1, 30, Buffered),
    Flush,
    Commit(1, 30, Buffered),
    Drop,
    Open,
];

/// Segment after segment, begun by batches of all durabilities, with their footers.
const ROLLS: &[Step] = &[
    Open,
    Commit(1, 1_700, Durable),
    Commit(1, 1_700, Durable),
    Commit(2, 1_500, Written),
    Commit(1, 1_500, Written),
    Commit(1, 30, Durable),
    Close,
    Open,
    Commit(1, 3_000, Durable),
    Commit(1, 30, Written),
    Drop,
    Open,
    Commit(1, 2_000, Written),
    Commit(1, 2_000, Written),
];

/// Batches that are larger than a segment, or as large.
const LARGE: &[Step] = &[
    Open,
    Commit(3, 1_900, Written),
    Commit(1, 20, Durable),
    Commit(2, 3_000, Durable),
    Commit(1, 3_700, Durable),
    Drop,
    Open,
    Commit(4, 1_200, Durable),
];

fn random_steps(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut steps = vec![Open];
    for _ in 0..14 {
        let durability = *random.pick(&[Durable, Durable, Written, Written, Buffered]);
        let events = 1 + random.below(3) as usize;
        let bytes = match random.below(3) {
            0 => random.below(40) as usize,
            1 => random.below(400) as usize,
            _ => random.below(2_500) as usize,
        };
        match random.below(16) {
            0 => steps.extend([Drop, Open]),
            1 => steps.extend([Close, Open]),
            2 => steps.push(Flush),
            3 => steps.push(Clock(random.below(7_200) as i64 - 3_600)),
            4 | 5 => steps.extend([
                Submit(events, bytes, durability),
                Submit(1, 30, Written),
                Submit(1, bytes, Durable),
                Wait,
            ]),
            _ => steps.push(Commit(events, bytes, durability)),
        }
    }
    steps
}
