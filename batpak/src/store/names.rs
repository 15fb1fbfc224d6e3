//! What the events of each kind are called. The log says it: the first typed event of a kind has the
//! name in its metadata, and no later one may have another, so that no two types share a kind.

use foldhash::HashMap;

use super::StoreError;
use crate::event::{EventKind, EventMeta};
use crate::pipeline::{KIND_NAME, NewEvent};

/// The longest name of a kind. It belongs to the disk format, which must have room for it in a frame.
const MAX_BYTES: usize = 1_024;

/// The name of each kind of which there is a typed event.
#[derive(Debug, Default)]
pub(crate) struct KindNames(HashMap<EventKind, Box<str>>);

impl KindNames {
    /// That the kind has this name, or none yet.
    pub(crate) fn check(&self, kind: EventKind, given: &'static str) -> Result<(), StoreError> {
        match self.0.get(&kind) {
            Some(recorded) => same(kind, recorded, given),
            None => Ok(()),
        }
    }

    /// The events that are the first ones of their kinds and tell its name, or have another name than their kind: that
    /// is for [`Self::check`] to refuse, where it is known on what the name rests.
    ///
    /// # Errors
    /// That of a name that is too long, and of two names for one kind in the batch.
    pub(crate) fn first_uses(&self, events: &[NewEvent]) -> Result<FirstUses, StoreError> {
        let mut first = FirstUses::default();
        for (place, event) in events.iter().enumerate() {
            let (kind, Some(given)) = (event.kind(), event.kind_name()) else {
                continue;
            };
            if self
                .0
                .get(&kind)
                .is_some_and(|recorded| **recorded == *given)
            {
                continue;
            }
            StoreError::check_limit("bytes in the name of an event", given.len(), MAX_BYTES)?;
            let (_, recorded) = first.0.entry(kind).or_insert((place, given));
            same(kind, recorded, given)?;
        }
        Ok(first)
    }

    /// What the kind is called.
    pub(crate) fn get(&self, kind: EventKind) -> Option<&str> {
        self.0.get(&kind).map(|name| &**name)
    }

    /// Takes the name of a kind, unless it has one.
    pub(crate) fn record(&mut self, kind: EventKind, name: &str) {
        self.0.entry(kind).or_insert_with(|| name.into());
    }

    /// Takes the name that an event in the log tells, if it does, or says why no store wrote it.
    pub(crate) fn read(&mut self, meta: &EventMeta<'_>) -> Result<(), &'static str> {
        let kind = meta.header.kind;
        let name = match meta.metadata::<String>(KIND_NAME) {
            Ok(Some(name)) if name.len() <= MAX_BYTES => name,
            Ok(Some(_)) => return Err("the event tells a name of its kind that is too long"),
            Ok(None) => return Ok(()),
            Err(_) => return Err("the event has metadata that cannot be read"),
        };
        match self.0.get(&kind) {
            Some(recorded) if **recorded != *name => {
                Err("the event tells another name of its kind than one before it")
            }
            _ => {
                self.record(kind, &name);
                Ok(())
            }
        }
    }
}

/// The events of a batch that are to tell the names of their kinds: by kind, the event's place in the
/// batch and the name.
#[derive(Debug, Default)]
pub(crate) struct FirstUses(HashMap<EventKind, (usize, &'static str)>);

impl FirstUses {
    /// Whether the event at this place of the batch is to tell the name of its kind.
    pub(crate) fn has(&self, place: usize, kind: EventKind) -> bool {
        self.0.get(&kind).is_some_and(|(first, _)| *first == place)
    }

    /// The kinds and their names.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = (EventKind, &'static str)> {
        self.0.iter().map(|(kind, (_, name))| (*kind, *name))
    }
}

fn same(kind: EventKind, recorded: &str, given: &'static str) -> Result<(), StoreError> {
    if recorded == given {
        return Ok(());
    }
    Err(StoreError::OtherName {
        kind,
        recorded: recorded.to_owned(),
        given,
    })
}
