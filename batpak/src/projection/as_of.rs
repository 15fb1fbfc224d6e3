use crate::event::Region;

/// Up to where the log is folded: the past as it was then.
///
/// ```
/// use batpak::prelude::*;
/// # #[derive(Event)]
/// # #[event(category = 0x1)]
/// # enum Till {
/// #     #[event(id = 0x001)]
/// #     Sold { cents: u64 },
/// # }
/// # #[derive(Default)]
/// # struct Revenue { cents: u64 }
/// # #[projection]
/// # impl Revenue {
/// #     #[on(Till::Sold)]
/// #     fn sold(&mut self, cents: &u64) { self.cents += cents; }
/// # }
/// # let dir = std::env::temp_dir().join(format!("batpak-as-of-{}", std::process::id()));
/// # let store = Store::open(StoreConfig::new(&dir))?;
/// # let till = Coordinate::new("till:1", "shop")?;
/// let before = store.append_typed(&till, &Till::Sold { cents: 300 })?;
/// store.append_typed(&till, &Till::Sold { cents: 450 })?;
///
/// let then: Revenue = store.project_as_of(&till, AsOf::Position(before.sequence))?;
/// assert_eq!(then.cents, 300);
/// # drop(store);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// Up to the event at this position; 0 is before the first. It is one that the log has.
    Position(u64),
    /// Up to the last event that was committed at this time or before, in microseconds since 1970 UTC. Times never
    /// fall along the log, so that is all of it up to some position. A time that is still to come is now.
    Time(u64),
}

impl AsOf {
    /// What there was of the region by then.
    #[must_use]
    pub(crate) fn of(self, region: Region) -> Region {
        match self {
            Self::Position(last) => region.positions(..=last),
            Self::Time(last_us) => region.times_us(..=last_us),
        }
    }
}
