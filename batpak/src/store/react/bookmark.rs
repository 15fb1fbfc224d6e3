use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::coordinate::Coordinate;
use crate::event::{EventHeader, EventId, EventKind, Region, StoreId, StoredEvent};
use crate::pipeline::{Batch, Condition, Expect, NewEvent, REACTOR};
use crate::store::StoreError;
use crate::store::read::Events;
use crate::store::shared::Shared;

/// The scope of the streams that are the library's own.
const SCOPE: &str = "batpak";

/// What is known in the log of a reactor: a stream of its own, whose newest event has the position that it has come to.
#[derive(Debug)]
pub(super) struct Bookmark {
    reactor: String,
    /// The namespace of the ids of its reactions.
    namespace: EventId,
    stream: Coordinate,
    /// The revision of the stream.
    revision: u64,
    position: u64,
}

/// The payload of [`EventKind::REACTOR_POSITION`].
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    position: u64,
}

impl Bookmark {
    /// That of the reactor of this name.
    pub(super) fn find(reactor: &str, store: StoreId, shared: &Shared) -> Result<Self, StoreError> {
        let named = format!("reactor:{reactor}");
        // An empty one is no name, whatever is put before it.
        Coordinate::new(reactor, SCOPE)?;
        let mut bookmark = Self {
            reactor: reactor.to_owned(),
            namespace: EventId::named(EventId::from_bytes(store.to_bytes()), &named),
            stream: Coordinate::new(named, SCOPE)?,
            revision: 0,
            position: 0,
        };
        bookmark.look(shared)?;
        Ok(bookmark)
    }

    /// Looks where it is by now.
    pub(super) fn look(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let region = Region::stream(&self.stream);
        let mut newest = None;
        for event in Events::of(&region, shared, shared.view()).rev() {
            let event = event?;
            newest = newest.or(Some(event.header.revision));
            if event.header.kind == EventKind::REACTOR_POSITION {
                self.position = event.payload::<Position>()?.position;
                break;
            }
        }
        self.revision = newest.unwrap_or_default();
        Ok(())
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether an event is a reaction of the reactor.
    pub(super) fn is_of(&self, event: &StoredEvent) -> Result<bool, StoreError> {
        let reactor: Option<String> = event.metadata(REACTOR)?;
        Ok(reactor.is_some_and(|reactor| reactor == self.reactor))
    }

    /// The batch of what follows from an event, which moves the bookmark there.
    pub(super) fn reaction(&self, cause: &EventHeader, batch: Batch) -> Batch {
        let id = |ordinal: u32| {
            let name = [&cause.event_id.to_bytes()[..], &ordinal.to_le_bytes()].concat();
            EventId::named(self.namespace, name)
        };
        let given = (0..).zip(&batch.events);
        // The events may name one another by the ids that they were given.
        let renamed: HashMap<EventId, EventId> = given
            .filter_map(|(ordinal, event)| Some((event.given_id()?, id(ordinal))))
            .collect();
        let reaction = |(ordinal, event): (u32, NewEvent)| {
            let event = event.renamed(&renamed);
            event.reaction(id(ordinal), cause, &self.reactor)
        };
        let events = (0..).zip(batch.events).map(reaction).collect();
        // Whether the bookmark is elsewhere is asked first.
        let moved = self.moved(cause.sequence);
        let batch = Batch {
            events,
            condition: moved.condition.and(batch.condition),
            reads: batch.reads,
            durability: batch.durability,
        };
        batch.and(Batch {
            condition: Condition::new(),
            ..moved
        })
    }

    /// The batch that moves the bookmark.
    pub(super) fn moved(&self, position: u64) -> Batch {
        let kind = (EventKind::REACTOR_POSITION, "ReactorPosition");
        Batch::new()
            .event(NewEvent::own(&self.stream, kind, &Position { position }))
            .expect(&self.stream, Expect::Revision(self.revision))
    }

    /// It was moved there by the event of this revision.
    pub(super) fn move_to(&mut self, position: u64, revision: u64) {
        self.position = position;
        self.revision = revision;
    }
}
