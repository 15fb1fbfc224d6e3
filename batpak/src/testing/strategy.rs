use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use proptest::num;
use proptest::strategy::{BoxedStrategy, NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::Random;
use super::history::walk;
use crate::{EventKind, Machine};

/// Random histories of a machine, as [`history`](super::history()) makes them, for proptest.
///
/// `make` gives the strategy for the events of a kind. A history that fails a test is shortened from its
/// end, for the beginning of what can happen can happen too; its events are left as they are.
///
/// ```
/// # use batpak::prelude::*;
/// use batpak::testing::{Given, histories};
/// use proptest::prelude::*;
///
/// # state_machine!(
/// #     #[derive(Debug, Clone, PartialEq)]
/// #     pub enum Light {
/// #         #[initial]
/// #         Off,
/// #         On { brightness: u64 },
/// #     }
/// #     #[derive(Event, Debug, Clone, PartialEq)]
/// #     #[event(category = 0x4)]
/// #     pub enum LightEvent {
/// #         #[event(id = 0x001)]
/// #         TurnedOn { brightness: u64 },
/// #         #[event(id = 0x002)]
/// #         TurnedOff,
/// #     }
/// #     fn evolve(light: Light, event: LightEvent) -> Light {
/// #         match (light, event) {
/// #             #[command(turn_on)]
/// #             (Off, TurnedOn { brightness }) => On { brightness },
/// #             #[command(turn_off)]
/// #             (On { .. }, TurnedOff) => Off,
/// #         }
/// #     }
/// # );
/// fn event(kind: EventKind) -> BoxedStrategy<LightEvent> {
///     match kind {
///         LightEvent::TURNED_ON => (0..100_u64)
///             .prop_map(|brightness| LightEvent::TurnedOn { brightness })
///             .boxed(),
///         LightEvent::TURNED_OFF => Just(LightEvent::TurnedOff).boxed(),
///         other => unreachable!("{other} is of no light"),
///     }
/// }
///
/// # fn main() {
/// proptest!(|(past in histories::<Light>(0..=20, (), event))| {
///     // Commands and a chain store the same, and what is stored can be loaded.
///     let store = batpak::testing::store();
///     let (lamp, copy) = (Coordinate::new("lamp:1", "test")?, Coordinate::new("lamp:2", "test")?);
///     let mut chain = store.load::<Light>(&copy)?.chain();
///     for event in &past {
///         match (store.load::<Light>(&lamp)?, event) {
///             (AnyLightIn::Off(off), LightEvent::TurnedOn { brightness }) => {
///                 off.turn_on(*brightness)?.commit(&store)?;
///             }
///             (AnyLightIn::On(on), LightEvent::TurnedOff) => {
///                 on.turn_off()?.commit(&store)?;
///             }
///             (_, other) => prop_assert!(false, "{other:?} cannot happen"),
///         }
///         chain.record(event.clone(), &())?;
///     }
///     chain.commit(&store)?;
///     for stream in [&lamp, &copy] {
///         let stored: Vec<LightEvent> = store
///             .stream(stream)
///             .map(|event| Ok(event?.event()?))
///             .collect::<Result<_, StoreError>>()?;
///         prop_assert_eq!(&stored, &past);
///     }
/// });
/// # }
/// ```
#[must_use = "a strategy does nothing by itself"]
pub fn histories<M: Machine>(
    len: RangeInclusive<usize>,
    ctx: M::Context,
    make: impl Fn(EventKind) -> BoxedStrategy<M::Event> + 'static,
) -> Histories<M>
where
    M::Context: Sized,
    M::Event: Clone + fmt::Debug,
{
    Histories {
        len,
        ctx: Arc::new(ctx),
        make: Arc::new(make),
    }
}

/// The strategy that [`histories`] gives.
pub struct Histories<M: Machine> {
    len: RangeInclusive<usize>,
    ctx: Arc<M::Context>,
    make: Arc<dyn Fn(EventKind) -> BoxedStrategy<M::Event>>,
}

impl<M: Machine> Clone for Histories<M> {
    fn clone(&self) -> Self {
        Self {
            len: self.len.clone(),
            ctx: Arc::clone(&self.ctx),
            make: Arc::clone(&self.make),
        }
    }
}

impl<M: Machine> fmt::Debug for Histories<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histories")
            .field("machine", &M::NAME)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Strategy for Histories<M>
where
    M::Event: Clone + fmt::Debug,
{
    type Tree = Beginnings<M::Event>;
    type Value = Vec<M::Event>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let len = self.len.clone().new_tree(runner)?.current();
        let seed = num::u64::ANY.new_tree(runner)?.current();
        let events = walk::<M, _>(len, &self.ctx, &mut Random::new(seed), |kind, _| {
            (self.make)(kind)
                .new_tree(runner)
                .map(|tree| tree.current())
        })?;
        let (shortest, longest) = (*self.len.start(), events.len());
        Ok(Beginnings {
            len: num::usize::BinarySearch::new_above(shortest.min(longest), longest),
            events,
        })
    }
}

/// A history, and how much of its beginning is tried.
#[derive(Debug)]
pub struct Beginnings<E> {
    events: Vec<E>,
    len: num::usize::BinarySearch,
}

impl<E: Clone + fmt::Debug> ValueTree for Beginnings<E> {
    type Value = Vec<E>;

    fn current(&self) -> Vec<E> {
        self.events[..self.len.current()].to_vec()
    }

    fn simplify(&mut self) -> bool {
        self.len.simplify()
    }

    fn complicate(&mut self) -> bool {
        self.len.complicate()
    }
}
