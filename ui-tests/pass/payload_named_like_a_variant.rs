//! A payload type with the name of its variant, and serde by way of batpak alone.

#![deny(unused, warnings)]

use batpak::prelude::*;
use batpak::serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Payment {
    pub cents: u64,
}

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x1)]
pub enum TillEvent {
    #[event(id = 0x001)]
    Payment { payment: Payment },
}

fn main() {
    let paid = TillEvent::Payment {
        payment: Payment { cents: 35 },
    };
    let mut bytes = Vec::new();
    paid.encode(&mut bytes).unwrap();
    assert_eq!(
        TillEvent::decode(TillEvent::PAYMENT, 1, &bytes).unwrap(),
        paid
    );
}
