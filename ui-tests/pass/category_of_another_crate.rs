//! Events of a category that another crate declares.

#![deny(warnings)]

use batpak::prelude::*;
use batpak_ui_tests::{Shared, SharedEvent};

batpak::category!(Other = 0x2);

#[derive(Event, Debug)]
#[event(category = Other)]
enum Apart {
    #[event(id = 0x001)]
    Happened,
}

mod other {
    use batpak::prelude::*;
    use batpak_ui_tests::Shared;

    #[derive(Event)]
    #[event(category = Shared, id = 0x003)]
    pub(crate) struct Third;
}

#[derive(Event)]
#[event(category = Shared)]
enum Mine {
    #[event(id = 0x002)]
    Happened,
}

fn main() {
    batpak::catalog!(SharedEvent, Mine, Apart, other::Third);
    let _ = (Apart::Happened, other::Third);
    assert_eq!(Mine::Happened.kind(), EventKind::custom(0x1, 0x002));
}
