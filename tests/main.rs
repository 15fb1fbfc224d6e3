//! What batpak promises, tried through its public interface: one module per capability.

mod append;
mod backup;
mod cache;
mod causality;
mod checkpoint;
mod commit;
mod concurrent;
mod condition;
mod consume;
mod damage;
mod directory;
mod event;
#[cfg(feature = "blake3")]
mod forger;
#[cfg(feature = "blake3")]
mod forgery;
mod format;
mod fuzz;
mod gate;
mod ids;
mod import;
mod index;
mod list;
mod machine;
mod model;
mod names;
mod outcome;
mod panics;
mod pipeline;
mod process;
mod progress;
mod projection;
mod query;
mod races;
mod reactor;
mod read;
mod read_only;
mod rebuild;
mod recovery;
mod region;
mod repair;
mod subscribe;
mod support;
mod testing;
mod trace;
mod verify;
