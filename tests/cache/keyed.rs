//! One state per key.

use batpak::{DecodeError, Keyed, RawEvent};

use super::*;

/// The entity of an event as its key.
fn by_entity(event: &RawEvent<'_>) -> Result<Option<String>, DecodeError> {
    Ok(Some(event.meta.entity.to_owned()))
}

fn keyed(store: &Store) -> Keyed<Sum> {
    store.keyed(&Region::all(), by_entity).unwrap()
}

/// All keys with their states.
fn all(keyed: &mut Keyed<Sum>) -> Vec<(String, Sum)> {
    let mut all = Vec::new();
    keyed
        .for_each(|key, sum| {
            all.push((key.to_owned(), sum.clone()));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    all
}

/// The same by folding each stream.
fn by_hand(store: &Store) -> Vec<(String, Sum)> {
    let streams = store.streams().map(|stream| stream.unwrap());
    streams
        .map(|stream| (stream.entity().to_owned(), sum(store, &stream)))
        .collect()
}

#[test]
fn each_key_has_the_state_of_its_events() {
    let dir = Dir::new();
    let store = dir.open();
    for n in 0..10 {
        add(&store, &counter(n), 0..n);
    }
    let mut sums = keyed(&store);
    assert_eq!(all(&mut sums), by_hand(&store));
    assert_eq!((sums.len(), sums.position()), (9, 45));
    assert_eq!(sums.get("counter:0").unwrap(), None);
    // It shows what there was, until it is asked to go on.
    add(&store, &counter(0), [7]);
    assert_eq!(sums.get("counter:0").unwrap(), None);
    assert_eq!(sums.position(), 45);
    let ((), new) = folded(|| sums.refresh().unwrap());
    assert_eq!((new, sums.len(), sums.position()), (1, 10, 46));
    assert_eq!(sums.get("counter:0").unwrap().unwrap().total, 7);
    assert_eq!(all(&mut sums), by_hand(&store));
}

#[test]
fn an_event_may_be_for_another_key_or_for_none() {
    let dir = Dir::new();
    let store = dir.open();
    add(&store, &counter(1), 0..10);
    let parity = |event: &RawEvent<'_>| {
        let Counter::Added { n } = event.event()? else {
            return Ok(None);
        };
        let parity = if n.is_multiple_of(2) { "even" } else { "odd" };
        Ok((n != 4).then(|| parity.to_owned()))
    };
    let mut sums = store.keyed::<Sum>(&Region::all(), parity).unwrap();
    let sum = |total, count| Sum { total, count };
    let expected = [("even".into(), sum(16, 4)), ("odd".into(), sum(25, 5))];
    assert_eq!(all(&mut sums), expected);
}

#[test]
fn an_event_without_a_key_that_can_be_told_is_an_error_with_its_place() {
    for home in Home::ALL {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(1);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        let key = |event: &RawEvent<'_>| event.payload::<u64>().map(|n| Some(n.to_string()));
        let mut sums = store.keyed::<Sum>(&Region::all(), key).unwrap();
        add(&store, &counter(1), [1]);
        for _ in 0..2 {
            let error = sums.refresh().unwrap_err();
            assert!(
                matches!(error, StoreError::Fold { position: 1, .. }),
                "{error}"
            );
            assert!(sums.get("1").is_err());
        }
        let name = "no sum".to_owned();
        store
            .append_typed(&counter(1), &Counter::Renamed { name })
            .unwrap();
        let by_entity = store.keyed::<Sum>(&Region::all(), by_entity);
        assert_eq!(by_entity.unwrap().len(), 1, "{home:?}");
    }
}

#[test]
fn a_fold_that_fails_is_begun_again_and_then_has_no_event_twice() {
    for home in Home::ALL {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(1 << 10);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        for n in 0..30 {
            add(&store, &counter(n % 7), [n]);
        }
        let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
        let is_broken = std::sync::Arc::clone(&broken);
        let mut sums = store
            .keyed::<Sum>(&Region::all().positions(..=30), by_entity)
            .unwrap();
        assert_eq!(all(&mut sums), by_hand(&store));
        drop(sums);
        let key = move |event: &RawEvent<'_>| match event.meta.header.sequence {
            20 if is_broken.load(std::sync::atomic::Ordering::Relaxed) => {
                Err(event.payload::<String>().unwrap_err())
            }
            _ => Ok(Some(event.meta.entity.to_owned())),
        };
        let failed = store.keyed::<Sum>(&Region::all(), key.clone());
        assert!(matches!(failed, Err(StoreError::Fold { position: 20, .. })));
        broken.store(false, std::sync::atomic::Ordering::Relaxed);
        let mut sums = store.keyed::<Sum>(&Region::all(), key).unwrap();
        assert_eq!(all(&mut sums), by_hand(&store), "{home:?}");
        assert_eq!(sums.len(), 7);
    }
}

#[test]
fn states_that_were_spilled_are_gone_on_from() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let open = || {
            let cache = home.open(&dir).memory_bytes(4 << 10);
            Store::open(dir.config().projection_cache(cache)).unwrap()
        };
        let store = open();
        for n in 0..300 {
            add(&store, &counter(n % 100), [n]);
        }
        let (mut sums, new) = folded(|| keyed(&store));
        assert_eq!((new, sums.len()), (300, 100), "{home:?}");
        assert_eq!(all(&mut sums), by_hand(&store), "{home:?}");
        drop((sums, store));
        let store = open();
        add(&store, &counter(3), [1]);
        add(&store, &counter(500), [1]);
        let (mut sums, new) = folded(|| keyed(&store));
        assert_eq!((new, sums.len()), (2, 101), "{home:?}");
        let expected = by_hand(&store);
        assert_eq!(all(&mut sums), expected, "{home:?}");
        for (key, sum) in &expected {
            assert_eq!(sums.get(key).unwrap(), Some(sum));
        }
        assert_eq!(sums.get("nobody").unwrap(), None);
    }
}

#[test]
fn two_over_the_same_events_do_not_disturb_each_other() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(2 << 10);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        let mut first = keyed(&store);
        for n in 0..60 {
            add(&store, &counter(n % 20), [n]);
        }
        let mut second = keyed(&store);
        for n in 0..60 {
            add(&store, &counter(n % 30), [n]);
        }
        first.refresh().unwrap();
        assert_eq!(all(&mut first), by_hand(&store));
        add(&store, &counter(1), [1]);
        second.refresh().unwrap();
        assert_eq!(all(&mut second), by_hand(&store), "{home:?}");
        drop(first);
        assert_eq!(all(&mut second), by_hand(&store), "{home:?}");
        drop(second);
        assert_eq!(all(&mut keyed(&store)), by_hand(&store), "{home:?}");
    }
}

#[test]
fn one_that_is_behind_takes_nothing_from_another_that_is_not() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(4 << 10);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        for n in 0..5 {
            add(&store, &counter(n), [n]);
        }
        // What it has fits into memory, and is written when it ends.
        let behind = keyed(&store);
        for n in (0..5).chain(20..80) {
            add(&store, &counter(n), [1_000]);
        }
        let mut ahead = keyed(&store);
        drop(behind);
        for (key, sum) in by_hand(&store) {
            assert_eq!(ahead.get(&key).unwrap(), Some(&sum), "{home:?} {key}");
        }
    }
}

#[test]
fn a_key_that_is_too_long_for_a_home_has_its_state_all_the_same() {
    for home in Home::ALL {
        let dir = Dir::new();
        for _ in 0..2 {
            let cache = home.open(&dir).memory_bytes(1);
            let store = Store::open(dir.config().projection_cache(cache.clone())).unwrap();
            for n in 0..20 {
                add(&store, &counter(n), [1]);
            }
            let key = |event: &RawEvent<'_>| {
                let times = 200 * (event.meta.header.sequence % 3) as usize;
                Ok(Some(event.meta.entity.repeat(times)))
            };
            let mut sums = store.keyed::<Sum>(&Region::all(), key).unwrap();
            let counts = all(&mut sums).into_iter().map(|(_, sum)| sum.count);
            assert_eq!(counts.sum::<u64>(), store.position(), "{home:?}");
            assert_eq!(all(&mut sums).len(), sums.len());
            assert!(cache.last_failure().is_none(), "{home:?}");
        }
    }
}

/// What was spilled by a process that ended before it could write how far it had come, and a log that was put back to
/// before that.
#[test]
fn spilled_states_of_a_log_that_was_put_back_are_not_used() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(1 << 10);
        let open = || Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        let store = open();
        for n in 0..50 {
            add(&store, &counter(n % 20), [n]);
        }
        drop(keyed(&store));
        store.close().unwrap();
        let older = dir.outside().join("older");
        copy(&dir.path(), &older);
        let store = open();
        for n in 0..50 {
            add(&store, &counter(n), [1_000]);
        }
        // A state that no home takes is in memory alone, so that not all have been written.
        let key = |event: &RawEvent<'_>| {
            let times = if event.meta.header.sequence == 51 {
                1_000
            } else {
                1
            };
            Ok(Some(event.meta.entity.repeat(times)))
        };
        let mut sums = store.keyed::<Sum>(&Region::all(), key).unwrap();
        assert_eq!(all(&mut sums).len(), 51);
        let crashed = dir.outside().join("crashed");
        copy(&dir.outside().join("cache"), &crashed);
        drop((sums, store));
        for more in [0, 10, 90] {
            fs::remove_dir_all(dir.path()).unwrap();
            copy(&older, &dir.path());
            let again = dir.outside().join(format!("again-{more}"));
            copy(&crashed, &again);
            let cache = home.open_at(&again).memory_bytes(1 << 10);
            let store = Store::open(dir.config().projection_cache(cache)).unwrap();
            for n in 0..more {
                add(&store, &counter(n % 10), [n]);
            }
            let (mut sums, new) = folded(|| keyed(&store));
            assert_eq!(all(&mut sums), by_hand(&store), "{home:?} {more}");
            assert!(new >= more, "{home:?} {more} {new}");
            drop(sums);
            assert_eq!(all(&mut keyed(&store)), by_hand(&store), "{home:?}");
        }
    }
}

/// The same, but that nobody meets those states before others have been written behind them.
#[test]
fn spilled_states_of_a_log_that_was_put_back_are_not_used_once_more_has_been_written_either() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(1 << 10);
        let store = Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        for n in 0..50 {
            add(&store, &counter(n % 20), [n]);
        }
        drop(keyed(&store));
        store.close().unwrap();
        let older = dir.outside().join("older");
        copy(&dir.path(), &older);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        for n in 0..50 {
            add(&store, &counter(n), [1_000]);
        }
        let key = |event: &RawEvent<'_>| {
            let times = match event.meta.header.sequence {
                51 => 1_000,
                _ => 1,
            };
            Ok(Some(event.meta.entity.repeat(times)))
        };
        let mut sums = store.keyed::<Sum>(&Region::all(), key).unwrap();
        assert_eq!(all(&mut sums).len(), 51);
        let crashed = dir.outside().join("crashed");
        copy(&dir.outside().join("cache"), &crashed);
        drop((sums, store));
        fs::remove_dir_all(dir.path()).unwrap();
        copy(&older, &dir.path());
        let cache = home.open_at(&crashed).memory_bytes(1 << 10);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        for n in 0..90 {
            add(&store, &counter(100 + n), [n]);
        }
        drop(keyed(&store));
        assert_eq!(all(&mut keyed(&store)), by_hand(&store), "{home:?}");
    }
}

#[test]
fn nothing_is_spilled_that_is_not_durable_in_the_log() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let open = || {
            let cache = home.open(&dir).memory_bytes(1).write_after_events(1);
            // No segment is closed, which would make it durable.
            let config = StoreConfig::new(dir.path()).durability(Durability::Written);
            Store::open(config.projection_cache(cache)).unwrap()
        };
        let store = open();
        for n in 0..50 {
            add(&store, &counter(n % 20), [n]);
        }
        for _ in 0..2 {
            let (mut sums, new) = folded(|| keyed(&store));
            assert_eq!((new, store.durable_position()), (50, 0), "{home:?}");
            assert_eq!(all(&mut sums), by_hand(&store));
        }
        store.close().unwrap();
        let store = open();
        drop(keyed(&store));
        assert_eq!(folded(|| keyed(&store)).1, 0, "{home:?}");
    }
}
