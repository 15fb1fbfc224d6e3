//! Where a consumer begins, and where it goes on.

use super::*;
use crate::support::soon;

#[test]
fn each_event_is_handled_once_and_in_order_whenever_it_comes_and_however_often_the_store_is_opened()
{
    let dir = Dir::new();
    let seen = Seen::default();
    for round in 0..5 {
        let store = dir.open();
        append(&store, round * 10..round * 10 + 5);
        let consuming = numbers(&store, "mailer").run(seen.handler()).unwrap();
        append(&store, round * 10 + 5..round * 10 + 10);
        consuming.catch_up().unwrap();
        assert_eq!((consuming.name(), consuming.lag()), ("mailer", 0));
        assert_eq!(consuming.position(), store.position());
        match round % 3 {
            0 => consuming.stop().unwrap(),
            1 => drop(consuming),
            _ => {
                drop(store);
                assert_eq!(consuming.stored_position(), consuming.position());
            }
        }
    }
    assert_eq!(seen.all(), Vec::from_iter(0..50));
}

#[test]
fn consumers_of_several_names_each_handle_all_of_their_region() {
    let dir = Dir::new();
    let store = dir.open();
    let other = coordinate("b", "elsewhere");
    let (all, some) = (Seen::default(), Seen::default());
    let first = store
        .consumer("all", Region::all())
        .run(all.handler())
        .unwrap();
    let region = Region::all().scope("elsewhere");
    let second = store.consumer("some", region).run(some.handler()).unwrap();
    for n in 0..40 {
        append(&store, [n]);
        store.append_event(number(&other, 100 + n)).unwrap();
    }
    let last = store.position();
    first.wait_for(last).unwrap();
    second.wait_for(last).unwrap();
    assert_eq!(all.all().len(), 80);
    assert_eq!(some.all(), Vec::from_iter(100..140));
}

#[test]
fn a_new_consumer_begins_where_it_is_told_and_one_that_was_there_goes_on_where_it_was() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=5);
    let (seen, late) = (Seen::default(), Seen::default());
    let after = numbers(&store, "after")
        .after(3)
        .run(seen.handler())
        .unwrap();
    let now = numbers(&store, "now")
        .from_now()
        .run(late.handler())
        .unwrap();
    after.catch_up().unwrap();
    assert_eq!((now.position(), now.stored_position()), (5, 5));
    now.stop().unwrap();
    append(&store, [6]);
    after.catch_up().unwrap();
    after.stop().unwrap();
    assert_eq!(seen.all(), [4, 5, 6]);
    append(&store, [7]);
    let now = numbers(&store, "now")
        .from_now()
        .run(late.handler())
        .unwrap();
    let after = numbers(&store, "after")
        .after(0)
        .run(seen.handler())
        .unwrap();
    now.catch_up().unwrap();
    after.catch_up().unwrap();
    assert_eq!(late.all(), [6, 7], "it has begun when it was first started");
    assert_eq!(seen.all(), [4, 5, 6, 7]);
    let error = numbers(&store, "ahead").after(8).run(seen.handler());
    let error = error.unwrap_err();
    assert!(
        matches!(&error, StoreError::HistoryChanged { consumer, position: 8 } if consumer == "ahead"),
        "{error}"
    );
}

#[test]
fn the_position_is_stored_after_so_many_events_or_so_long_and_at_the_end() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=25);
    let hour = Duration::from_secs(3_600);
    let by_count = numbers(&store, "count").every(10).within(hour);
    let by_count = by_count.run(|_| Ok::<_, StoreError>(())).unwrap();
    by_count.catch_up().unwrap();
    assert_eq!((by_count.position(), by_count.stored_position()), (25, 20));
    assert_eq!(position_in(&bookmarks(&dir)[0]), 20);
    by_count.stop().unwrap();
    assert_eq!(position_in(&bookmarks(&dir)[0]), 25);

    let by_time = numbers(&store, "time").within(Duration::from_millis(20));
    let by_time = by_time.run(|_| Ok::<_, StoreError>(())).unwrap();
    by_time.catch_up().unwrap();
    soon("the time is over", || by_time.stored_position() == 25);
    append(&store, [26]);
    soon("the time is over again", || by_time.stored_position() == 26);

    let each = numbers(&store, "each")
        .every(1)
        .run(|_| Ok::<_, StoreError>(()));
    let each = each.unwrap();
    soon("it is stored behind each", || each.stored_position() == 26);
}

#[test]
fn what_is_handled_is_durable_and_so_is_what_is_stored_whatever_durability_the_store_has() {
    let dir = Dir::new();
    let config = dir.config().durability(Durability::Written);
    let store = Arc::new(Store::open(config).unwrap());
    let reader = Arc::downgrade(&store);
    let consuming = numbers(&store, "mailer")
        .every(1)
        .run(move |event: &StoredEvent| {
            let durable = reader
                .upgrade()
                .map_or(u64::MAX, |store| store.durable_position());
            match durable >= event.header.sequence {
                true => Ok(()),
                false => Err(format!("{} is not durable", event.header.sequence)),
            }
        });
    let consuming = consuming.unwrap();
    for n in 0..50 {
        append(&store, [n]);
        if n % 7 == 0 {
            consuming.catch_up().unwrap();
        }
    }
    // Behind what it handles, it comes to the end of a log that nobody has synced.
    let other = NewEvent::new(&coordinate("b", "s"), EventKind::custom(0xE, 1), &0);
    store.append_event(other).unwrap();
    consuming.catch_up().unwrap();
    assert!(consuming.stored_position() <= store.durable_position());
    assert_eq!((consuming.position(), consuming.parked()), (51, Vec::new()));
    assert!(consuming.last_error().is_none());
    consuming.stop().unwrap();
    assert!(position_in(&bookmarks(&dir)[0]) <= store.durable_position());
}

#[test]
fn a_name_is_anything_that_can_name_a_stream_and_no_two_share_a_file() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    let long = "x".repeat(512);
    let longer = format!("{}y", &long[..511]);
    let names = [
        "mailer",
        "Mailer",
        "MAILER",
        "../../etc",
        "a/b",
        "..",
        ".",
        " ",
        "con",
        "Ünïcödé ✉",
        "a:b*?",
        &long,
        &longer,
    ];
    for (n, name) in names.iter().enumerate() {
        assert_eq!(handled(&store, name), [1, 2, 3], "{name}");
        assert_eq!(bookmarks(&dir).len(), n + 1, "{name}");
    }
    let files = bookmarks(&dir);
    let names_of_files = files
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap());
    let mut small: Vec<_> = names_of_files.map(str::to_lowercase).collect();
    assert!(small.iter().all(|name| name.len() < 100 && name.is_ascii()));
    small.sort();
    small.dedup();
    assert_eq!(
        small.len(),
        names.len(),
        "also where the case of letters is not told apart"
    );
    append(&store, [4]);
    for name in names {
        assert_eq!(handled(&store, name), [4], "{name}");
    }
    for name in ["", "a\nb", &"x".repeat(513)] {
        let error = numbers(&store, name).run(|_| Ok::<_, StoreError>(()));
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::Coordinate(_)), "{error}");
        assert!(matches!(store.parked(name), Err(StoreError::Coordinate(_))));
        assert!(matches!(
            store.reset_consumer(name, 0),
            Err(StoreError::Coordinate(_))
        ));
    }
}

#[test]
fn of_two_consumers_of_one_name_only_one_runs_at_a_time_and_a_reactor_may_have_the_name_too() {
    let dir = Dir::new();
    let store = dir.open();
    let run = || numbers(&store, "mailer").run(|_| Ok::<_, StoreError>(()));
    let first = run().unwrap();
    let taken = |error| matches!(error, StoreError::ConsumerRunning(name) if name == "mailer");
    assert!(taken(run().unwrap_err()));
    assert!(taken(store.reset_consumer("mailer", 0).unwrap_err()));
    let silent = batpak::reactor("mailer", |_| Ok::<_, StoreError>(Batch::new()));
    drop(store.react(Region::all(), silent).unwrap());
    first.stop().unwrap();
    drop(run().unwrap());
    store.reset_consumer("mailer", 0).unwrap();
    drop(run().unwrap());
}

#[test]
fn a_read_only_store_has_no_consumers_and_lists_what_is_parked() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1]);
    let consuming = numbers(&store, "failing")
        .retry(AT_ONCE, 1)
        .run(|_| Err("no"));
    let consuming = consuming.unwrap();
    consuming.catch_up().unwrap();
    consuming.stop().unwrap();
    let reader = Store::open_read_only(dir.config()).unwrap();
    let error = numbers(&reader, "mailer")
        .run(|_| Ok::<_, StoreError>(()))
        .unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    let error = reader.reset_consumer("failing", 0).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    assert_eq!(reader.parked("failing").unwrap().len(), 1);
    assert_eq!(reader.parked("unknown").unwrap(), []);
}
