use std::io;
use std::sync::Arc;

use super::block::{Block, DATA, Entry, read_varint};
use super::filter::page_holds;
use super::layout::{CRC, Footer, Header, MAX_BLOCK, PAGE, PAGE_WORDS, Seal, WORD, word_page};
use super::{BlockCache, TableCursor, TableError};
use crate::store::fs::DiskFile;

/// A table that is read, by any number of threads.
#[derive(Debug)]
pub(crate) struct Table {
    file: Arc<dyn DiskFile>,
    cache: Arc<BlockCache>,
    /// What the cache knows it by.
    name: u64,
    seal: Seal,
    footer: Footer,
    root: Arc<[u8]>,
    /// Where the root begins, which is the last block.
    root_offset: u64,
    summary: Arc<[u8]>,
    bytes: u64,
}

/// Where a block lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

impl Place {
    /// Where the block lies that a fence leads to.
    pub(super) fn of(fence: &[u8], entry: &Entry) -> Result<Self, &'static str> {
        let mut rest = &fence[entry.value()];
        let (offset, bytes) = (read_varint(&mut rest)?, read_varint(&mut rest)?);
        let bytes = usize::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes <= MAX_BLOCK);
        let bytes = bytes.ok_or("a fence leads to a block that is too long")?;
        Ok(Self { offset, bytes })
    }
}

impl Table {
    /// Opens the table in a file. Its identity stands in its header.
    pub(crate) fn open(
        file: Arc<dyn DiskFile>,
        cache: &Arc<BlockCache>,
    ) -> Result<Arc<Self>, TableError> {
        let bytes = file.len()?;
        let mut header = [0; Header::BYTES];
        read(file.as_ref(), &mut header, 0)?;
        let header = Header::from_bytes(&header).map_err(TableError::damaged(0))?;
        let seal = Seal {
            identity: header.identity,
        };
        let mut footer = [0; Footer::BYTES];
        let footer_offset = bytes.saturating_sub(Footer::BYTES as u64);
        read(file.as_ref(), &mut footer, footer_offset)?;
        let footer = Footer::from_bytes(&footer, seal, footer_offset)
            .map_err(TableError::damaged(footer_offset))?;
        // What the lengths take together is no more than the file, so none of them is.
        let summary = footer.summary_bytes as usize + CRC;
        let behind_root = summary as u64 + u64::from(footer.filter.pages()) * PAGE as u64;
        let root_offset = footer_offset
            .checked_sub(behind_root + u64::from(footer.root_bytes))
            .filter(|root_offset| *root_offset >= pages_end(&footer))
            .ok_or("the footer tells of more than the file has")
            .map_err(TableError::damaged(footer_offset))?;
        let part = |offset, bytes| load(file.as_ref(), seal, Place { offset, bytes });
        let root = part(root_offset, footer.root_bytes as usize)?;
        let summary = part(footer_offset - summary as u64, summary)?;
        Block::read(&root, footer.levels as u8).map_err(TableError::damaged(root_offset))?;
        Ok(Arc::new(Self {
            file,
            name: cache.name(header.identity),
            cache: Arc::clone(cache),
            seal,
            footer,
            root,
            root_offset,
            summary,
            bytes,
        }))
    }

    /// What the writer was given.
    pub(crate) fn identity(&self) -> u64 {
        self.seal.identity
    }

    /// What the writer was given at the end.
    pub(crate) fn summary(&self) -> &[u8] {
        &self.summary[..self.footer.summary_bytes as usize]
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> u64 {
        self.footer.entries
    }

    /// How many terms the filter was given, about; for the filter of a table that is merged of
    /// several.
    pub(crate) fn terms(&self) -> u64 {
        self.footer.terms
    }

    /// The file's length in bytes.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many words there are.
    pub(crate) fn words(&self) -> u64 {
        self.footer.words
    }

    /// The page that has the word with this number, the first of which is 0.
    pub(crate) fn page_of(&self, number: u64) -> Result<WordPage, TableError> {
        let place = Place {
            offset: word_page(number),
            bytes: PAGE,
        };
        if number >= self.footer.words {
            return Err(TableError::damaged(place.offset)("a word is missing"));
        }
        Ok(WordPage {
            first: number - number % PAGE_WORDS as u64,
            bytes: self.cached(place)?,
        })
    }

    /// Whether the table may have the term with this [`term_hash`](super::term_hash). If not, it
    /// has not; a table without a filter may have every term.
    pub(crate) fn may_hold(&self, hash: u64) -> Result<bool, TableError> {
        let filter = self.footer.filter;
        if filter.slots == 0 {
            return Ok(true);
        }
        let page = self.cached(Place {
            offset: self.root_end() + u64::from(filter.page_of(hash)) * PAGE as u64,
            bytes: PAGE,
        })?;
        Ok(page_holds(&page, hash))
    }

    /// A cursor before the first entry.
    pub(crate) fn cursor(self: &Arc<Self>) -> TableCursor {
        TableCursor::new(Arc::clone(self), None)
    }

    /// A cursor for reading all of the table forward, once: it reads ahead, and leaves to the cache what
    /// others read.
    pub(crate) fn scan(self: &Arc<Self>) -> TableCursor {
        TableCursor::new(Arc::clone(self), Some(Ahead::default()))
    }

    /// About how many bytes of the file the entries from `from` to before `to` take, by the fences: right
    /// but for a block at each end, and within one block to the byte.
    pub(crate) fn bytes_between(&self, from: &[u8], to: &[u8]) -> Result<u64, TableError> {
        if from >= to {
            return Ok(0);
        }
        let (Some(first), Some(last)) = (self.leaf(from)?, self.leaf(to)?) else {
            return Ok(0);
        };
        if first.offset < last.offset {
            return Ok(last.offset - first.offset);
        }
        let block = self.cached(first)?;
        let damaged = TableError::damaged(first.offset);
        let within = |block: Block<'_>| {
            let (from, to) = (block.bytes_before(from)?, block.bytes_before(to)?);
            Ok(to.saturating_sub(from).into())
        };
        Block::read(&block, DATA).and_then(within).map_err(damaged)
    }

    /// The block of entries that a key would be in.
    fn leaf(&self, key: &[u8]) -> Result<Option<Place>, TableError> {
        let (mut block, mut place) = (Arc::clone(&self.root), self.root_place());
        for level in (1..=self.levels()).rev() {
            let next = Block::read(&block, level)
                .and_then(|fences| fences.find(key, |_, _| {}))
                .and_then(|found| {
                    found
                        .map(|(found, _)| Place::of(&block, &found))
                        .transpose()
                })
                .map_err(TableError::damaged(place.offset))?;
            let Some(next) = next else {
                return Ok(None);
            };
            place = next;
            if level > 1 {
                block = self.cached(place)?;
            }
        }
        Ok(Some(place))
    }

    /// How many levels of fences there are.
    pub(super) fn levels(&self) -> u8 {
        self.footer.levels as u8
    }

    pub(super) fn root(&self) -> &Arc<[u8]> {
        &self.root
    }

    pub(super) fn root_place(&self) -> Place {
        Place {
            offset: self.root_offset,
            bytes: self.root.len(),
        }
    }

    fn root_end(&self) -> u64 {
        self.root_offset + self.root.len() as u64
    }

    /// What lies at a place, from the cache if it is there; otherwise it is read, checked and put there.
    pub(super) fn cached(&self, place: Place) -> Result<Arc<[u8]>, TableError> {
        if let Some(block) = self.cache.get(self.name, place.offset) {
            return Ok(block);
        }
        let block = load(self.file.as_ref(), self.seal, place)?;
        self.cache.put(self.name, place.offset, &block);
        Ok(block)
    }
}

/// A page of words.
#[derive(Debug)]
pub(crate) struct WordPage {
    /// The number of its first.
    first: u64,
    bytes: Arc<[u8]>,
}

impl WordPage {
    /// The word with this number, if the page has it.
    #[inline]
    pub(crate) fn word(&self, number: u64) -> Option<u32> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        if at >= PAGE_WORDS {
            return None;
        }
        let word = self.bytes.get(at * WORD..)?.first_chunk()?;
        Some(u32::from_le_bytes(*word))
    }
}

/// The bytes of a file that a cursor read ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    offset: u64,
}

/// How much is read ahead at once.
const AHEAD: u64 = 128 << 10;

impl Ahead {
    /// What lies at a place, from what was read ahead or else from there on.
    pub(super) fn load(&mut self, table: &Table, place: Place) -> Result<Arc<[u8]>, TableError> {
        let end = place.offset.saturating_add(place.bytes as u64);
        if end > table.bytes {
            return Err(TableError::damaged(place.offset)(SHORT));
        }
        let read_end = self.offset + self.bytes.len() as u64;
        if place.offset < self.offset || end > read_end {
            let ahead = AHEAD.min(table.bytes - place.offset);
            self.bytes.resize(ahead as usize, 0);
            self.offset = place.offset;
            let read = read(table.file.as_ref(), &mut self.bytes, self.offset);
            read.inspect_err(|_| self.bytes.clear())?;
        }
        let from = (place.offset - self.offset) as usize;
        let block = &self.bytes[from..from + place.bytes];
        table
            .seal
            .check(place.offset, block)
            .map_err(TableError::damaged(place.offset))?;
        Ok(block.into())
    }
}

/// Where the pages of words end.
fn pages_end(footer: &Footer) -> u64 {
    word_page(
        footer
            .words
            .div_ceil(PAGE_WORDS as u64)
            .saturating_mul(PAGE_WORDS as u64),
    )
}

const SHORT: &str = "the file is shorter than its table";

/// Reads and checks what lies at a place.
fn load(file: &dyn DiskFile, seal: Seal, place: Place) -> Result<Arc<[u8]>, TableError> {
    let mut block: Arc<[u8]> = std::iter::repeat_n(0, place.bytes).collect();
    if let Some(bytes) = Arc::get_mut(&mut block) {
        read(file, bytes, place.offset)?;
    }
    seal.check(place.offset, &block)
        .map_err(TableError::damaged(place.offset))?;
    Ok(block)
}

fn read(file: &dyn DiskFile, bytes: &mut [u8], offset: u64) -> Result<(), TableError> {
    file.read_exact_at(bytes, offset)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TableError::damaged(offset)(SHORT),
            _ => error.into(),
        })
}
