//! The life of an order: commands, gates, steps that chain, and a payload that has had two versions.
//!
//! ```text
//! cargo run --example order
//! ```

#![allow(clippy::print_stdout, missing_docs)]

use batpak::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Cents(pub u64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub article: String,
    pub price: Cents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentId(pub String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracking(pub String);

/// What the shop allows: the context of its gates.
pub struct Limits {
    pub credit: Cents,
}

/// An order needs a line.
#[gate]
fn not_empty(lines: &[Line]) -> bool {
    !lines.is_empty()
}

/// Refuses more than the customer's credit.
#[gate(code = "CREDIT_LIMIT")]
fn credit_limit(total: &Cents, limits: &Limits) -> Verdict {
    ensure!(
        *total <= limits.credit,
        "the total is over the credit",
        total = total.0,
        credit = limits.credit.0
    );
    Verdict::permit()
}

/// `Paid` as it was written first: a card, by its number.
#[derive(Debug, Serialize, Deserialize)]
pub struct PaidV1 {
    pub card: String,
}

impl From<PaidV1> for OrderEvent {
    fn from(old: PaidV1) -> Self {
        Self::Paid {
            payment: PaymentId(format!("card:{}", old.card)),
        }
    }
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
        #[event(id = 0x003, version = 2, from(PaidV1))]
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::new(dir.path().join("shop")))?;
    let limits = Limits { credit: Cents(500) };
    let coordinate = Order::at(1, "shop")?;

    let AnyOrderIn::Draft(draft) = store.load::<Order>(&coordinate)? else {
        return Err("the order is new".into());
    };
    let tea = Line {
        article: "tea".to_owned(),
        price: Cents(450),
    };
    let draft = draft.add_line(tea)?.commit(&store)?;

    // A gate denies, and gives the machine back.
    let denied = match draft.place(Cents(900), &limits) {
        Ok(_) => return Err("that was over the limit".into()),
        Err(denied) => denied,
    };
    println!("denied: {}", denied.denial);

    // Two commands, one batch: either both events are recorded or none.
    let paid = denied
        .machine
        .place(Cents(450), &limits)?
        .then(|placed| placed.pay(PaymentId("transfer:77".to_owned())))?
        .commit(&store)?;
    println!("paid by {}", paid.payment().0);

    let delivered = paid
        .ship(Tracking("Z-1".to_owned()))?
        .commit(&store)?
        .deliver()?
        .commit(&store)?;
    println!("delivered at revision {}", delivered.cursor().revision());

    for event in store.stream(&coordinate) {
        let event = event?;
        println!(
            "{:>3} {:?}",
            event.header.sequence,
            event.event::<OrderEvent>()?
        );
    }
    for line in Order::default().allowed() {
        println!("a draft may become `{}` by `{}`", line.to, line.event);
    }
    Ok(())
}
