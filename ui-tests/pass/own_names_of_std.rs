//! The user's own types may have the names of std's.

use batpak::prelude::{Event, gate, projection, state_machine};

mod std {}
mod core {}
mod alloc {}
mod serde {}

type Text = ::std::string::String;

pub struct Result;
pub struct Option;
pub struct Some;
pub struct None;
pub struct Ok;
pub struct Err;
pub struct Vec;
pub struct String;
pub struct Box;
pub trait Default {}
pub trait Clone {}
pub trait Debug {}
pub trait Display {}
pub trait Into {}
pub trait From {}
pub trait AsRef {}
pub trait State {}
pub trait Machine {}
pub trait Projection {}
pub trait Fold {}
pub trait Gate {}
pub trait Instance {}
pub struct Step;
pub struct Denied;
pub struct Denial;
pub struct Verdict;
pub struct EventKind;
#[allow(non_camel_case_types)]
pub struct u16;
#[allow(non_camel_case_types)]
pub struct u32;
#[allow(non_camel_case_types)]
pub struct u8;
#[allow(non_camel_case_types)]
pub struct str;

#[allow(unused_macros)]
macro_rules! matches {
    () => {};
}
#[allow(unused_macros)]
macro_rules! format {
    () => {};
}
#[allow(unused_macros)]
macro_rules! unreachable {
    () => {};
}

/// Somebody has to open it.
#[gate]
fn named(by: &Text) -> bool {
    !by.is_empty()
}

/// Only so often.
#[gate]
fn rarely(by: &Text, times: &u64) -> bool {
    by.len() as u64 > *times
}

#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
struct Uses {
    count: u64,
}

#[projection(version = 1)]
impl Uses {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self, by: &Text) {
        self.count += by.len() as u64;
    }
}

state_machine!(
    #[machine(entity = "door", data = Uses)]
    #[derive(::core::fmt::Debug, ::core::clone::Clone)]
    enum Door {
        #[initial]
        Closed,
        Open {
            by: Text,
        },
    }

    #[derive(Event, ::core::fmt::Debug, ::core::clone::Clone)]
    #[event(category = 0x1)]
    enum DoorEvent {
        #[event(id = 0x001)]
        Opened { by: Text },
        #[event(id = 0x002)]
        Shut,
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            #[command(open)]
            #[gate(named(by), rarely(by, data.count))]
            (Closed, Opened { by }) => Open { by },
            #[command(shut)]
            (Open { by }, Shut) if data.count > 3 && by.is_empty() => Closed,
            (door @ Open, Shut) => door,
        }
    }
);

fn main() {
    assert_eq!(Door::at(7, "house").unwrap().entity(), "door:7");
}
