//! The headers of a store that is being saved, made anew where they are damaged.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::event::Digest;
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};
use crate::store::log::segment::file::segment_name;
use crate::store::log::segment::frame::{self, Seed};
use crate::store::log::segment::header::{HeaderError, SegmentHeader, VERSION};

/// What all headers of a store have in common, as most of those that are whole say.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreHeader {
    /// `None` if there is no whole one.
    pub(super) id: Option<[u8; 16]>,
    pub(super) is_chained: bool,
}

/// A segment's header.
pub(super) struct Found {
    pub(super) header: SegmentHeader,
    /// Whether the file has another one.
    pub(super) is_mended: bool,
}

impl StoreHeader {
    /// What most of the whole headers say, among those of the segments with these first positions; and those
    /// segments whose headers are whole and of another store or position.
    ///
    /// # Errors
    /// The disk's; [`StoreError::NewerFormat`].
    pub(super) fn find(
        disk: &dyn Disk,
        dir: &Path,
        firsts: &[u64],
    ) -> Result<(Self, Vec<u64>), StoreError> {
        let mut whole = Vec::new();
        let mut damaged = None;
        for first in firsts {
            let path = dir.join(segment_name(*first));
            let file = disk.open(&path, false);
            let file = file.map_err(StoreError::io("open", &path))?;
            let bytes = first_bytes(file.as_ref()).map_err(StoreError::io("read", &path))?;
            match SegmentHeader::from_bytes(&bytes) {
                Ok(header) => whole.push((*first, header)),
                Err(HeaderError::Newer(found)) => {
                    return Err(StoreError::NewerFormat {
                        path,
                        found,
                        supported: VERSION,
                    });
                }
                Err(_) => damaged = damaged.or(Some(bytes)),
            }
        }
        let of = |header: &SegmentHeader| (header.store_id, header.chained);
        let is_named = |(first, header): &(u64, SegmentHeader)| header.first == *first;
        let mut counts = BTreeMap::new();
        for (_, header) in whole.iter().filter(|found| is_named(found)) {
            *counts.entry(of(header)).or_insert(0) += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let store = match (most, damaged) {
            (Some(((id, is_chained), _)), _) => Self {
                id: Some(id),
                is_chained,
            },
            (None, bytes) => Self {
                id: None,
                is_chained: bytes.is_some_and(|bytes| seems_chained(&bytes)),
            },
        };
        let is_common =
            |header: &SegmentHeader| most.is_none_or(|(common, _)| common == of(header));
        let is_own = |found: &(u64, SegmentHeader)| is_named(found) && is_common(&found.1);
        let strays = whole.iter().filter(|found| !is_own(found));
        Ok((store, strays.map(|(first, _)| *first).collect()))
    }

    /// The header of the segment whose first event has the position `first` and follows one with the digest
    /// `previous`, if it is there, or what is left of the file bears out what it must have been.
    pub(super) fn of(
        &mut self,
        file: &dyn DiskFile,
        first: u64,
        previous: Digest,
    ) -> io::Result<Option<Found>> {
        let bytes = first_bytes(file)?;
        let fits = |header: &SegmentHeader| {
            let is_of_store = self.id.is_none_or(|id| id == header.store_id);
            is_of_store
                && (header.chained, header.first) == (self.is_chained, first)
                && header.previous == previous
        };
        let whole = SegmentHeader::from_bytes(&bytes).ok().filter(fits);
        let mut found = whole.map(|header| Found {
            header,
            is_mended: false,
        });
        if found.is_none() {
            let mut mended = flipped(&bytes).find(fits);
            if mended.is_none()
                && let Some(header) = self.made(&bytes, first, previous)
                && begins_with_frame(file, &header)?
            {
                mended = Some(header);
            }
            found = mended.map(|header| Found {
                header,
                is_mended: true,
            });
        }
        if let Some(found) = &found {
            self.id = Some(found.header.store_id);
        }
        Ok(found)
    }

    /// The header made of what it must say, and of its nonce as it is in the file, which nothing else tells.
    fn made(&self, bytes: &[u8], first: u64, previous: Digest) -> Option<SegmentHeader> {
        let store_id = *bytes.get(12..)?.first_chunk()?;
        Some(SegmentHeader {
            chained: self.is_chained,
            store_id: self.id.unwrap_or(store_id),
            first,
            previous,
            nonce: *bytes.get(68..)?.first_chunk()?,
        })
    }
}

/// Whether the header that these bytes were is one of a chained store.
fn seems_chained(bytes: &[u8]) -> bool {
    let flags = bytes.get(10).is_some_and(|flags| flags & 1 == 1);
    let mended = flipped(bytes).next();
    mended.map_or(flags, |header| header.chained)
}

/// The whole headers that are one bit away from these bytes.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = SegmentHeader> {
    (0..8 * bytes.len()).filter_map(|bit| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        SegmentHeader::from_bytes(&bytes).ok()
    })
}

/// As many bytes of a file as a header has, if there are so many.
fn first_bytes(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let len = file.len()?.min(SegmentHeader::BYTES as u64);
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Whether the first frame of a file is valid under this header. No other header has one that is.
fn begins_with_frame(file: &dyn DiskFile, header: &SegmentHeader) -> io::Result<bool> {
    let at = SegmentHeader::BYTES as u64;
    let rest = file.len()?.saturating_sub(at);
    let mut bytes = vec![0; rest.min(frame::PREFIX as u64) as usize];
    file.read_exact_at(&mut bytes, at)?;
    let claimed = frame::claimed_len(&bytes).unwrap_or(0) as u64;
    bytes.resize(claimed.min(rest) as usize, 0);
    file.read_exact_at(&mut bytes, at)?;
    Ok(frame::read(&bytes, &Seed::of(header), at).is_ok())
}
