use super::Random;
use crate::{EventKind, EventPayload, Folded, Machine, Refused};

/// How often a payload is made for the next event, before the gates are taken to deny all.
const TRIES: usize = 100;

/// A random history of a machine, from its initial state: at most `len` events that its table allows and
/// its gates permit, the same for the same `seed`.
///
/// `make` makes an event of the kind that it is asked for; what it makes may be denied, and another is
/// asked for then. The history is shorter where it comes to a state that no event leaves, or where
/// gates deny whatever is made.
///
/// # Panics
/// If `make` makes an event of another kind, or one that cannot be written and read back.
///
/// ```
/// # use batpak::prelude::*;
/// use batpak::testing::{Given, Random, history};
///
/// state_machine!(
///     #[derive(Debug, Clone, PartialEq)]
///     pub enum Light {
///         #[initial]
///         Off,
///         On { brightness: u64 },
///     }
///
///     #[derive(Event, Debug, Clone, PartialEq)]
///     #[event(category = 0x4)]
///     pub enum LightEvent {
///         #[event(id = 0x001)]
///         TurnedOn { brightness: u64 },
///         #[event(id = 0x002)]
///         TurnedOff,
///     }
///
///     fn evolve(light: Light, event: LightEvent) -> Light {
///         match (light, event) {
///             #[command(turn_on)]
///             (Off, TurnedOn { brightness }) => On { brightness },
///             #[command(turn_off)]
///             (On { .. }, TurnedOff) => Off,
///         }
///     }
/// );
///
/// fn event(kind: EventKind, random: &mut Random) -> LightEvent {
///     match kind {
///         LightEvent::TURNED_ON => LightEvent::TurnedOn { brightness: random.below(100) },
///         LightEvent::TURNED_OFF => LightEvent::TurnedOff,
///         other => unreachable!("{other} is of no light"),
///     }
/// }
///
/// for seed in 0..100 {
///     let past = history::<Light>(seed, 9, &(), event);
///     assert_eq!(past.len(), 9);
///     Given::<Light>::events(past).when_event(LightEvent::TurnedOff, &()).then_state(Light::Off);
/// }
/// ```
#[must_use]
#[track_caller]
pub fn history<M: Machine>(
    seed: u64,
    len: usize,
    ctx: &M::Context,
    mut make: impl FnMut(EventKind, &mut Random) -> M::Event,
) -> Vec<M::Event> {
    let mut random = Random::new(seed);
    let made = walk::<M, std::convert::Infallible>(len, ctx, &mut random, |kind, random| {
        Ok(make(kind, random))
    });
    match made {
        Ok(events) => events,
        Err(never) => match never {},
    }
}

/// Walks the machine's table at random for at most `len` events, or until `make` fails.
#[track_caller]
pub(super) fn walk<M: Machine, E>(
    len: usize,
    ctx: &M::Context,
    random: &mut Random,
    mut make: impl FnMut(EventKind, &mut Random) -> Result<M::Event, E>,
) -> Result<Vec<M::Event>, E> {
    let mut now = Folded::<M>::default();
    let mut events = Vec::with_capacity(len);
    while events.len() < len {
        let kinds = possible(&now.state);
        let mut tries = if kinds.is_empty() { 0 } else { TRIES };
        let next = loop {
            if tries == 0 {
                return Ok(events);
            }
            tries -= 1;
            let kind = *random.pick(&kinds);
            let event = make(kind, random)?;
            let made = event.kind();
            assert!(
                made == kind,
                "asked for an event of kind {kind}, `make` made one of {made}"
            );
            match now.state.admit(&now.data, &event, ctx) {
                Ok(()) => break event,
                Err(Refused::Denied(_)) => {}
                Err(Refused::Illegal(illegal)) => {
                    panic!("the table has what no arm is for: {illegal}")
                }
            }
        };
        if let Err(illegal) = now.advance(reread(&next)) {
            panic!("an event that was admitted cannot be replayed: {illegal}");
        }
        events.push(next);
    }
    Ok(events)
}

/// The kinds that the table has an arm for in this state, each once.
fn possible<M: Machine>(state: &M) -> Vec<EventKind> {
    let from = M::TRANSITIONS
        .iter()
        .filter(|line| line.from == state.name());
    let mut kinds: Vec<_> = from.map(|line| line.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The event as it comes back from the log.
#[track_caller]
fn reread<E: EventPayload>(event: &E) -> E {
    let mut bytes = Vec::new();
    if let Err(error) = event.encode(&mut bytes) {
        panic!("`{}`: {error}", event.name());
    }
    match E::decode(event.kind(), event.version(), &bytes) {
        Ok(event) => event,
        Err(error) => panic!("`{}` cannot be read back: {error}", event.name()),
    }
}
