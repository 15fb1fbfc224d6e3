//! What an event must be, given all before it.

use foldhash::{HashMap, HashMapExt};

use crate::coordinate::Coordinate;
use crate::event::{Digest, RawEvent, chain, hash};
use crate::store::log::order::{Newest, check_tags};
use crate::store::names::KindNames;

/// The log as far as it was found to be one that a store wrote.
pub(crate) struct LogCheck {
    newest: Newest,
    /// The revision and the digest of the newest event of each stream.
    heads: HashMap<Coordinate, (u64, Digest)>,
    names: KindNames,
    /// A buffer for what digests are computed over, if they are to be.
    scratch: Option<Vec<u8>>,
}

impl LogCheck {
    /// Begins with the first event; computes the digests anew if the log `is_chained`, and this build can.
    pub(crate) fn new(is_chained: bool) -> Self {
        Self {
            newest: Newest::default(),
            heads: HashMap::new(),
            names: KindNames::default(),
            scratch: (is_chained && hash::AVAILABLE).then(Vec::new),
        }
    }

    /// Whether digests are computed anew.
    pub(crate) fn hashes(&self) -> bool {
        self.scratch.is_some()
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> u64 {
        self.newest.position
    }

    /// How many streams they belong to.
    pub(crate) fn streams(&self) -> u64 {
        self.heads.len() as u64
    }

    /// Takes the next event, or says why no store wrote it here. Nothing may be taken after that.
    pub(crate) fn take(&mut self, event: &RawEvent<'_>) -> Result<(), &'static str> {
        let meta = &event.meta;
        self.newest.check(&meta.header)?;
        check_tags(meta)?;
        self.names.read(meta)?;
        let coordinate = meta.coordinate();
        let head = match self.heads.get_mut(&coordinate) {
            Some(head) => head,
            None => {
                Coordinate::new(meta.entity, meta.scope)
                    .map_err(|_| "the event has a name that no coordinate can have")?;
                self.heads.entry(coordinate).or_default()
            }
        };
        follows(event, head, self.scratch.as_mut())?;
        self.newest = Newest::of(&meta.header);
        Ok(())
    }
}

/// Checks that `event` follows the head of its stream, and makes it the head.
pub(super) fn follows(
    event: &RawEvent<'_>,
    head: &mut (u64, Digest),
    scratch: Option<&mut Vec<u8>>,
) -> Result<(), &'static str> {
    let header = &event.meta.header;
    if header.revision != head.0 + 1 {
        return Err("the event has another revision in its stream");
    }
    let digest = header.digest.unwrap_or(Digest::ZERO);
    if let Some(scratch) = scratch {
        let payload = hash::plain(event.payload);
        if chain::of_event(scratch, &head.1, &event.meta, &payload) != digest {
            return Err("the event's digest is not that of its contents and its stream's history");
        }
    }
    *head = (header.revision, digest);
    Ok(())
}
