//! Projections wherever an `impl` may stand, with handlers of every form.

#![deny(unused, warnings, missing_docs, unreachable_pub)]

use batpak::prelude::*;

/// What happens at a till.
#[derive(Event, Debug)]
#[event(category = 0x1)]
pub enum TillEvent {
    /// Something was sold.
    #[event(id = 0x001)]
    Sold {
        /// For how much.
        cents: u64,
        /// To whom.
        r#type: String,
    },
    /// It was closed.
    #[event(id = 0x002)]
    Closed,
}

mod other {
    use batpak::prelude::*;

    #[derive(Event, Debug)]
    #[event(category = 0x2)]
    pub(crate) enum Returned {
        #[event(id = 0x001)]
        Whole { cents: u64, event: u64 },
        #[event(id = 0x002)]
        Part { cents: u64 },
    }

    #[derive(Debug, Default)]
    pub(crate) struct Event {
        pub(crate) cents: u64,
    }
}

use other::Returned as Back;

/// Named like what the expansion names.
#[projection(version = 2)]
impl other::Event {
    /// Over two enums.
    #[on(TillEvent::Sold | Back::Whole)]
    #[on(Back::Part)]
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn either(&mut self, cents: &u64) {
        self.cents += *cents;
    }

    /// With the receiver written out.
    #[on(TillEvent::Closed)]
    const fn closed(self: &mut Self) {
        self.cents = 0;
    }
}

#[derive(Default)]
struct Last {
    at: u64,
    of: u64,
    kind: String,
}

#[projection]
impl Last {
    const LEAST: u64 = 3;

    #[on(TillEvent::Sold)]
    fn sold<'a>(&'a mut self, r#type: &'a str, at: &'a EventMeta<'_>, mut cents: &u64) {
        if *cents < Self::LEAST {
            cents = &Self::LEAST;
        }
        (self.at, self.of) = (at.sequence, *cents);
        r#type.clone_into(&mut self.kind);
    }

    #[on(crate::other::Returned::Whole)]
    fn returned(&mut self, event: &u64, _: &EventMeta<'_>) {
        self.of = *event;
    }

    fn get(&self) -> (u64, u64, &str) {
        (self.at, self.of, &self.kind)
    }
}

mod bare {
    #![no_implicit_prelude]

    #[derive(::core::default::Default)]
    pub(crate) struct Count {
        pub(crate) sold: u64,
    }

    #[::batpak::projection]
    impl Count {
        #[on(super::TillEvent::Sold)]
        fn sold(&mut self, meta: &::batpak::EventMeta<'_>) {
            self.sold += meta.revision;
        }
    }
}

#[cfg(any())]
#[projection]
impl Nothing {}

fn main() {
    use batpak::Fold;

    #[derive(Default)]
    struct Local(u64);

    #[projection]
    impl Local {
        #[on(TillEvent::Sold)]
        fn sold(&mut self, cents: &u64) {
            self.0 += cents;
        }
    }

    let mut event = other::Event::default();
    event.fold(&Back::Part { cents: 2 });
    event.fold(&Back::Whole { cents: 3, event: 0 });
    assert_eq!(event.cents, 5);
    event.fold(&TillEvent::Closed);
    assert_eq!(event.cents, 0);
    let mut local = Local::default();
    local.fold(&TillEvent::Sold {
        cents: 2,
        r#type: String::new(),
    });
    assert_eq!((local.0, Last::default().get()), (2, (0, 0, "")));
    assert_eq!(other::Event::KINDS.len(), 4);
    assert_eq!((other::Event::VERSION, bare::Count::default().sold), (2, 0));
    assert_eq!(<bare::Count as Projection>::KINDS, [TillEvent::SOLD]);
}
