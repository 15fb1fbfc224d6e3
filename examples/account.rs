//! An account: gates over state and limits, a command whose result depends on a condition, and a read
//! model over all accounts.
//!
//! ```text
//! cargo run --example account
//! ```

#![allow(clippy::print_stdout, missing_docs)]

use std::fmt;
use std::ops::{Add, Sub};

use batpak::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Cents(pub i64);

impl Add for Cents {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Cents {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ct", self.0)
    }
}

/// What the bank allows.
pub struct Limits {
    pub daily: Cents,
}

/// A withdrawal may not exceed the balance.
#[gate(code = "INSUFFICIENT_FUNDS")]
fn covered(balance: &Cents, amount: &Cents) -> bool {
    amount <= balance
}

/// Refuses more than the daily limit.
#[gate(code = "DAILY_LIMIT")]
fn daily_limit(amount: &Cents, limits: &Limits) -> Verdict {
    ensure!(
        *amount <= limits.daily,
        "{amount} is over the daily limit",
        limit = limits.daily
    );
    Verdict::permit()
}

state_machine!(
    /// A current account.
    #[machine(entity = "account", context = Limits)]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Account {
        #[initial]
        Unopened,
        Open {
            owner: String,
            balance: Cents,
        },
        Frozen {
            owner: String,
            balance: Cents,
        },
        #[terminal]
        Closed,
    }

    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x2)]
    pub enum AccountEvent {
        #[event(id = 0x001)]
        Opened { owner: String },
        #[event(id = 0x002)]
        Deposited { amount: Cents },
        #[event(id = 0x003)]
        Withdrawn { amount: Cents },
        #[event(id = 0x004)]
        Frozen,
        #[event(id = 0x005)]
        Closed,
    }

    fn evolve(account: Account, event: AccountEvent) -> Account {
        match (account, event) {
            #[command(open)]
            (Unopened, Opened { owner }) => Open {
                owner,
                balance: Cents(0),
            },

            #[command(deposit)]
            (Open { owner, balance }, Deposited { amount }) => Open {
                owner,
                balance: balance + amount,
            },

            #[command(withdraw)]
            #[gate(covered(balance, amount), daily_limit(amount, ctx))]
            (Open { owner, balance }, Withdrawn { amount }) => Open {
                owner,
                balance: balance - amount,
            },

            #[command(freeze)]
            (Open { owner, balance }, Frozen) => Frozen { owner, balance },

            #[command(close)]
            (Open { balance, .. }, Closed) if balance == Cents(0) => Closed,
            (Open { owner, balance }, Closed) => Frozen { owner, balance },

            #[command(close)]
            (Frozen { .. }, Closed) => Closed,
        }
    }
);

/// Balances of all open accounts.
#[derive(Debug, Default)]
pub struct Totals {
    open: u64,
    cents: i64,
    last: u64,
}

#[projection(version = 1)]
impl Totals {
    #[on(AccountEvent::Opened)]
    fn opened(&mut self) {
        self.open += 1;
    }

    #[on(AccountEvent::Deposited)]
    fn deposited(&mut self, amount: &Cents) {
        self.cents += amount.0;
    }

    #[on(AccountEvent::Withdrawn)]
    fn withdrawn(&mut self, amount: &Cents, at: &EventMeta<'_>) {
        self.cents -= amount.0;
        self.last = at.sequence;
    }
}

/// The account with this number, opened with a first deposit: two events, one batch.
fn open(
    store: &Store,
    number: u32,
    owner: &str,
    amount: Cents,
) -> Result<AccountIn<Open>, Box<dyn std::error::Error>> {
    let account = store.load::<Account>(&Account::at(number, "bank")?)?;
    let step = account
        .unopened()?
        .open(owner.to_owned())?
        .then(|account| account.deposit(amount))?;
    Ok(step.commit(store)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::new(dir.path().join("bank")))?;
    let limits = Limits {
        daily: Cents(10_000),
    };
    let ann = open(&store, 1, "Ann", Cents(15_000))?;
    let bob = open(&store, 2, "Bob", Cents(2_000))?;

    let ann = match ann.withdraw(Cents(12_000), &limits) {
        Ok(step) => step.commit(&store)?,
        Err(denied) => {
            println!("denied: {}", denied.denial);
            denied
                .machine
                .withdraw(Cents(9_000), &limits)?
                .commit(&store)?
        }
    };
    println!("{} has {}", ann.owner(), ann.balance());

    // Whether there is money left decides where closing leads.
    match bob.close()?.commit(&store)? {
        AccountClose::Closed(_) => println!("closed"),
        AccountClose::Frozen(account) => {
            println!("frozen with {}, then closed", account.balance());
            account.close()?.commit(&store)?;
        }
    }

    let totals: Totals = store.fold(&Region::all().scope("bank"))?;
    println!("{totals:?}");
    Ok(())
}
