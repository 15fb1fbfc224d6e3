//! The order of the documentation. The completion probe types into it, and so needs each line that it
//! changes to be there once.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;
use batpak::serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Cents(i64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct PaymentId(u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Tracking(String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Line {
    article: String,
    price: Cents,
}

impl Line {
    /// The line at half its price.
    pub fn discounted(mut self) -> Self {
        self.price = Cents(self.price.0 / 2);
        self
    }
}

/// What one customer may spend.
pub struct Limits {
    credit: Cents,
}

/// There must be something in the basket.
#[gate]
fn not_empty(lines: &[Line]) -> bool {
    !lines.is_empty()
}

/// Nobody spends more than their credit.
#[gate]
fn credit_limit(total: &Cents, limits: &Limits) -> bool {
    total.0 <= limits.credit.0
}

fn with(mut lines: Vec<Line>, line: Line) -> Vec<Line> {
    lines.push(line);
    lines
}

state_machine!(
    /// The life of an order, from basket to doorstep.
    #[machine(entity = "order", context = Limits, version = 1)]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Order {
        /// The customer is still filling the basket.
        #[initial]
        #[group(Open)]
        Draft {
            lines: Vec<Line>,
        },
        #[group(Open)]
        Placed {
            lines: Vec<Line>,
            total: Cents,
        },
        #[group(Open)]
        Paid {
            payment: PaymentId,
        },
        Shipped {
            tracking: Tracking,
        },
        #[terminal]
        Delivered,
        #[terminal]
        Cancelled {
            reason: String,
        },
    }

    /// What can happen to an order.
    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x1, reserved(0x006 = "Refunded"))]
    pub enum OrderEvent {
        #[event(id = 0x001)]
        LineAdded { line: Line },
        #[event(id = 0x002)]
        Placed { total: Cents },
        #[event(id = 0x003)]
        Paid { payment: PaymentId },
        #[event(id = 0x004)]
        Shipped { tracking: Tracking },
        #[event(id = 0x005)]
        Delivered,
        #[event(id = 0x007)]
        Cancelled { reason: String },
        #[event(id = 0x008)]
        NoteAdded { text: String },
    }

    fn evolve(order: Order, event: OrderEvent) -> Order {
        match (order, event) {
            #[command(add_line)]
            (Draft { lines }, LineAdded { line }) => Draft {
                lines: with(lines, line),
            },

            /// The customer confirms the basket.
            #[command(place)]
            #[gate(not_empty(lines), credit_limit(total, ctx))]
            (Draft { lines }, Placed { total }) => Placed { lines, total },

            #[command(pay)]
            (Placed { .. }, Paid { payment }) => Paid { payment },

            #[command(ship)]
            (Paid { .. }, Shipped { tracking }) => Shipped { tracking },

            #[command(deliver)]
            (Shipped { .. }, Delivered) => Delivered,

            #[command(cancel)]
            (Open, Cancelled { reason }) => Cancelled { reason },

            #[command(note)]
            (order, NoteAdded { .. }) => order,
        }
    }
);

fn of_a_draft(draft: OrderIn<Draft>, limits: &Limits) {
    let _ = draft.place(Cents(1), limits);
}

fn of_a_placed_order(placed: OrderIn<Placed>) {
    let _ = placed.pay(PaymentId(1));
}

fn of_a_paid_order(paid: OrderIn<Paid>, tracking: Tracking) {
    let _ = paid.ship(tracking);
}

fn main() {}
