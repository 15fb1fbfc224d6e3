//! Versions, tags, payload structs, struct events and declared categories, behind every lint that a
//! careful crate denies.

#![deny(
    clippy::all,
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    unused,
    warnings
)]

use batpak::prelude::*;
use batpak::serde::{Deserialize, Serialize};

batpak::category!(pub Tills = 0x1);
batpak::category!(
    /// What nobody else sees.
    #[non_exhaustive]
    Inner = 0x2
);

mod nested {
    batpak::category!(pub(crate) Deep = 0x3);
}

/// What was paid at first.
#[derive(Debug, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct PaidV1 {
    cents: u64,
}

/// What was paid then.
#[derive(Debug, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct PaidV2 {
    cents: u64,
    by: Option<String>,
}

impl From<PaidV1> for PaidV2 {
    fn from(PaidV1 { cents }: PaidV1) -> Self {
        Self { cents, by: None }
    }
}

impl From<PaidV2> for TillEvent {
    fn from(PaidV2 { cents, by }: PaidV2) -> Self {
        let by = by.into_iter().collect();
        Self::Paid { cents, by, note: String::new(), cached: 0 }
    }
}

/// What a refund says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "batpak::serde")]
pub struct Refund {
    /// How much.
    pub cents: u64,
}

/// What happens at a till.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = Tills, reserved(0x00A..=0x00F))]
pub enum TillEvent {
    /// Somebody paid.
    #[event(id = 0x001, version = 3, from(PaidV1, PaidV2), shape = 0xD6C8)]
    Paid {
        /// How much.
        #[event(tag = "sum")]
        cents: u64,
        /// Who.
        #[event(tag)]
        by: Vec<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        /// Not written.
        #[serde(skip)]
        cached: u64,
    },
    /// Somebody got it back.
    #[event(id = 0x002, name = "PaidBack")]
    Refunded(Refund),
    /// No more.
    #[event(id = 0x003)]
    Closed,
}

/// The drawer was opened.
#[derive(Event, Debug, PartialEq)]
#[event(category = self::nested::Deep, id = 0x001)]
pub struct Opened {
    /// By whom.
    #[event(tag)]
    pub by: Option<String>,
}

/// The drawer was shut.
#[derive(Event, Debug, PartialEq)]
#[event(category = crate::Inner, id = 0x002)]
pub struct Shut;

/// A refund of its own.
#[derive(Event, Debug, PartialEq)]
#[event(category = Inner, id = 0x003, crate = ::batpak)]
struct Single(Refund);

batpak::catalog!(TillEvent, Opened, Shut, Single);
batpak::catalog!(pub ALL = TillEvent, Opened,);

fn main() {
    let paid = TillEvent::from(PaidV2::from(PaidV1 { cents: 4 }));
    assert_eq!((paid.version(), paid.tags().unwrap().len()), (3, 1));
    let single = Single(Refund { cents: 4 });
    let mut bytes = Vec::new();
    single.encode(&mut bytes).unwrap();
    assert_eq!(Single::decode(Single::KIND, 1, &bytes).unwrap(), single);
    let tags = Opened { by: Some("Ada".to_owned()) }.tags().unwrap();
    assert_eq!(tags, ["by:Ada".parse().unwrap()]);
    assert_eq!(ALL.len(), 4);
}
