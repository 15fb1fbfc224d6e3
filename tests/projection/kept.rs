//! What a projection is known by, and its states as bytes.

use batpak::prelude::*;
use batpak::{Fold, Folded};
use serde::{Deserialize, Serialize};

use super::{Revenue, Till};

/// What is kept.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sales {
    count: u64,
    articles: Vec<String>,
}

#[projection(version = 2, snapshot)]
impl Sales {
    #[on(Till::Sold)]
    fn sold(&mut self, article: &str) {
        self.count += 1;
        self.articles.push(article.to_owned());
    }
}

/// Projections of the same name, elsewhere.
mod elsewhere {
    use super::*;

    #[derive(Default)]
    pub struct Sales(u64);

    #[projection(version = 2)]
    impl Sales {
        #[on(Till::Sold)]
        fn sold(&mut self) {
            self.0 += 1;
        }
    }

    /// The same code over other kinds, by names that mean them here.
    pub mod of_audits {
        use super::super::super::Audit as Events;
        use super::super::*;

        #[derive(Default)]
        pub struct Counted(u64);

        #[projection]
        impl Counted {
            #[on(Events::Counted)]
            fn counted(&mut self) {
                self.0 += 1;
            }
        }
    }

    pub mod of_others {
        use super::super::*;

        #[derive(Event)]
        #[event(category = 0x5)]
        pub enum Events {
            #[event(id = 0x001)]
            Counted,
        }

        #[derive(Default)]
        pub struct Counted(u64);

        #[projection]
        impl Counted {
            #[on(Events::Counted)]
            fn counted(&mut self) {
                self.0 += 1;
            }
        }
    }
}

#[test]
fn a_state_under_snapshot_is_restored_from_what_it_was_saved_as() {
    let sales = Sales {
        count: 1,
        articles: vec!["tea".to_owned()],
    };
    let bytes = sales.save().unwrap().unwrap();
    assert_eq!(Sales::restore(&bytes), Some(sales));
    for len in 0..bytes.len() {
        assert_eq!(Sales::restore(&bytes[..len]), None);
    }
}

#[test]
fn a_projection_without_snapshot_is_never_saved() {
    assert!(Revenue::default().save().is_none());
    assert_eq!(Revenue::restore(&[0x80]), None);
}

#[test]
fn projections_are_told_apart_by_module_and_by_what_they_are_made_of() {
    assert!(
        Sales::NAME.ends_with("projection::kept::Sales"),
        "{}",
        Sales::NAME
    );
    assert_ne!(Sales::NAME, elsewhere::Sales::NAME);
    assert_ne!(Sales::FINGERPRINT, elsewhere::Sales::FINGERPRINT);
    let [a, b] = [
        elsewhere::of_audits::Counted::FINGERPRINT,
        elsewhere::of_others::Counted::FINGERPRINT,
    ];
    assert_ne!(a, b, "of the same code, but other kinds");
    assert_eq!(<Sales as Fold<Till>>::CODE, <Sales as Projection>::CODE);
}

/// Machines of the same name and with the same code.
mod doors {
    macro_rules! door {
        ($module:ident, $target:ident, [$($setting:tt)*] $($data:item)*) => {
            pub mod $module {
                use batpak::prelude::*;
                use serde::{Deserialize, Serialize};

                $($data)*

                state_machine!(
                    #[machine($($setting)*)]
                    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
                    pub enum Door {
                        #[initial]
                        Closed,
                        Open {
                            by: String,
                        },
                        Ajar {
                            by: String,
                        },
                    }

                    #[derive(Event, Debug, Clone)]
                    #[event(category = 0x7)]
                    pub enum DoorEvent {
                        #[event(id = 0x001)]
                        Opened { by: String },
                        #[event(id = 0x002)]
                        Shut,
                    }

                    fn evolve(door: Door, event: DoorEvent) -> Door {
                        match (door, event) {
                            (Closed, Opened { by }) => Open { by },
                            (Open { .. }, Opened { by }) => Ajar { by },
                            (Ajar { by }, Opened { .. }) => $target { by },
                            (Open { .. } | Ajar { .. }, Shut) => Closed,
                        }
                    }
                );
            }
        };
    }

    door!(plain, Open, [snapshot]);
    door!(same, Open, [snapshot]);
    door!(other, Ajar, [snapshot]);
    door!(
        counted, Open, [data = Uses, snapshot]
        /// How often it was opened.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub struct Uses(pub u64);

        #[projection(version = 4)]
        impl Uses {
            #[on(DoorEvent::Opened)]
            fn opened(&mut self) {
                self.0 += 1;
            }
        }
    );
    door!(never, Open, [version = 1]);
}

#[test]
fn a_machine_under_snapshot_is_restored_with_what_its_states_share() {
    use doors::{counted, plain};
    let open = plain::Door::Open {
        by: "ann".to_owned(),
    };
    let bytes = open.save().unwrap().unwrap();
    assert_eq!(plain::Door::restore(&bytes), Some(open.clone()));
    assert_eq!(
        Folded::<plain::Door>::restore(&bytes),
        Some(Folded {
            state: open,
            data: ()
        })
    );

    let folded = Folded {
        state: counted::Door::Ajar {
            by: "bea".to_owned(),
        },
        data: counted::Uses(7),
    };
    let bytes = folded.save().unwrap().unwrap();
    for len in 0..bytes.len() {
        assert_eq!(Folded::<counted::Door>::restore(&bytes[..len]), None);
    }
    assert_eq!(Folded::restore(&bytes), Some(folded));
    assert_eq!(Folded::<counted::Door>::restore(&[0xFF; 16]), None);
    assert!(Folded::<doors::never::Door>::default().save().is_none());
}

#[test]
fn machines_are_told_apart_by_module_and_by_what_they_are_made_of() {
    use doors::{counted, other, plain, same};
    let name = Folded::<plain::Door>::NAME;
    assert!(name.ends_with("doors::plain::Door"), "{name}");
    assert_ne!(name, Folded::<same::Door>::NAME);
    assert_eq!(name, <plain::Door as Projection>::NAME);
    let print = Folded::<plain::Door>::FINGERPRINT;
    assert_eq!(print, Folded::<same::Door>::FINGERPRINT);
    assert_ne!(print, Folded::<other::Door>::FINGERPRINT, "an arm");
    let of_counted = Folded::<counted::Door>::FINGERPRINT;
    assert_ne!(print, of_counted, "the data's handlers");
}
