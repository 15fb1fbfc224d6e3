//! An enum of events without a machine.

#![deny(unused, warnings)]

use batpak::prelude::*;

#[derive(Event, Debug, PartialEq)]
#[event(category = 0xE, reserved(0x003 = "Refunded", 0x010..=0x01F,))]
pub(crate) enum Till {
    #[event(id = 0x001)]
    Sold {
        article: String,
        cents: Option<u64>,
        tags: Vec<String>,
    },
    #[event(id = 0xFFF)]
    Closed,
    #[event(id = 0x004)]
    Opened {},
}

#[derive(Event, Debug)]
#[event(category = 0xE)]
#[allow(dead_code)]
enum Never {}

fn main() {
    let sold = Till::Sold {
        article: "tea".to_owned(),
        cents: None,
        tags: vec!["hot".to_owned()],
    };
    for event in [sold, Till::Closed, Till::Opened {}] {
        let mut bytes = Vec::new();
        event.encode(&mut bytes).unwrap();
        assert_eq!(
            Till::decode(event.kind(), event.version(), &bytes).unwrap(),
            event
        );
    }
}
