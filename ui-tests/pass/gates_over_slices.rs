//! A gate over `&str` or `&[T]`, called with fields that own.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

/// Somebody has to order.
#[gate]
fn named(by: &str) -> bool {
    !by.is_empty()
}

/// Something has to be ordered.
#[gate]
fn some(lines: &[u64], least: &usize) -> bool {
    lines.len() >= *least
}

/// And not by everybody.
#[gate]
fn not_by(by: &str, other: &str) -> bool {
    by != other
}

struct Limits {
    least: usize,
    banned: String,
}

state_machine!(
    #[machine(context = Limits)]
    #[derive(Debug, Clone)]
    enum Order {
        #[initial]
        Draft { lines: Vec<u64> },
        #[terminal]
        Placed { by: Box<str> },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum OrderEvent {
        #[event(id = 0x001)]
        Added { line: u64 },
        #[event(id = 0x002)]
        Ordered { by: String },
    }

    fn evolve(order: Order, event: OrderEvent) -> Order {
        match (order, event) {
            #[command(add)]
            (Draft { mut lines }, Added { line }) => {
                lines.push(line);
                Draft { lines }
            }
            #[command(order)]
            #[gate(named(by), some(lines, ctx.least), not_by(by, ctx.banned), not_by(by, "Bob"))]
            (Draft { lines }, Ordered { by }) => Placed { by: by.into() },
        }
    }
);

fn asked<T: ?Sized>(gate: impl Gate<T>, of: &T) -> bool {
    gate.evaluate(of).is_ok()
}

fn main() {
    assert!(asked::<str>(named::Gate, "Ann"));
    assert!(!asked(some::Gate, &(&[][..], &1)));
}
