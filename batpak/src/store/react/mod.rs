//! Reactors: what follows from events is appended by the store itself, once for each event, whatever comes in between.

mod bookmark;
mod error;
mod reacting;
mod reactor;
#[cfg(all(test, feature = "testing", not(shuttle)))]
mod tests;
mod worker;

pub use error::{ReactorError, ReactorFailure};
pub use reacting::Reacting;
pub use reactor::{Reactor, reactor};

use std::sync::Arc;

use super::running::{Ending, Handle};
use super::{Store, StoreError};
use crate::event::Region;
use crate::sync::thread;
use bookmark::Bookmark;
use worker::Worker;

impl Store {
    /// Starts a reactor: from now on what follows from the events of a region is appended by a thread of the reactor's own, first for
    /// those that are there, in the order of the log, then for each that comes.
    ///
    /// It goes on where the reactor of that name was when it last ended, by whatever: for each event of the region there is one
    /// reaction in the log, or none if there was nothing to append.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-react-{}", std::process::id()));
    ///
    /// let (placed, invoiced) = (EventKind::custom(0x1, 1), EventKind::custom(0x2, 1));
    /// let invoicing = |prefix: &'static str| {
    ///     batpak::reactor("invoicing", move |order: &StoredEvent| {
    ///         let invoice = Coordinate::new(format!("{prefix}:{}", order.header.sequence), "shop")?;
    ///         Ok::<_, StoreError>(NewEvent::new(&invoice, invoiced, &order.payload::<u64>()?))
    ///     })
    /// };
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let orders = Region::all().kinds([placed]);
    /// store.append(&Coordinate::new("order:1", "shop")?, placed, &450)?;
    /// let reacting = store.react(orders.clone(), invoicing("invoice"))?;
    /// reacting.catch_up()?;
    /// let order = store.append(&Coordinate::new("order:2", "shop")?, placed, &900)?;
    /// reacting.wait_for(order.sequence)?;
    /// reacting.stop()?;
    ///
    /// // Later, by other code: what has a reaction is not asked about again.
    /// let reacting = store.react(orders, invoicing("bill"))?;
    /// reacting.catch_up()?;
    /// let invoices: Vec<StoredEvent> = store
    ///     .query(&Region::all().kinds([invoiced]))
    ///     .collect::<Result<_, _>>()?;
    /// assert_eq!(invoices.len(), 2);
    /// let of_second = format!("invoice:{}", order.sequence);
    /// assert_eq!(invoices[1].coordinate.entity(), of_second);
    /// assert_eq!(invoices[1].causes, [order.event_id]);
    /// assert_eq!(invoices[1].header.correlation, Some(order.event_id));
    /// # drop((reacting, store));
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// **What is appended.** The events of a reaction are one batch, together with the reactor's position, so that both are there or
    /// neither. Each gets the event as its first cause, inherits its correlation if it is given none, has the reactor's name in
    /// its metadata under `batpak:reactor`, and an id that follows from the reactor, the event and its place in the reaction, in the
    /// place of one that it was given, by which others of the reaction may name it. If there are events with such ids, they are the reaction, whatever the code says now. The batch is at
    /// least [`Durability::Written`](crate::Durability::Written): one that asks for no more costs no sync, and a power loss may take it together
    /// with the position, so that the reactor is asked again.
    ///
    /// **What is reacted to.** Events that are durable: what nobody has synced yet, the reactor has synced first. So what its code does
    /// elsewhere, such as sending a letter, is about nothing that a power loss takes back; but it may be done twice, if the process ends before
    /// the reaction is appended. Reactors are asked about what others append, but not about their own reactions, nor about events of
    /// the library. Two that answer each other's events go on for ever.
    ///
    /// **Events without reaction** are passed over, and a position behind them is stored with the next reaction, after each 1,000 of them, and
    /// when the reactor ends. Only those behind the newest stored position are asked about again by the next run, and then its answer
    /// counts. The region may be another in each run: it is asked from the stored position on.
    ///
    /// **How it ends.** By [`Reacting::stop`], when the handle is dropped, and when the store is: all of them wait for the reaction that is
    /// being made. By an error or a panic of its code, or of the store: [`Reacting::error`] tells, and what was asked about then is what the
    /// next run begins with. The thread does not keep the store open.
    ///
    /// # Errors
    /// - [`StoreError::ReactorRunning`] if there is a reactor of that name;
    /// - [`StoreError::ReadOnly`] if the store is; [`StoreError::Coordinate`] if the name is empty, too long for that of
    ///   a stream, or has control characters;
    /// - whatever reading gives, and [`StoreError::Io`] if there is no thread to be had.
    pub fn react<R: Reactor>(&self, region: Region, reactor: R) -> Result<Reacting, StoreError> {
        let committer = self.committer()?;
        let running = self.running.enter(reactor.name())?;
        let bookmark = Bookmark::find(reactor.name(), self.id(), &self.shared)?;
        running.reach(bookmark.position());
        let worker = Worker {
            reactor,
            region,
            at: bookmark.position(),
            own_until: 0,
            unsaved: 0,
            conflicts: 0,
            bookmark,
            running: Arc::clone(&running),
            committer: Arc::clone(committer),
            shared: Arc::clone(&self.shared),
            config: self.config.clone(),
            chained: self.chained,
        };
        let ending = Ending::of(&running);
        let thread = thread::Builder::new().name("batpak-reactor".to_owned());
        thread
            .spawn(move || ending.after(|| worker.run()))
            .map_err(StoreError::io("start a thread for", &self.config.dir))?;
        Ok(Reacting(Handle {
            running,
            shared: Arc::clone(&self.shared),
        }))
    }
}
