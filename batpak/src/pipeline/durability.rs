/// What a commit survives once it has been answered: the more, the greater.
///
/// Readers see an event once it has the durability that its batch asked for, whole batches in the order
/// of the log. So a `Durable` event is never seen before it is on the medium, and a `Buffered` one may be
/// answered before it is seen, also by the thread that appended it. What a batch
/// [expects](crate::Batch::expect) is checked against everything before it, seen or not.
///
/// ```
/// use batpak::prelude::*;
/// # let dir = std::env::temp_dir().join(format!("batpak-buffered-{}", std::process::id()));
///
/// let store = Store::open(StoreConfig::new(&dir).durability(Durability::Buffered))?;
/// let sensor = Coordinate::new("sensor:7", "roof")?;
/// for celsius in 0..1_000 {
///     let receipt = store.append(&sensor, EventKind::custom(0xF, 1), &celsius)?;
///     assert_eq!(receipt.durability, Durability::Buffered);
/// }
///
/// store.flush()?;
/// assert_eq!((store.position(), store.durable_position()), (1_000, 1_000));
/// # drop(store);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// In the store's own memory: it is written some milliseconds later, or when enough has gathered,
    /// and readers see it from then on. The end of the process loses what was not written yet, the newest
    /// events first; dropping the store writes it. If the write fails, the next append, flush or close
    /// says so ([`StoreError::Poisoned`](crate::StoreError::Poisoned)).
    Buffered,
    /// In the kernel's hands: it survives the end of the process, kill -9 included, but not a power
    /// loss, until [`Store::flush`](crate::Store::flush) or a `Durable` commit after it.
    Written,
    /// On the medium (`fdatasync` has returned): it survives power loss. The default.
    Durable,
}
