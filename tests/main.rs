//! What batpak promises, tried through its public interface: one module per capability.

mod append;
mod directory;
mod event;
mod format;
mod gate;
mod machine;
mod names;
mod process;
mod projection;
mod read;
mod read_only;
mod recovery;
mod region;
mod support;
mod testing;
mod verify;
