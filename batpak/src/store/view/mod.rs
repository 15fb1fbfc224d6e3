//! Live views: projections that a thread keeps up to date.

mod error;
mod live;
mod shown;
mod worker;

pub use error::{ViewError, ViewFailure};
pub use live::LiveView;

use std::sync::Arc;

use super::fold::Folding;
use super::running::{Ending, Handle};
use super::subscribe::Follows;
use super::{Store, StoreError};
use crate::event::Region;
use crate::projection::Projection;
use crate::sync::{Mutex, thread};
use shown::Shown;
use worker::Worker;

impl Store {
    /// Folds the events of a region into a projection, as [`Self::fold`] does, and keeps it up to date from then on, by a thread of its
    /// own.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-view-{}", std::process::id()));
    ///
    /// #[derive(Event, Debug)]
    /// #[event(category = 0x1, id = 0x001)]
    /// pub struct Sold {
    ///     cents: u64,
    /// }
    ///
    /// /// What has been sold, ever.
    /// #[derive(Debug, Default, Clone)]
    /// struct Revenue {
    ///     cents: u64,
    /// }
    ///
    /// #[projection]
    /// impl Revenue {
    ///     #[on(Sold)]
    ///     fn sold(&mut self, cents: &u64) {
    ///         self.cents += cents;
    ///     }
    /// }
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let till = Coordinate::new("till:1", "shop")?;
    /// store.append_typed(&till, &Sold { cents: 450 })?;
    /// let revenue = store.view::<Revenue>(&Region::all().scope("shop"))?;
    /// assert_eq!(revenue.get().cents, 450);
    ///
    /// let sold = store.append_typed(&till, &Sold { cents: 300 })?;
    /// assert_eq!(revenue.wait_for(sold.sequence)?.cents, 750);
    /// # drop((revenue, store));
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// It shows what readers see, a moment later; each time that something has come, the state is cloned once, however much has come.
    /// With a [cache](crate::StoreConfig::projection_cache) it goes on from what is kept there, and keeps its state when it is
    /// stopped. It stops when the handle is dropped, when the store is, and by an event that the projection cannot take: then it
    /// shows what it was before, and [`LiveView::error`] tells. The thread does not keep the store open.
    ///
    /// # Errors
    /// As for [`Self::fold`], and [`StoreError::Io`] if there is no thread to be had.
    pub fn view<P>(&self, region: &Region) -> Result<LiveView<P>, StoreError>
    where
        P: Projection + Clone + Send + Sync + 'static,
    {
        if let Some(committer) = &self.committer {
            committer.check_process()?;
        }
        let (state, position) = self.shared.folded::<P>(region)?;
        let running = self.running.enter(P::NAME)?;
        running.reach(position);
        let shown = Arc::new(Shown::new(state.clone()));
        let mut feed = self.feed(P::narrow(region.clone()), Follows::Published);
        feed.skip_to(position);
        let worker = Worker {
            region: region.clone(),
            folding: Folding::of(state),
            feed,
            shown: Arc::clone(&shown),
            running: Arc::clone(&running),
            shared: Arc::clone(&self.shared),
        };
        let ending = Ending::of(&running);
        let thread = thread::Builder::new().name("batpak-view".to_owned());
        thread
            .spawn(move || ending.after(|| worker.run()))
            .map_err(StoreError::io("start a thread for", &self.config.dir))?;
        Ok(LiveView {
            handle: Handle {
                running,
                shared: Arc::clone(&self.shared),
            },
            shown,
            region: region.clone(),
            rebuilding: Mutex::new(()),
        })
    }
}
