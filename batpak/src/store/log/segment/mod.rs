//! The segment store: the log as a row of append-only files. `FORMAT.md` specifies them.
//!
//! [`header`] and [`frame`] are bytes to structs, [`recover`] is the decision about what a file
//! holds, [`mod@file`], [`window`], [`reader`] and [`writer`] are the files in use, [`directory`] is their row,
//! `growth` how it changes under a reader, [`walk`] reads one again, [`whole`] to see that it is, [`seal`] closes
//! them for good, and [`copy`] puts them elsewhere.

pub(crate) mod copy;
pub(crate) mod directory;
pub(crate) mod file;
pub(crate) mod frame;
mod growth;
pub(crate) mod handles;
pub(crate) mod header;
pub(crate) mod reader;
pub(crate) mod recover;
pub(crate) mod seal;
pub(crate) mod walk;
pub(crate) mod whole;
pub(crate) mod window;
pub(crate) mod writer;
