/// What a commit survives once it has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// In the kernel's hands: it survives the end of the process, kill -9 included, but not a power
    /// loss, until [`Store::flush`](crate::Store::flush) or a `Durable` commit after it.
    Written,
    /// On the medium (`fdatasync` has returned): it survives power loss. The default.
    Durable,
}
