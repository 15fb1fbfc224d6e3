use std::cell::RefCell;

use super::Permit;
use crate::event::{Region, StoreId};

/// What was read of a store, with where: a state folded from a region, or whatever else was made of its events.
///
/// [`Store::observe`](crate::Store::observe) gives it. It has no `Deref`: a gate gets at the value by [`Self::get`],
/// and the commit that the gate permits is then on condition that nothing has come to the region
/// since, however deep the value lies in what the gate is given. So what a gate has looked at still
/// holds when the event is stored, or a retryable [`Conflict`](crate::Conflict) says what has come.
///
/// ```
/// use batpak::prelude::*;
/// # let dir = std::env::temp_dir().join(format!("batpak-observed-{}", std::process::id()));
///
/// /// A hall has two seats.
/// #[gate]
/// fn seat_left(taken: &Observed<usize>) -> bool {
///     *taken.get() < 2
/// }
///
/// let store = Store::open(StoreConfig::new(&dir))?;
/// let hall = Region::all().scope("hall");
/// let take = EventKind::custom(0x3, 1);
/// let pipeline = Pipeline::new(GateSet::new().with(seat_left::Gate));
/// let seat = |n: u32| NewEvent::new(&Coordinate::new(format!("seat:{n}"), "hall").unwrap(), take, &());
///
/// let taken = store.observe_with(&hall, |events| Ok::<_, StoreError>(events.collect::<Result<Vec<_>, _>>()?.len()))?;
/// let first = pipeline.permit(store.propose(seat(1)), &taken)?;
/// let second = pipeline.permit(store.propose(seat(2)), &taken)?;
/// pipeline.commit(&store, first)?;
/// // The second was permitted in view of an empty hall.
/// assert!(pipeline.commit(&store, second).unwrap_err().is_retryable());
/// # drop(store);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Observed<T> {
    value: T,
    read: Read,
}

/// What was read: a region of a store, up to a position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) store: StoreId,
    pub(crate) region: Region,
    pub(crate) position: u64,
}

impl<T> Observed<T> {
    pub(crate) const fn new(value: T, read: Read) -> Self {
        Self { value, read }
    }

    /// The value. Within a gate, the region is noted as one that its decision rests on.
    ///
    /// A gate that asks in another thread notes nothing.
    pub fn get(&self) -> &T {
        note(|asked| {
            if !asked.reads.contains(&self.read) {
                asked.reads.push(self.read.clone());
            }
        });
        &self.value
    }

    /// The region that was read.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.read.region
    }

    /// Up to where in the log it was read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.read.position
    }

    /// The store that was read.
    #[must_use]
    pub fn store(&self) -> StoreId {
        self.read.store
    }

    pub(crate) const fn read(&self) -> &Read {
        &self.read
    }

    /// Something else made of the value, which rests on the same region.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        Observed {
            value: f(self.value),
            read: self.read,
        }
    }
}

/// What gates did while they were asked: which of them permitted, and what they read.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    pub(crate) gates: Vec<&'static str>,
    pub(crate) reads: Vec<Read>,
}

thread_local! {
    /// What is asked on this thread at this moment; the innermost last, for a gate may ask others.
    static ASKING: RefCell<Vec<Asked>> = const { RefCell::new(Vec::new()) };
}

/// Ends what [`Asked::by`] began, also if a gate panics.
struct Asking;

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.with_borrow_mut(|asking| {
            asking.pop();
        });
    }
}

impl Asked {
    /// Runs `ask`, and gives what gates did meanwhile besides what it gives. What gates ask of others counts for them too.
    pub(crate) fn by<R>(ask: impl FnOnce() -> R) -> (R, Self) {
        ASKING.with_borrow_mut(|asking| asking.push(Self::default()));
        let end = Asking;
        let answer = ask();
        let asked = ASKING.with_borrow(|asking| asking.last().cloned());
        drop(end);
        let asked = asked.unwrap_or_default();
        note(|outer| {
            outer.gates.extend(&asked.gates);
            outer.reads.extend(asked.reads.iter().cloned());
        });
        (answer, asked)
    }

    /// What is stored with an event that these gates have permitted.
    pub(crate) fn permit(&self) -> Permit {
        Permit::of_gates(self.gates.iter().copied())
    }
}

/// Notes something in what is asked on this thread, if anything is.
fn note(note: impl FnOnce(&mut Asked)) {
    ASKING.with_borrow_mut(|asking| asking.last_mut().map(note));
}

/// Notes that a gate has permitted.
pub(super) fn passed(code: &'static str) {
    note(|asked| asked.gates.push(code));
}
