//! No name is taken for granted, not even those of the standard prelude.

#![no_implicit_prelude]
#![deny(warnings)]
use ::batpak::{Event, gate, projection, state_machine};
use ::core::prelude::v1::derive;
use ::std::option::Option;
use ::std::string::String;
use ::std::vec::Vec;

/// x
#[gate]
fn named(by: &str, n: &u64) -> bool {
    !by.is_empty() && *n < 9
}
/// y
#[gate]
fn verd(by: &str) -> ::batpak::Verdict {
    ::batpak::ensure!(!by.is_empty(), "{by} bad", by = by);
    ::batpak::Verdict::permit()
}

#[derive(::core::clone::Clone, ::core::default::Default, ::core::fmt::Debug)]
pub struct Uses {
    n: u64,
}
#[projection]
impl Uses {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self) {
        self.n += 1;
    }
}

pub struct V1;
#[derive(::batpak::serde::Deserialize)]
#[serde(crate = "::batpak::serde")]
pub struct OpenedV1 {
    who: String,
}
impl ::core::convert::From<OpenedV1> for DoorEvent {
    fn from(o: OpenedV1) -> Self {
        Self::Opened {
            by: o.who,
            tags: Vec::new(),
            maybe: Option::None,
        }
    }
}

state_machine!(
    /// A door.
    #[machine(entity = "door", data = Uses, context = u64)]
    #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
    pub enum Door {
        #[initial]
        Closed,
        Open {
            by: String,
        },
        #[terminal]
        Gone,
    }
    #[derive(Event, ::core::clone::Clone, ::core::fmt::Debug)]
    #[event(category = 0x3)]
    pub enum DoorEvent {
        #[event(id = 1, version = 2, from(OpenedV1))]
        Opened {
            #[event(tag)]
            by: String,
            #[event(tag = "t")]
            tags: Vec<String>,
            #[event(tag)]
            #[serde(default)]
            maybe: Option<u8>,
        },
        #[event(id = 2)]
        Shut,
        #[event(id = 3)]
        Razed,
    }
    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            #[gate(named(by, ctx), verd(by))]
            (Closed, Opened { by, .. }) => Open { by },
            #[command(shut)]
            (Open { by }, Shut) if by.is_empty() || data.n > 5 => Closed,
            (door @ Open, Shut) => door,
            #[command(raze)]
            (_, Razed) => Gone,
        }
    }
);
::batpak::category!(pub Cats = 0x5);
#[derive(Event)]
#[event(category = Cats, id = 1)]
pub struct S {
    pub a: u8,
}
::batpak::catalog!(DoorEvent, S);
fn main() {
    let _ = Door::at(1, "x");
    let _: Option<DoorFold> = Option::None;
    let _ = V1;
    let _ = S { a: 1 }.a;
}
