//! Outcomes: their laws, how several are joined, how they are written down, and who drives them.

mod backoff;
mod drive;
mod form;
mod join;
mod laws;

use std::time::Duration;

use batpak::Outcome;
use batpak::outcome::Failure;
use proptest::prelude::*;

/// An outcome as the tests use it most.
type Answer = Outcome<u8>;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Any outcome but a batch. There are few of each, so that two are often equal.
fn single() -> BoxedStrategy<Answer> {
    prop_oneof![
        3 => any::<u8>().prop_map(Outcome::Ok),
        1 => failure().prop_map(Outcome::Err),
        1 => (0..4_u64, "[ab]").prop_map(|(after, reason)| Outcome::retry(millis(after), reason)),
        1 => (0..4_u64, "[ab]").prop_map(|(after, on)| Outcome::pending(on, millis(after))),
        1 => "[ab]".prop_map(Outcome::cancelled),
    ]
    .boxed()
}

fn failure() -> impl Strategy<Value = Failure> {
    ("[A-C]", "[a-c]").prop_map(|(code, message)| Failure::new(code, message))
}

/// Any outcome, up to batches in batches in batches, with nothing in them or up to four members.
fn outcome() -> BoxedStrategy<Answer> {
    batches_of(single())
}

/// Any outcome in which all is `Ok`.
fn values() -> BoxedStrategy<Answer> {
    batches_of(any::<u8>().prop_map(Outcome::Ok))
}

fn batches_of(single: impl Strategy<Value = Answer> + 'static) -> BoxedStrategy<Answer> {
    single
        .prop_recursive(3, 24, 4, |member| {
            prop::collection::vec(member, 0..=4).prop_map(Outcome::Batch)
        })
        .boxed()
}

/// What is in it, in order, whatever batches it is in.
fn members(outcome: Answer) -> Vec<Answer> {
    match outcome {
        Outcome::Batch(batch) => batch.into_iter().flat_map(members).collect(),
        single => vec![single],
    }
}
