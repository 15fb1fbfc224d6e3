//! PERSIST: the store, which keeps the log and answers questions about it.

mod answer;
mod append;
mod background;
mod backup;
mod causality;
mod checkpoint;
pub(crate) mod commit;
mod config;
mod consume;
#[cfg(all(test, feature = "testing"))]
mod crashes;
mod decide;
#[cfg(test)]
mod disk_order;
mod error;
#[cfg(all(test, feature = "testing"))]
mod faults;
mod fold;
mod follow;
pub(crate) mod fs;
mod import;
mod index;
mod indexing;
mod keyed;
mod log;
mod names;
mod open;
mod plan;
mod progress;
mod react;
mod read;
mod read_only;
mod rebuild;
mod repair;
mod running;
#[cfg(all(test, shuttle, feature = "testing"))]
mod schedules;
mod shared;
mod snapshot;
pub(crate) mod source;
mod subscribe;
mod table;
mod tail_record;
pub(crate) mod trace;
mod verify;
mod view;
mod watch;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use append::{AppendReceipt, Ticket};
pub use backup::{Backup, BackupError, BackupSegment};
pub use causality::{Lineage, LineageEdge, LineageEvent};
pub use checkpoint::{Checkpoint, CheckpointError, Divergence};
pub use config::StoreConfig;
pub use consume::{Consumer, ConsumerError, ConsumerFailure, Consuming, Parked};
pub use decide::Decider;
pub use error::StoreError;
pub use import::{ImportError, ImportFailure, Imported};
pub use keyed::Keyed;
pub use log::segment::directory::{Cut, Recovery};
pub use log::segment::recover::CutReason;
pub use plan::{Access, Criterion, Lookup, Plan, PlanItem};
pub use progress::{Progress, Work};
pub use react::{Reacting, Reactor, ReactorError, ReactorFailure, reactor};
pub use read::Events;
pub use repair::{Loss, Lost, Repair};
pub use subscribe::Subscription;
pub use verify::Verification;
pub use view::{LiveView, ViewError, ViewFailure};

use crate::event::StoreId;
use background::Background;
use commit::Committer;
use fs::DirLock;
use running::Threads;
use shared::Shared;

/// An event log in a directory: appended to, read, and folded, by any number of threads at once.
///
/// One store value at a time has a directory open for writing, in this process or another; dropping it
/// lets the next one in. Any number may read it meanwhile: see [`Store::open_read_only`].
///
/// There is no thread that appends go through: of the threads that commit at the same time one writes for
/// all, with one write and one sync. One thread in the background does what no append should wait for: it
/// writes what is [`Buffered`](crate::Durability::Buffered), and keeps the index. Reading holds up nobody.
///
/// A store belongs to the process that opened it. One that was forked from that cannot write through it: everything that
/// would gives [`StoreError::Poisoned`], of single appends that are `Buffered` within 64 of them. It may open the store by itself with [`Store::open_read_only`].
///
/// See the [crate's documentation](crate) for an example.
pub struct Store {
    config: StoreConfig,
    chained: bool,
    recovery: Recovery,
    shared: Arc<Shared>,
    /// `None` if the store is read-only.
    committer: Option<Arc<Committer>>,
    background: Option<Background>,
    /// What runs on threads of its own, and ends before the store is closed.
    running: Threads,
    /// Held for as long as the store is open, and by nothing that may outlive it; `None` if it is read-only.
    _lock: Option<Arc<dyn DirLock>>,
}

impl Store {
    /// The store's own id, given to it when it was created.
    #[must_use]
    pub fn id(&self) -> StoreId {
        self.shared.id
    }

    /// The directory that the store lives in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.config.dir
    }

    /// Whether each event's digest covers the history of its stream. It is fixed when a store is created.
    #[must_use]
    pub fn is_chained(&self) -> bool {
        self.chained
    }

    /// What opening found at the end of the log. [`Self::open_read_only`] cuts nothing, and says nothing here.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The position of the newest event that readers see; 0 if there is none.
    ///
    /// Events above it may be on their way, such as those that were only
    /// [`Buffered`](crate::Durability::Buffered).
    #[must_use]
    pub fn position(&self) -> u64 {
        self.shared.refresh();
        self.shared.watermarks.published()
    }

    /// Every event up to this position survives power loss.
    #[must_use]
    pub fn durable_position(&self) -> u64 {
        self.shared.refresh();
        self.shared.watermarks.durable()
    }

    /// Makes all events durable and closes the store, so that another may open it.
    ///
    /// Dropping a store closes it too: it writes what was [`Durability::Buffered`](crate::Durability::Buffered), but does not sync
    /// what nobody asked to be durable, and has no way to say what fails. Both leave an index of what is durable, so that the next
    /// opening need not read it.
    ///
    /// # Errors
    /// As for [`Self::flush`], except that a read-only store closes without one.
    pub fn close(self) -> Result<(), StoreError> {
        let Some(committer) = &self.committer else {
            return Ok(());
        };
        committer.check_process()?;
        let flushed = self.flush();
        self.end_threads();
        flushed.and_then(|()| self.flush())
    }
}

impl Store {
    /// Ends all that runs on threads of the store's own. What is followed ends before, for such a thread may be waiting for that.
    fn end_threads(&self) {
        self.shared.close();
        self.running.end(&self.shared.watch);
    }
}

impl Drop for Store {
    /// Writes what is staged, and notes what is durable anyway, so that the next opening need neither
    /// doubt it nor read it.
    fn drop(&mut self) {
        let background = self.background.take();
        if let Some(committer) = &self.committer {
            if !committer.is_at_home() {
                // Nothing here is this process', and there is no thread to wait for.
                std::mem::forget(background);
                return;
            }
            // There is nobody to tell what fails.
            let _ = committer.drain(false);
            self.end_threads();
            drop(background);
            let _ = committer.drain(false);
            let _ = committer.prove();
            let _ = committer.give_back();
            committer.tell_last();
        } else {
            self.end_threads();
        }
        self.shared.settle_snapshots();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("dir", &self.config.dir)
            .field("id", &self.id())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
