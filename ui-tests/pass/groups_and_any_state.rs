//! Lines for a group and for any state, some of them overtaken by lines above them.

#![deny(unused, warnings)]
#![allow(dead_code)]

use batpak::prelude::*;

state_machine!(
    #[derive(Debug, Clone, PartialEq)]
    enum Parcel {
        #[initial]
        #[group(Moving)]
        Sent { to: String },
        #[group(Moving, Held)]
        AtDepot { to: String, since: u64 },
        #[group(Held)]
        AtCustoms { since: u64 },
        #[terminal]
        Delivered,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    enum ParcelEvent {
        #[event(id = 0x001)]
        Stored { at: u64 },
        #[event(id = 0x002)]
        Inspected { at: u64 },
        #[event(id = 0x003)]
        Delivered,
        #[event(id = 0x004)]
        Scanned,
    }

    fn evolve(parcel: Parcel, event: ParcelEvent) -> Parcel {
        match (parcel, event) {
            #[command(store)]
            (Moving { to }, Stored { at }) => AtDepot { to, since: at },
            (parcel @ AtCustoms, Stored { .. }) => parcel,

            #[command(inspect)]
            (AtCustoms { since }, Inspected { at }) if at > since => AtCustoms { since: at },
            (_, Inspected { at }) => AtCustoms { since: at },

            #[command(deliver)]
            (Held { since: _ } | Sent { .. }, Delivered) => Delivered,

            #[command(scan)]
            (parcel, Scanned) => parcel,
        }
    }
);

fn main() {
    let sent = Parcel::Sent {
        to: "Ann".to_owned(),
    };
    let stored = sent.evolve(ParcelEvent::Stored { at: 7 }).unwrap();
    assert_eq!(stored.name(), "AtDepot");
    assert_eq!(Parcel::Delivered.allowed().len(), 1);
}
