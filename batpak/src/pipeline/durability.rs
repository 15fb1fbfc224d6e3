/// What a commit survives once it has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// In the store's own memory: it is written a few milliseconds later or when enough has gathered,
    /// and readers see it from then on. The end of the process loses what was not written yet; dropping
    /// the store writes it.
    Buffered,
    /// In the kernel's hands: it survives the end of the process, kill -9 included, but not a power
    /// loss, until [`Store::flush`](crate::Store::flush) or a `Durable` commit after it.
    Written,
    /// On the medium (`fdatasync` has returned): it survives power loss. The default.
    Durable,
}
