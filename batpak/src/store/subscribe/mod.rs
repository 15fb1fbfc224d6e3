//! Following the log: what has happened, and then what happens, in one sequence.

mod feed;
mod recent;
mod subscription;
#[cfg(all(test, feature = "testing", not(shuttle)))]
mod tests;

pub(crate) use feed::{Feed, Follows};
pub(crate) use recent::Recent;
pub use subscription::Subscription;

use super::Store;
use crate::event::Region;

impl Store {
    /// Follows the events of a region: first those that are there, from the beginning on, then each that comes. Each is given
    /// once, in the order of the log, and none is left out, however slow its receiver is.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-subscribe-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// let moved = EventKind::custom(0xF, 1);
    /// store.append(&alice, moved, &"north")?;
    ///
    /// let moves = store.subscribe(Region::all().kinds([moved]));
    /// std::thread::scope(|scope| {
    ///     let walk = scope.spawn(|| {
    ///         let walk = moves.map(|event| Ok(event?.payload::<String>()?));
    ///         walk.take(3).collect::<Result<Vec<_>, StoreError>>()
    ///     });
    ///     store.append(&alice, moved, &"east")?;
    ///     store.append(&alice, moved, &"north")?;
    ///     assert_eq!(walk.join().unwrap()?, ["north", "east", "north"]);
    ///     Ok::<_, StoreError>(())
    /// })?;
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Subscription::after`] and [`Subscription::from_now`] begin elsewhere. It gives what is
    /// [durable](crate::Durability::Durable), so that what its receiver does is about nothing that a power loss takes back;
    /// [`Subscription::published`] gives what readers see. In a store whose commits are not durable, nothing is given before
    /// somebody syncs it. One that was [opened for reading](Self::open_read_only) knows late what is durable, and always gives what readers see.
    ///
    /// Nothing is kept for a subscription: it reads what it gives, those at the end of the log from memory that
    /// all of them share, some MiB at most, and whoever is behind from the log. So it slows no writer down and takes no more memory the
    /// further it is behind. It has no thread, it does not keep the store open, and ends when that is dropped.
    pub fn subscribe(&self, region: Region) -> Subscription {
        let follows = match &self.committer {
            Some(_) => Follows::Durable,
            None => Follows::Published,
        };
        Subscription::new(self.feed(region, follows))
    }

    /// What follows the events of a region from the beginning.
    pub(super) fn feed(&self, region: Region, follows: Follows) -> Feed {
        Feed::new(region, follows, &self.shared, self.committer.as_ref())
    }
}
