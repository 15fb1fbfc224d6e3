//! Reactors that follow one another.

use super::*;

const STEPS: [EventKind; 4] = [
    KIND,
    EventKind::custom(0xE, 2),
    EventKind::custom(0xE, 3),
    EventKind::custom(0xE, 4),
];

/// The reactor that leads from one kind to the next.
fn step(at: usize) -> impl Reactor<Error = StoreError> {
    batpak::reactor(&format!("step {at}"), move |event: &StoredEvent| {
        let next = NewEvent::new(&event.coordinate, STEPS[at + 1], &(at as u64));
        Ok::<_, StoreError>(next)
    })
}

#[test]
fn what_one_reactor_appends_another_reacts_to_and_all_of_it_has_one_correlation() {
    let dir = Dir::new();
    let store = dir.open();
    let steps: Vec<_> = (0..3)
        .map(|at| {
            store
                .react(Region::all().kinds([STEPS[at]]), step(at))
                .unwrap()
        })
        .collect();
    let origins = [None, Some(EventId::from_u128(7))];
    let streams = ["a", "b"].map(|name| coordinate(name, "s"));
    for (stream, origin) in streams.iter().zip(origins) {
        let event = number(stream, 0);
        let event = match origin {
            Some(origin) => event.correlation(origin),
            None => event,
        };
        store.append_event(event).unwrap();
    }
    steps.iter().for_each(|step| step.catch_up().unwrap());
    for (stream, origin) in streams.iter().zip(origins) {
        let events: Vec<_> = store.stream(stream).map(Result::unwrap).collect();
        assert!(events.iter().map(|event| event.header.kind).eq(STEPS));
        let correlation = origin.unwrap_or(events[0].header.event_id);
        for pair in events.windows(2) {
            assert_eq!(pair[1].causes, [pair[0].header.event_id]);
            assert_eq!(pair[1].header.correlation, Some(correlation));
        }
    }
}

#[test]
fn a_reactor_to_everything_is_asked_about_nothing_of_its_own_and_nothing_of_the_library() {
    let dir = Dir::new();
    let store = dir.open();
    let heard = Asked::default();
    let listener = {
        let heard = heard.clone();
        batpak::reactor("listener", move |event: &StoredEvent| {
            heard.note(event);
            Ok::<_, StoreError>(Batch::new())
        })
    };
    let listening = store.react(Region::all(), listener).unwrap();
    let everything = batpak::reactor("everything", |event: &StoredEvent| {
        assert!(!event.header.kind.is_reserved());
        more(event, 1)
    });
    let reacting = store.react(Region::all(), everything).unwrap();
    for n in 0..10 {
        store
            .append_event(number(&coordinate("a", "s"), n))
            .unwrap();
    }
    reacting.catch_up().unwrap();
    // Time to go astray.
    std::thread::sleep(std::time::Duration::from_millis(50));
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    listening.catch_up().unwrap();
    listening.stop().unwrap();
    assert_eq!(answers(&store, "everything"), (1..=10).collect::<Vec<_>>());
    assert_eq!(
        heard.take().len(),
        20,
        "one hears of what another has appended"
    );
}
