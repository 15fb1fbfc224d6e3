//! What is left of a store after any crash.
//!
//! A *workload* is played once on a simulated disk, which notes every call ([`crate::store::fs::simulated`] has the
//! fault model), and what was promised meanwhile is noted with it. Then a crash is played through behind each of the
//! calls: each choice of what it leaves is a disk, on which the [`oracle`] opens the store. Nothing has to be run again
//! for that, so one run gives thousands of crashes.
//!
//! A crash that breaks a promise is told by a text such as `rolls:31:writes:0.1.1`, which says the workload, behind
//! how many calls, what was lost, and the choices in their order; behind a `/` follows a second crash, during the
//! opening after the first. It is played through again, and only it, by
//! `BATPAK_CRASH=rolls:31:writes:0.1.1 cargo test -p batpak --lib --features testing the_crash_that_is_asked_for`. The
//! number of a row of crashes, `row-17`, may be given in the same way.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod chained;
mod consumers;
mod controls;
mod enumerated;
mod explorer;
mod failing;
mod oracle;
mod player;
mod reactors;
mod workloads;
