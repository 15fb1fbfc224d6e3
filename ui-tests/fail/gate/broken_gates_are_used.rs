use batpak::prelude::*;

/// Only so much.
#[gate]
async fn hourly(amount: &u64) -> bool {
    *amount < 10
}

/// Only so much.
#[gate]
fn daily(amount: u64, most: &mut u64) -> bool {
    amount < *most
}

/// Only so much.
#[gate]
fn weekly(amount: &u64) {
    assert!(*amount < 10);
}

/// Only so much.
#[gate]
fn monthly<T: PartialOrd<u64>>(amount: &T) -> bool {
    *amount < 10
}

#[gate(code = "per year")]
fn yearly(amount: &u64) -> bool {
    *amount < 10
}

struct Policy(u64);

#[gate]
impl Policy {
    /// Only so much.
    #[gate]
    fn at_most(self, amount: u64) -> bool {
        amount < self.0
    }
}

state_machine!(
    #[machine(context = Policy)]
    #[derive(Debug, Clone)]
    enum Till {
        #[initial]
        Open { most: u64 },
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum TillEvent {
        #[event(id = 0x001)]
        Taken { amount: u64 },
    }

    fn evolve(till: Till, event: TillEvent) -> Till {
        match (till, event) {
            #[command(take)]
            #[gate(
                hourly(amount),
                daily(amount, most),
                weekly(amount),
                monthly(amount),
                yearly(amount),
                at_most(ctx, amount)
            )]
            (Open { most }, Taken { amount }) => Open {
                most: most - amount,
            },
        }
    }
);

fn main() {
    let gates = GateSet::<u64>::new()
        .with(hourly::Gate)
        .with(weekly::Gate)
        .with(monthly::Gate)
        .with(yearly::Gate)
        .with(at_most::Gate(Policy(1)));
    assert!(gates.evaluate(&1).is_ok());
    assert!(daily::Gate.evaluate(&(&1, &2)).is_ok());
}
