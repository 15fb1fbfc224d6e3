//! What batpak makes of bytes that nobody meant for it. Each target is a function of bytes, which a fuzzer chooses, and
//! says in its module what must hold whatever they are. All start from valid files, and most repair the checksums of
//! what they have damaged: nothing would get past these otherwise.
//!
//! A target that finds something panics. The tests of the workspace run each one for a moment, on bytes from a seed; for
//! long runs see `README.md`.

pub mod bodies;
pub mod index;
pub mod operations;
pub mod payloads;
pub mod segments;

mod bytes;
mod examine;
mod files;
