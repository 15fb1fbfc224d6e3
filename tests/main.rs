//! What batpak promises, tried through its public interface: one module per capability.

mod append;
mod commit;
mod directory;
mod event;
mod format;
mod gate;
mod index;
mod list;
mod machine;
mod model;
mod names;
mod process;
mod projection;
mod query;
mod read;
mod read_only;
mod rebuild;
mod recovery;
mod region;
mod support;
mod testing;
mod verify;
