//! The module for the tests of users, tried on a machine with gates, a condition and shared data.

use batpak::prelude::*;
use batpak::testing::Random;
use serde::{Deserialize, Serialize};

mod given;
mod histories;
mod memory;

/// What the library allows.
#[derive(Debug, Clone)]
pub struct Rules {
    most: u64,
}

/// Nobody has more books than the rules allow.
#[gate(code = "TOO_MANY")]
fn within(books: &u64, more: &u64, rules: &Rules) -> Verdict {
    ensure!(
        books + more <= rules.most,
        "{books} and {more} are too many"
    );
    Verdict::permit()
}

/// How many books were ever lent, whatever became of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lent {
    books: u64,
}

#[projection]
impl Lent {
    #[on(CardEvent::Lent)]
    fn lent(&mut self, books: &u64) {
        self.books += books;
    }
}

/// A name that may be kept to oneself, and is then not written either.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    name: String,
    #[serde(skip)]
    secret: u64,
}

fn ada() -> Holder {
    Holder {
        name: "Ada".to_owned(),
        secret: 0,
    }
}

state_machine!(
    /// The card of a library.
    #[machine(entity = "card", data = Lent, context = Rules)]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Card {
        #[initial]
        Unissued,
        Valid {
            books: u64,
        },
        #[terminal]
        Expired,
    }

    /// What can happen to it.
    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x7, reserved(0x009 = "Renewed"))]
    pub enum CardEvent {
        #[event(id = 0x001)]
        Issued { holder: Holder },
        #[event(id = 0x002)]
        Lent { books: u64 },
        #[event(id = 0x003)]
        Returned,
        #[event(id = 0x004)]
        Expired,
    }

    fn evolve(card: Card, event: CardEvent) -> Card {
        match (card, event) {
            #[command(issue)]
            (Unissued, Issued { .. }) => Valid { books: 0 },

            #[command(lend)]
            #[gate(within(books, more, ctx))]
            (Valid { books }, Lent { books: more }) => Valid {
                books: books + more,
            },

            #[command(give_back)]
            (Valid { .. }, Returned) => Valid { books: 0 },

            /// A card with books on it stays.
            #[command(expire)]
            (Valid { books }, Expired) if books == 0 => Expired,
            (card @ Valid, Expired) => card,
        }
    }
);

const RULES: Rules = Rules { most: 5 };

fn issued() -> CardEvent {
    CardEvent::Issued { holder: ada() }
}

fn lent(books: u64) -> CardEvent {
    CardEvent::Lent { books }
}

/// An event of this kind, for random histories.
fn event(kind: EventKind, random: &mut Random) -> CardEvent {
    match kind {
        CardEvent::ISSUED => issued(),
        CardEvent::LENT => lent(random.below(4)),
        CardEvent::RETURNED => CardEvent::Returned,
        CardEvent::EXPIRED => CardEvent::Expired,
        other => unreachable!("{other} is of no card"),
    }
}

/// With which words the test panics.
fn panic_of(test: impl FnOnce()) -> String {
    let test = std::panic::AssertUnwindSafe(test);
    let panic = std::panic::catch_unwind(test).expect_err("it did not panic");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}
