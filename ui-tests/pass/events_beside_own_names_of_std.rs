//! Every form of event where the user's own types have the names of std's, and batpak is elsewhere.

mod engine {
    pub(crate) use ::batpak::{catalog, category};
    pub(crate) mod inner {
        pub(crate) use ::batpak::*;
    }
}

mod std {}
mod core {}
mod alloc {}
mod serde {}

pub struct Result;
pub struct Option;
pub struct Some;
pub struct None;
pub struct Ok;
pub struct Err;
pub struct Vec;
pub trait Default {}
pub trait From {}
pub trait Into {}
pub trait IntoIterator {}
pub trait Category {}
pub struct Tag;
pub struct Home;
pub struct Claimant;
#[allow(non_camel_case_types)]
pub struct u16;
#[allow(non_camel_case_types)]
pub struct bool;
pub const HERE: () = ();

type Texts = ::std::vec::Vec<::std::string::String>;

engine::category!(pub Events = 0x1);

#[derive(::batpak::serde::Serialize, ::batpak::serde::Deserialize)]
#[serde(crate = "::batpak::serde")]
pub struct Body {
    texts: Texts,
}

#[derive(::batpak::Event)]
#[event(category = Events, reserved(0x00F), crate = engine::inner)]
pub enum Event {
    #[event(id = 0x001, version = 2, from(Body))]
    First {
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        texts: Texts,
        #[event(tag)]
        by: ::std::option::Option<::std::string::String>,
    },
    #[event(id = 0x002)]
    Second(Body),
}

impl ::std::convert::From<Body> for Event {
    fn from(body: Body) -> Self {
        Self::First { texts: body.texts, by: ::std::option::Option::None }
    }
}

#[derive(::batpak::Event)]
#[event(category = Events, id = 0x003, crate = engine::inner)]
pub struct Third;

engine::catalog!(pub ALL = Event, Third);

fn main() {}
