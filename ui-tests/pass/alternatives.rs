//! Alternatives and groups that bind the same name, to fields of different names too.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

/// Somebody has to have it.
#[gate]
fn owned(owner: &str) -> bool {
    !owner.is_empty()
}

state_machine!(
    #[derive(Debug, Clone)]
    enum Book {
        #[initial]
        OnShelf {
            owner: String,
        },
        Lent {
            owner: String,
            to: String,
        },
        #[terminal]
        Lost {
            by: String,
        },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum BookEvent {
        #[event(id = 0x001)]
        Lent { to: String },
        #[event(id = 0x002)]
        Lost,
        #[event(id = 0x003)]
        Damaged { how: String },
    }

    fn evolve(book: Book, event: BookEvent) -> Book {
        match (book, event) {
            #[command(lend)]
            (OnShelf { owner } | Lent { owner, .. }, Lent { to }) => Lent { owner, to },

            /// Whoever has it has lost it.
            #[command(lose)]
            #[gate(owned(by))]
            (OnShelf { owner: by } | Lent { to: by, .. }, Lost) if by == "Ann" => Lost { by },
            (OnShelf { owner: by } | Lent { to: by, .. }, Lost) => Lost { by },

            #[command(damage)]
            (book @ (OnShelf | Lent), Damaged { .. }) => book,
        }
    }
);

fn main() {
    let lent = Book::Lent {
        owner: "Bob".to_owned(),
        to: "Ann".to_owned(),
    };
    assert!(matches!(lent.evolve(BookEvent::Lost), Ok(Book::Lost { by }) if by == "Ann"));
}
