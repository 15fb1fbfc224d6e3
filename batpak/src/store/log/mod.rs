//! Where events lie on disk. What an event's body is, is the same for every home of the log; how
//! bodies are kept is the home's own business. There is one home so far: [`segment`] files.

pub(crate) mod body;
pub(crate) mod history;
pub(crate) mod order;
pub(crate) mod segment;

#[cfg(all(test, feature = "blake3"))]
mod golden;
