//! The macros run in-process: on whatever tokens, and on the examples, whose expansions are kept beside.

mod mutations;
mod snapshots;
mod sources;
