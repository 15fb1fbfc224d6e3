//! Commands that a condition decides, with and without the outcome that nothing changes.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone)]
    enum Account {
        #[initial]
        #[group(Active)]
        Open {
            cents: u64,
        },
        #[group(Active)]
        Frozen {
            cents: u64,
        },
        Empty,
        #[terminal]
        Closed,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum AccountEvent {
        #[event(id = 0x001)]
        Withdrawn { cents: u64 },
        #[event(id = 0x002)]
        Closed,
        #[event(id = 0x003)]
        Frozen,
    }

    fn evolve(account: Account, event: AccountEvent) -> Account {
        match (account, event) {
            #[command(withdraw)]
            (Active { cents: all }, Withdrawn { cents }) if cents == all => Empty,
            (Open { cents: left } | Frozen { cents: left }, Withdrawn { cents }) => Open {
                cents: left - cents,
            },

            #[command(close)]
            (Open { cents: left }, Closed) if left == 0 => Closed,
            (account @ Open, Closed) => account,
            #[command(close)]
            (Frozen { cents }, Closed) if cents == 0 => Closed,
            (account @ Frozen, Closed) => account,
            #[command(close)]
            (Empty, Closed) => Closed,

            #[command(freeze)]
            (Open { cents }, Frozen) => Frozen { cents },
        }
    }
);

fn withdrawn(outcome: AccountWithdraw) -> u64 {
    match outcome {
        AccountWithdraw::Empty(_) => 0,
        AccountWithdraw::Open(account) => *account.cents(),
    }
}

fn closed(outcome: AccountClose<Open>) -> u64 {
    match outcome {
        AccountClose::Closed(_) => 0,
        AccountClose::Unchanged(account) => *account.cents(),
    }
}

fn close(
    open: AccountIn<Open>,
    empty: AccountIn<Empty>,
    store: &Store,
) -> Result<(), Box<dyn std::error::Error>> {
    let Ok(step) = open.close();
    closed(step.commit(store)?);
    let Ok(step) = empty.close();
    let _: AccountIn<Closed> = step.commit(store)?;
    Ok(())
}

fn main() {}
