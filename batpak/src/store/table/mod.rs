//! A table: sorted keys with small values in a file that is written once.
//!
//! [`TableWriter`] takes entries in the order of their keys. [`Table`] reads them through a
//! [`BlockCache`] that all tables of a store share, by the [`TableCursor`]s on it. A filter says of most
//! terms that a table does not have, that it does not have them.
//!
//! Before the entries a table may have words, numbers of 32 bits, which are found by how many come before
//! them, in pages of a fixed length.
//!
//! The entries lie in blocks of about 4 KiB. Above them is a tree of fences, which are blocks as well:
//! each entry of a fence leads to a block, under a key that parts it from the block before. Only the root
//! stays in memory. All of the file is under checksums that are seeded with the table's identity and
//! the place in the file, so that a file that was changed anywhere gives [`TableError::Damaged`], or
//! what was written.

mod block;
mod cache;
mod cursor;
mod filter;
mod layout;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::io;

pub(crate) use cache::BlockCache;
pub(crate) use cursor::TableCursor;
pub(crate) use filter::term_hash;
pub(crate) use reader::{Table, WordPage};
pub(crate) use writer::TableWriter;

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is not what was written.
    #[error("{problem} (at byte {offset})")]
    Damaged {
        /// Where what is damaged begins.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl TableError {
    /// Says where what has a problem begins.
    fn damaged(offset: u64) -> impl FnOnce(&'static str) -> Self {
        move |problem| Self::Damaged { offset, problem }
    }
}
