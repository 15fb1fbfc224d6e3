//! Gates of commands that look at the payload struct of an event, and at states without field names.

use batpak::prelude::*;
use batpak::serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Coin {
    cents: u64,
}

/// Only coins of the realm.
#[gate]
fn known(coin: &Coin) -> bool {
    [10, 20, 50, 100].contains(&coin.cents)
}

/// It takes no more than ten.
#[gate]
fn has_room(fed: &u64, cents: &u64) -> bool {
    fed + cents <= 1_000
}

state_machine!(
    #[derive(Debug, Clone, PartialEq)]
    pub enum Slot {
        #[initial]
        Empty,
        Fed(u64),
    }

    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x1)]
    pub enum SlotEvent {
        #[event(id = 0x001)]
        Paid(Coin),
        #[event(id = 0x002)]
        Emptied,
    }

    fn evolve(slot: Slot, event: SlotEvent) -> Slot {
        match (slot, event) {
            #[command(pay)]
            #[gate(known(coin))]
            (Empty, Paid(coin)) => Fed(coin.cents),

            #[command(pay)]
            #[gate(known(new), has_room(fed, new.cents))]
            (Fed(fed), Paid(new)) if fed + new.cents < 1_000 => Fed(fed + new.cents),
            (Fed(fed), Paid(new)) => Fed(fed + new.cents),

            #[command(empty)]
            (Fed(..), Emptied) => Empty,
        }
    }
);

fn main() {
    let refused = Slot::default().admit(&(), &SlotEvent::Paid(Coin { cents: 7 }), &());
    assert!(matches!(refused, Err(Refused::Denied(denial)) if denial.code() == known::CODE));
    assert!(Slot::Fed(990).admit(&(), &SlotEvent::Paid(Coin { cents: 10 }), &()).is_ok());
}
