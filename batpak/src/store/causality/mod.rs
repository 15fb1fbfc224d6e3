//! What led to an event, and what it led to.
//!
//! An event names its causes, all of which lie before it. So causes are found by their ids and effects by
//! a list of the index, and whoever follows either comes to an end.

mod diagram;
mod lineage;

pub use lineage::{Lineage, LineageEdge, LineageEvent};

use super::index::View;
use super::{Events, Store, StoreError};
use crate::event::{EventId, Region, StoredEvent};
use lineage::Walk;

impl Store {
    /// The events that this one names as its causes, in the order in which it names them. An event
    /// that nothing led to has none.
    ///
    /// # Errors
    /// [`StoreError::UnknownEvent`] if there is no event with this id, [`StoreError::Corrupt`] if it names
    /// a cause that is no event before it, and whatever else reading gives.
    pub fn causes(&self, id: EventId) -> Result<Vec<StoredEvent>, StoreError> {
        let view = self.shared.view();
        let position = self.known(id, &view)?;
        let event = self.shared.event_at(position, &view)?;
        let causes = self.cause_positions(position, &event.causes, &view)?;
        let causes = causes.into_iter();
        causes
            .map(|cause| self.shared.event_at(cause, &view))
            .collect()
    }

    /// The events that name this one as a cause, in order of position.
    ///
    /// They are those of the region [`Region::caused_by`], which can ask for more besides. For an id
    /// that no event has, the iterator begins and ends with [`StoreError::UnknownEvent`].
    pub fn effects(&self, id: EventId) -> Events<'_> {
        let view = self.shared.view();
        let events = self.query_in(&Region::all().caused_by(id), &view);
        match self.known(id, &view) {
            Ok(_) => events,
            Err(error) => events.failed(error),
        }
    }

    /// The events of a correlation, in order of position: those that have its id, and the event whose
    /// own id it is, with which the story begins.
    ///
    /// They are those of the region [`Region::correlation`], which can ask for more besides. An id that
    /// no event has or refers to has none.
    pub fn correlation(&self, id: EventId) -> Events<'_> {
        self.query(&Region::all().correlation(id))
    }

    /// The events that led to this one and those that it led to, up to so many steps away: with a depth
    /// of 1, its causes and its effects. In either direction there are at most
    /// [`Lineage::MAX_EVENTS`], the nearest first.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-lineage-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let order = Coordinate::new("order:1", "shop")?;
    /// let parcel = Coordinate::new("parcel:7", "depot")?;
    /// let (paid, packed, sent) =
    ///     (EventKind::custom(0x1, 1), EventKind::custom(0x2, 1), EventKind::custom(0x2, 2));
    ///
    /// let paid = store.append(&order, paid, &120)?;
    /// let packing = NewEvent::new(&parcel, packed, &"one box").cause(paid.event_id);
    /// let packed = store.commit(Batch::new().event(packing))?[0];
    /// let sending = NewEvent::new(&parcel, sent, &"by train").cause(packed.event_id);
    /// store.commit(Batch::new().event(sending))?;
    ///
    /// let lineage = store.lineage(packed.event_id, 1)?;
    /// let positions: Vec<u64> = lineage.events.iter().map(|event| event.header.sequence).collect();
    /// assert_eq!(positions, [1, 2, 3]);
    /// assert_eq!(
    ///     lineage.to_mermaid(),
    ///     r#"flowchart TD
    ///     e1["0x1001<br/>order:1@shop<br/>position 1, revision 1"];
    ///     e2["0x2001<br/>parcel:7@depot<br/>position 2, revision 1"];
    ///     e3["0x2002<br/>parcel:7@depot<br/>position 3, revision 2"];
    ///     e1 --> e2;
    ///     e2 --> e3;
    ///     style e2 stroke-width:4px;
    /// "#
    /// );
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Self::causes`].
    pub fn lineage(&self, id: EventId, depth: usize) -> Result<Lineage, StoreError> {
        let view = self.shared.view();
        let position = self.known(id, &view)?;
        Walk::new(self, &view).around(position, depth)
    }

    /// The position of the event with this id.
    fn known(&self, id: EventId, view: &View) -> Result<u64, StoreError> {
        view.find_id(id)?.ok_or(StoreError::UnknownEvent(id))
    }

    /// The positions of the causes that the event at `position` names, in the same order.
    fn cause_positions(
        &self,
        position: u64,
        causes: &[EventId],
        view: &View,
    ) -> Result<Vec<u64>, StoreError> {
        let mut positions = Vec::with_capacity(causes.len());
        for cause in causes {
            let found = view.find_id(*cause)?.filter(|found| *found < position);
            let Some(found) = found else {
                let problem = "the event names a cause that is no event before it";
                return Err(self.shared.corrupt(position, problem));
            };
            if !positions.contains(&found) {
                positions.push(found);
            }
        }
        Ok(positions)
    }
}
