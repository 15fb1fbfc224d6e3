//! The order of the log: what each event may be that follows all before it, whatever its stream.

use crate::coordinate::Tag;
use crate::event::{EventHeader, EventId, EventMeta};

/// The newest event so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newest {
    /// Its position; 0 if there is none.
    pub(crate) position: u64,
    pub(crate) id: EventId,
    pub(crate) time_us: u64,
}

impl Default for Newest {
    /// That of a log without events.
    fn default() -> Self {
        Self {
            position: 0,
            id: EventId::from_u128(0),
            time_us: 0,
        }
    }
}

impl Newest {
    pub(crate) fn of(header: &EventHeader) -> Self {
        Self {
            position: header.sequence,
            id: header.event_id,
            time_us: header.time_us,
        }
    }

    /// Says why this event cannot be the next one, if so.
    pub(crate) fn check(&self, header: &EventHeader) -> Result<(), &'static str> {
        if header.sequence != self.position + 1 {
            return Err("the event has another position");
        }
        if header.time_us < self.time_us {
            return Err("the event is older than the one before it");
        }
        if header.time_us > EventId::MAX_TIME_US {
            return Err("the event has a time that no store gives");
        }
        Ok(())
    }
}

/// That the tags are such as an append takes: well-formed, sorted, each once.
pub(crate) fn check_tags(meta: &EventMeta<'_>) -> Result<(), &'static str> {
    let mut last = "";
    for tag in meta.tags() {
        if tag <= last || tag.parse::<Tag>().is_err() {
            return Err("the event has a tag that no event can have");
        }
        last = tag;
    }
    Ok(())
}
