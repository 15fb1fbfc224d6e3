//! What is kept of a fold, and what it is known by.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::event::{Constraint, EventHeader, Region, StoreId};
use crate::projection::Projection;

/// What a state is of: a projection as its code is now, over a region of a store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// What it is kept under. It leaves out the version and the fingerprint, so that the state of newer code takes the place of the older.
    key: [u8; 16],
    /// All that it is, so that no two are taken for one.
    identity: Vec<u8>,
    pub(crate) projection: &'static str,
}

/// What a state is used for: each has keys of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    /// One state of all events.
    Whole = 1,
    /// One of many, or where they have come to.
    Keyed = 2,
}

/// How the events of a store show that they are those that a state was folded from: the digest of the last of them, or its id where there are none.
pub(crate) type Evidence = [u8; 32];

/// The state of a fold after an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// The position of that event, its revision, and the evidence that it is it.
    pub(crate) position: u64,
    pub(crate) revision: u64,
    pub(crate) evidence: Evidence,
    pub(crate) state: Vec<u8>,
}

/// The evidence for an event.
pub(crate) fn evidence(header: &EventHeader) -> Evidence {
    match header.digest {
        Some(digest) => *digest.as_bytes(),
        None => {
            let mut evidence = [0; 32];
            evidence[..16].copy_from_slice(&header.event_id.to_bytes());
            evidence
        }
    }
}

impl Subject {
    /// The fold `P` over a region of a store.
    pub(crate) fn new<P: Projection>(used: Use, store: StoreId, region: &Region) -> Arc<Self> {
        let mut identity = vec![used as u8];
        identity.extend_from_slice(&store.to_bytes());
        text(&mut identity, P::NAME);
        put_region(&mut identity, region);
        let mut key = xxh3_128(&identity).to_be_bytes();
        key[0] = used as u8;
        identity.extend_from_slice(&P::VERSION.to_le_bytes());
        identity.extend_from_slice(&P::FINGERPRINT.to_le_bytes());
        Arc::new(Self {
            key,
            identity,
            projection: P::NAME,
        })
    }

    pub(crate) fn key(&self) -> [u8; 16] {
        self.key
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.identity.len() + size_of::<Self>()
    }

    /// A value for the disk under this key, with a checksum that no other subject's value has, nor one under another key.
    pub(crate) fn seal(&self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut crc = self.checksum(key);
        let mut sealed = vec![0; 4];
        for part in parts {
            crc.update(part);
            sealed.extend_from_slice(part);
        }
        sealed[..4].copy_from_slice(&crc.finalize().to_le_bytes());
        sealed
    }

    /// What is in such a value; `None` if it is not this subject's, or not as it was written.
    pub(crate) fn unseal<'v>(&self, key: &[u8], sealed: &'v [u8]) -> Option<&'v [u8]> {
        let (found, value) = sealed.split_first_chunk()?;
        let mut crc = self.checksum(key);
        crc.update(value);
        (crc.finalize() == u32::from_le_bytes(*found)).then_some(value)
    }

    fn checksum(&self, key: &[u8]) -> crc32fast::Hasher {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.identity);
        crc.update(key);
        crc
    }
}

impl Saved {
    /// The value for the disk.
    pub(super) fn to_value(&self, subject: &Subject) -> Vec<u8> {
        let parts: [&[u8]; 4] = [
            &self.position.to_le_bytes(),
            &self.revision.to_le_bytes(),
            &self.evidence,
            &self.state,
        ];
        subject.seal(&subject.key, &parts)
    }

    pub(super) fn from_value(subject: &Subject, sealed: &[u8]) -> Option<Self> {
        let value = subject.unseal(&subject.key, sealed)?;
        let (position, value) = value.split_first_chunk()?;
        let (revision, value) = value.split_first_chunk()?;
        let (evidence, state) = value.split_first_chunk()?;
        Some(Self {
            position: u64::from_le_bytes(*position),
            revision: u64::from_le_bytes(*revision),
            evidence: *evidence,
            state: state.to_vec(),
        })
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The region in bytes, the same in whatever order its constraints were given, and no other's.
fn put_region(out: &mut Vec<u8>, region: &Region) {
    let mut items: Vec<Vec<u8>> = region.items().iter().map(|item| item_bytes(item)).collect();
    items.sort();
    items.dedup();
    for item in items {
        out.extend_from_slice(&(item.len() as u64).to_le_bytes());
        out.extend_from_slice(&item);
    }
}

fn item_bytes(item: &[Constraint]) -> Vec<u8> {
    let mut constraints: Vec<Vec<u8>> = item.iter().map(constraint_bytes).collect();
    constraints.sort();
    constraints.dedup();
    constraints.concat()
}

/// A constraint in bytes: what it is about, and how many bytes follow, or what always has as many.
fn constraint_bytes(constraint: &Constraint) -> Vec<u8> {
    let mut out = Vec::new();
    let mut named = |kind: u8, name: &str| {
        out.push(kind);
        text(&mut out, name);
    };
    match constraint {
        Constraint::Entity(entity) => named(1, entity),
        Constraint::EntityPrefix(prefix) => named(2, prefix),
        Constraint::Scope(scope) => named(3, scope),
        Constraint::Tag(tag) => named(4, tag.as_str()),
        Constraint::Kinds(kinds) => {
            let mut kinds: Vec<u16> = kinds.iter().map(|kind| kind.raw()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            out.push(5);
            out.extend_from_slice(&(kinds.len() as u64).to_le_bytes());
            out.extend(kinds.iter().flat_map(|kind| kind.to_le_bytes()));
        }
        Constraint::Category(category) => out.extend([6, *category]),
        Constraint::CausedBy(id) => {
            out.push(7);
            out.extend_from_slice(&id.to_bytes());
        }
        Constraint::Correlation(id) => {
            out.push(8);
            out.extend_from_slice(&id.to_bytes());
        }
        Constraint::Positions(first, last) => range(&mut out, 9, *first, *last),
        Constraint::TimesUs(first, last) => range(&mut out, 10, *first, *last),
    }
    out
}

fn range(out: &mut Vec<u8>, kind: u8, first: u64, last: u64) {
    out.push(kind);
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&last.to_le_bytes());
}
