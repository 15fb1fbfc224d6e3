//! Who reacts.

use batpak::{ReactorError, ReactorFailure};

use super::*;

/// The kind of the events that ask for an answer.
pub const ASKS: EventKind = EventKind::custom(0xF, 2);

const ANSWERS: EventKind = EventKind::custom(0xE, 1);

pub fn asked() -> Region {
    Region::all().kinds([ASKS])
}

pub fn answers() -> Region {
    Region::all().kinds([ANSWERS])
}

/// Starts the reactor; after so many answers, if there is a number, its code panics.
pub fn start(store: &Store, lives_for: Option<u64>) -> Reacting {
    let mut answered = 0;
    let answering = batpak::reactor("answering", move |event: &StoredEvent| {
        answered += 1;
        if lives_for.is_some_and(|lives_for| answered > lives_for) {
            std::panic::resume_unwind(Box::new(KILLED));
        }
        let answers = coordinate("answers", "s");
        let answer = NewEvent::new(&answers, ANSWERS, &event.header.sequence);
        Ok::<_, StoreError>(answer)
    });
    store.react(asked(), answering).unwrap()
}

/// Starts it again and again until the round is at its end, and then leaves it to the end of the store, or not.
pub fn mind(store: &Store, mut random: Random, end: &End) -> Option<Reacting> {
    while !end.has_come() {
        let lives_for = (random.below(2) == 0).then(|| random.below(60));
        let reacting = start(store, lives_for);
        let patience = Duration::from_millis(random.below(100));
        end.wait(patience, || reacting.error().is_some());
        if end.has_come() && random.below(2) == 0 {
            return Some(reacting);
        }
        match random.below(2) {
            0 => check_end(reacting.stop()),
            _ => drop(reacting),
        }
    }
    None
}

/// The reactor ends by being stopped, or by its code's death.
pub fn check_end(ended: Result<(), ReactorError>) {
    if let Err(error) = ended {
        let is_killed = matches!(&error.failure, ReactorFailure::Panicked(by) if &**by == KILLED);
        assert!(is_killed, "{error}");
    }
}
