use std::io::{self, ErrorKind};

use super::block::{BlockBuilder, DATA, common_prefix, push_varint};
use super::filter::FilterBuilder;
use super::layout::{BLOCK, Footer, Header, MAX_KEY, MAX_VALUE, PAGE_WORDS, Seal, WORD};
use crate::store::fs::DiskFile;

/// How many bytes are collected before they are written.
const WRITE: usize = 256 << 10;

/// Writes a table.
///
/// What it keeps in memory are the bytes of one write, a block for each level of the tree, and the
/// filter.
#[derive(Debug)]
pub(crate) struct TableWriter {
    file: Box<dyn DiskFile>,
    seal: Seal,
    /// What is to be written at `written`.
    out: Vec<u8>,
    written: u64,
    /// The blocks that are being built: that of entries, and above it the fences, up to the root.
    levels: Vec<Level>,
    filter: FilterBuilder,
    entries: u64,
    words: u64,
    /// Those that no page was written of yet.
    page: Vec<u8>,
}

/// The block that is being built of one level.
#[derive(Debug, Default)]
struct Level {
    block: BlockBuilder,
    /// The key that leads to it.
    fence: Vec<u8>,
}

impl TableWriter {
    /// Begins a table in an empty file. `identity` is random; its filter will have about `terms`
    /// different terms at most, and 0 is for a table that needs no filter.
    pub(crate) fn new(file: Box<dyn DiskFile>, identity: u64, terms: u64) -> Self {
        Self {
            file,
            seal: Seal { identity },
            out: Header { identity }.to_bytes().to_vec(),
            written: 0,
            levels: vec![Level::default(), Level::default()],
            filter: FilterBuilder::new(terms),
            entries: 0,
            words: 0,
            page: Vec::new(),
        }
    }

    /// Adds a word behind those that were added before, which [`Table::word`](super::Table::word) gives
    /// back. All words come before the first entry.
    ///
    /// # Errors
    /// `InvalidInput` if there is an entry; otherwise the disk's, after which the table is of no use.
    pub(crate) fn add_word(&mut self, word: u32) -> io::Result<()> {
        if self.entries > 0 {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.page.extend_from_slice(&word.to_le_bytes());
        self.words += 1;
        if self.page.len() == PAGE_WORDS * WORD {
            self.close_page()?;
        }
        Ok(())
    }

    /// Ends the page of words that is being built, if it has any.
    fn close_page(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        self.write_full()?;
        self.page.resize(PAGE_WORDS * WORD, 0);
        let crc = self.seal.crc(self.bytes_written(), &self.page);
        self.out.append(&mut self.page);
        self.out.extend_from_slice(&crc.to_le_bytes());
        Ok(())
    }

    /// Adds an entry, whose key is greater than that of the one before.
    ///
    /// # Errors
    /// `InvalidInput` if it is not, or if key or value are too long; otherwise the disk's, after which
    /// the table is of no use.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.close_page()?;
        let last = self.levels[0].block.last();
        let rises = self.entries == 0 || last < key;
        if !rises || key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return Err(ErrorKind::InvalidInput.into());
        }
        let block = &self.levels[0].block;
        if !block.is_empty() && block.bytes_with(key, value) > BLOCK {
            self.close(0)?;
        }
        let Level { block, fence } = &mut self.levels[0];
        if block.is_empty() {
            // The shortest key that is greater than those before. The first block has none before.
            let fresh = if self.entries == 0 {
                0
            } else {
                common_prefix(block.last(), key) + 1
            };
            fence.clear();
            fence.extend_from_slice(&key[..fresh]);
        }
        block.add(key, value);
        self.entries += 1;
        Ok(())
    }

    /// Adds a term to the filter, by its [`term_hash`](super::term_hash). Twice is as once.
    pub(crate) fn add_to_filter(&mut self, hash: u64) {
        self.filter.add(hash);
    }

    /// How long the file is by now, without what is still being built.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.written + self.out.len() as u64
    }

    /// Completes the table with a summary, which [`Table::summary`](super::Table::summary) gives
    /// back, and syncs it. Returns the file's length.
    pub(crate) fn finish(mut self, summary: &[u8]) -> io::Result<u64> {
        let summary_bytes = u32::try_from(summary.len()).map_err(|_| ErrorKind::InvalidInput)?;
        self.close_page()?;
        let mut level = 0;
        while level + 1 < self.levels.len() {
            if !self.levels[level].block.is_empty() {
                self.close(level)?;
            }
            level += 1;
        }
        let root_bytes = self.write_block(level);
        self.filter.shrink();
        for page in 0..self.filter.shape().pages() {
            self.write_full()?;
            let page = self.filter.sealed(page, self.seal, self.bytes_written());
            self.out.extend_from_slice(&page);
        }
        let crc = self.seal.crc(self.bytes_written(), summary);
        self.out.extend_from_slice(summary);
        self.out.extend_from_slice(&crc.to_le_bytes());
        let footer = Footer {
            entries: self.entries,
            words: self.words,
            terms: self.filter.terms(),
            root_bytes,
            levels: level as u32,
            filter: self.filter.shape(),
            summary_bytes,
        };
        let footer = footer.to_bytes(self.seal, self.bytes_written());
        self.out.extend_from_slice(&footer);
        self.write_out()?;
        self.file.sync()?;
        Ok(self.written)
    }

    /// Ends the block that is being built of a level, and leads to it from the level above.
    fn close(&mut self, level: usize) -> io::Result<()> {
        self.write_full()?;
        let mut place = Vec::with_capacity(12);
        push_varint(&mut place, self.bytes_written());
        let bytes = self.write_block(level);
        push_varint(&mut place, bytes.into());
        let fence = std::mem::take(&mut self.levels[level].fence);
        if self.levels.len() == level + 1 {
            self.levels.push(Level::default());
        }
        let above = &self.levels[level + 1].block;
        if above.has_several() && above.bytes_with(&fence, &place) > BLOCK {
            self.close(level + 1)?;
        }
        let above = &mut self.levels[level + 1];
        if above.block.is_empty() {
            above.fence.clone_from(&fence);
        }
        above.block.add(&fence, &place);
        Ok(())
    }

    fn write_block(&mut self, level: usize) -> u32 {
        let offset = self.bytes_written();
        let block = &mut self.levels[level].block;
        block.finish(DATA + level as u8, self.seal, offset, &mut self.out)
    }

    /// Writes what was collected, if it is enough for a write.
    fn write_full(&mut self) -> io::Result<()> {
        if self.out.len() < WRITE {
            return Ok(());
        }
        self.write_out()
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.out, self.written)?;
        self.written += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }
}
