//! Given, when, then: over machines and over projections.

use batpak::testing::Given;

use super::*;

#[test]
fn a_command_is_compared_by_its_events_and_by_where_it_leads() {
    Given::<Card>::nothing()
        .when(|card| card.unissued().map(|card| card.issue(ada())))
        .then_events([issued()])
        .then_state(Card::Valid { books: 0 });
    Given::<Card>::events([issued(), lent(2)])
        .when(|card| card.valid().map(|card| card.lend(3, &RULES)))
        .then_events([lent(3)])
        .then_state(Card::Valid { books: 5 })
        .then(|card| {
            let card = card.valid().unwrap();
            assert_eq!((card.books(), card.data().books), (&5, 5));
            assert_eq!(card.cursor().coordinate().entity(), "card:1");
            assert_eq!(card.cursor().revision(), 2, "nothing was recorded");
        });
}

#[test]
fn a_command_that_a_condition_decides_leads_where_that_says() {
    let expire = |card: AnyCardIn| card.valid().map(CardIn::expire);
    Given::<Card>::events([issued()])
        .when(expire)
        .then_state(Card::Expired);
    Given::<Card>::events([issued(), lent(1)])
        .when(expire)
        .then_events([CardEvent::Expired])
        .then_state(Card::Valid { books: 1 });
}

#[test]
fn a_denial_is_compared_by_its_code_and_leaves_the_machine_as_it_was() {
    Given::<Card>::events([issued(), lent(2)])
        .when(|card| card.valid().map(|card| card.lend(4, &RULES)))
        .then_denied("TOO_MANY")
        .then_state(Card::Valid { books: 2 });
    Given::<Card>::events([issued(), lent(2)])
        .when_event(lent(4), &RULES)
        .then_denied("TOO_MANY");
}

#[test]
fn an_event_that_no_arm_is_for_and_a_state_that_is_not_there_are_illegal() {
    Given::<Card>::events([issued(), CardEvent::Expired])
        .when_event(lent(1), &RULES)
        .then_illegal()
        .then_state(Card::Expired);
    Given::<Card>::nothing()
        .when(|card| card.valid().map(CardIn::give_back))
        .then_illegal()
        .then_state(Card::Unissued);
}

#[test]
fn an_event_as_data_runs_the_same_arms_as_its_command() {
    Given::<Card>::events([issued()])
        .when_event(lent(2), &RULES)
        .then_events([lent(2)])
        .then_state(Card::Valid { books: 2 });
}

#[test]
fn a_closure_may_make_a_chain_of_several_events() {
    let attempt = |events: Vec<CardEvent>| {
        Given::<Card>::events([issued()]).when(move |card| {
            let mut chain = card.chain();
            for event in events {
                chain.record(event, &RULES)?;
            }
            Ok::<_, Refused>(chain)
        })
    };
    attempt(vec![lent(2), CardEvent::Returned, lent(5)])
        .then_events([lent(2), CardEvent::Returned, lent(5)])
        .then_state(Card::Valid { books: 5 })
        .then(|card| assert_eq!(card.valid().unwrap().data().books, 7));
    attempt(vec![lent(2), lent(4)]).then_denied("TOO_MANY");
    attempt(vec![CardEvent::Expired, lent(1)]).then_illegal();
    attempt(vec![]).then_events([]);
}

#[test]
fn steps_that_go_on_are_compared_by_the_events_of_all() {
    let attempt = |more| {
        Given::<Card>::events([issued()]).when(move |card| {
            let lent = card.typed::<Valid>().map(|card| card.lend(2, &RULES));
            lent.map(|step| step.and_then(|step| step.then(|card| card.lend(more, &RULES))))
        })
    };
    attempt(3)
        .then_events([lent(2), lent(3)])
        .then_state(Card::Valid { books: 5 });
    attempt(4)
        .then_denied("TOO_MANY")
        .then_state(Card::Valid { books: 0 });
}

#[test]
fn given_events_that_are_impossible_are_named_with_their_place_and_the_state() {
    let panic = panic_of(|| {
        let _ = Given::<Card>::events([issued(), CardEvent::Expired, lent(1)])
            .when_event(lent(1), &RULES);
    });
    assert_eq!(
        panic,
        "given event 3, `Lent`: `Lent` (0x7002) cannot happen in state `Expired`"
    );
}

#[test]
fn gates_are_not_asked_about_the_past() {
    Given::<Card>::events([issued(), lent(50)])
        .when_event(CardEvent::Returned, &RULES)
        .then_state(Card::Valid { books: 0 });
}

#[test]
fn given_events_are_read_as_a_store_reads_them() {
    // A kind that is retired is passed over, and one that the machine does not know is refused.
    let coordinate = Coordinate::new("card:7", "town").unwrap();
    let untyped = |kind| NewEvent::new(&coordinate, kind, &());
    Given::<Card>::nothing()
        .at(&coordinate)
        .and([issued()])
        .and_event(untyped(EventKind::custom(0x7, 0x009)))
        .when_event(lent(1), &RULES)
        .then_events([lent(1)])
        .then(|card| assert_eq!(card.valid().unwrap().cursor().coordinate(), &coordinate));
    let panic = panic_of(|| {
        let _ = Given::<Card>::nothing()
            .and_event(untyped(EventKind::custom(0x7, 0x010)))
            .when_event(lent(1), &RULES);
    });
    assert!(
        panic.starts_with("given event 1, `0x7010`: kind 0x7010"),
        "{panic}"
    );
}

#[test]
fn a_machine_has_one_stream() {
    let other = Coordinate::new("card:8", "town").unwrap();
    let panic = panic_of(|| {
        let _ = Given::<Card>::events([issued()])
            .at(&other)
            .and([lent(1)])
            .when_event(lent(1), &RULES);
    });
    assert_eq!(
        panic,
        "the events of a machine are of one stream; given are some of test:1@test and some of card:8@town"
    );
}

#[test]
fn a_mistake_in_a_payloads_codec_shows_as_a_difference() {
    let holder = Holder {
        name: "Ada".to_owned(),
        secret: 7,
    };
    let event = CardEvent::Issued { holder };
    let panic = panic_of(|| {
        let _ = Given::<Card>::nothing()
            .when_event(event.clone(), &RULES)
            .then_events([event.clone()]);
    });
    assert_eq!(
        panic,
        "other events came of it than expected\n   \
           1  expected  Issued { holder: Holder { name: \"Ada\", secret: 7 } }\n   \
           1  found     Issued { holder: Holder { name: \"Ada\", secret: 0 } }\n"
    );
}

#[test]
fn a_difference_shows_what_is_the_same_what_is_missing_and_what_is_too_much() {
    let attempt = |expected: Vec<CardEvent>| {
        panic_of(|| {
            let _ = Given::<Card>::events([issued()])
                .when(|card| {
                    let mut chain = card.chain();
                    chain.record(lent(1), &RULES)?;
                    chain.record(lent(2), &RULES)?;
                    Ok::<_, Refused>(chain)
                })
                .then_events(expected);
        })
    };
    assert_eq!(
        attempt(vec![lent(1)]),
        "other events came of it than expected\n   \
           1            Lent { books: 1 }\n   \
           2  found     Lent { books: 2 }\n"
    );
    assert_eq!(
        attempt(vec![lent(1), lent(2), CardEvent::Returned]),
        "other events came of it than expected\n   \
           1            Lent { books: 1 }\n   \
           2            Lent { books: 2 }\n   \
           3  expected  Returned\n"
    );
}

#[test]
fn what_came_instead_is_told() {
    let given = || Given::<Card>::events([issued()]);
    let taken = || given().when_event(lent(1), &RULES);
    let denied = || given().when_event(lent(9), &RULES);
    let illegal = || given().when_event(issued(), &RULES);
    let elsewhere = || given().when(|card| card.unissued().map(|card| card.issue(ada())));
    let cases = [
        (
            panic_of(|| drop(taken().then_denied("TOO_MANY"))),
            "expected the denial TOO_MANY, but in state `Valid` this happened: Lent",
        ),
        (
            panic_of(|| drop(taken().then_illegal())),
            "expected it to be illegal, but in state `Valid` this happened: Lent",
        ),
        (
            panic_of(|| drop(denied().then_denied("TOO_FEW"))),
            "expected the denial TOO_FEW, but it was denied in state `Valid`: TOO_MANY: 0 and 9 are too many",
        ),
        (
            panic_of(|| drop(denied().then_events([]))),
            "expected events, but it was denied in state `Valid`: TOO_MANY: 0 and 9 are too many",
        ),
        (
            panic_of(|| drop(illegal().then_events([issued()]))),
            "expected events, but `Issued` (0x7001) cannot happen in state `Valid`",
        ),
        (
            panic_of(|| drop(elsewhere().then_events([issued()]))),
            "expected events, but the machine is in state `Valid`, which the attempt is not about",
        ),
        (
            panic_of(|| drop(taken().then_state(Card::Expired))),
            "the machine is in another state than expected\n expected: Expired\n    found: Valid { books: 1 }",
        ),
    ];
    for (panic, expected) in cases {
        assert_eq!(panic, expected);
    }
}

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x8)]
enum Door {
    #[event(id = 0x001)]
    Opened { by: String },
    #[event(id = 0x002)]
    Painted,
}

/// What a reader may ask of an event, written down.
#[derive(Debug, Default, PartialEq)]
struct Diary {
    lines: Vec<String>,
}

#[projection]
impl Diary {
    #[on(Door::Opened)]
    fn opened(&mut self, by: &str, at: &EventMeta<'_>) {
        let weather: Option<String> = at.metadata("weather").unwrap();
        let tags: Vec<_> = at.tags().collect();
        self.lines.push(format!(
            "{} {} {}@{} {} {by} {weather:?} {tags:?}",
            at.sequence, at.revision, at.entity, at.scope, at.time_us
        ));
    }

    #[on(CardEvent::Lent)]
    fn lent(&mut self, books: &u64) {
        self.lines.push(format!("{books} books"));
    }
}

fn opened(by: &str) -> Door {
    Door::Opened { by: by.to_owned() }
}

#[test]
fn a_projection_sees_events_of_several_enums_and_streams_with_all_they_have() {
    let door = Coordinate::new("door:2", "library").unwrap();
    let opened_by_eve = NewEvent::of(&door, &opened("eve"))
        .tag("key:9".parse().unwrap())
        .metadata("weather", "rain");
    Given::<Diary>::events([opened("ada")])
        .and([Door::Painted])
        .at_us(5)
        .and([lent(3)])
        .at(&door)
        .at_us(9)
        .and([opened("bob")])
        .and_event(opened_by_eve)
        .then(|diary| {
            assert_eq!(
                diary.lines,
                [
                    "1 1 test:1@test 0 ada None []",
                    "3 books",
                    "4 1 door:2@library 9 bob None []",
                    "5 2 door:2@library 9 eve Some(\"rain\") [\"key:9\"]",
                ]
            );
        });
}

#[test]
fn a_projection_is_compared_and_both_are_shown() {
    Given::<Diary>::nothing().then_eq(Diary::default());
    let lines = vec!["3 books".to_owned()];
    Given::<Diary>::events([lent(3)]).then_eq(Diary { lines });
    let panic = panic_of(|| Given::<Diary>::events([lent(3)]).then_eq(Diary::default()));
    assert_eq!(
        panic,
        "the projection is not as expected\n expected: Diary { lines: [] }\n    found: Diary { lines: [\"3 books\"] }"
    );
}

#[test]
fn an_event_that_a_projection_cannot_take_is_named_with_its_place() {
    let at = Coordinate::new("door:2", "library").unwrap();
    let panic = panic_of(|| {
        Given::<Diary>::events([opened("ada")])
            .and_event(NewEvent::new(&at, Door::OPENED, &1))
            .then(|_| {});
    });
    assert!(
        panic.starts_with("given event 2, `0x8001`: an event of kind"),
        "{panic}"
    );
}
