//! The macros run in-process: on whatever tokens, and on the examples, whose expansions are kept beside. And
//! what the manual says of their errors.

mod manual;
mod mutations;
mod snapshots;
mod sources;
