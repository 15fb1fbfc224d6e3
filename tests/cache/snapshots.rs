//! What is read when a state is kept.

use std::time::Duration;

use super::*;

/// Makes the first segments unreadable, but for their headers.
fn destroy(dir: &Dir, count: usize) {
    for segment in dir.segments().iter().take(count) {
        let mut bytes = fs::read(segment).unwrap();
        bytes[80..].fill(0xA5);
        fs::write(segment, bytes).unwrap();
    }
}

#[test]
fn a_warm_fold_reads_the_new_events_alone() {
    for home in Home::ALL {
        let dir = Dir::new();
        let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
        let (one, all) = (counter(1), Region::all().scope("s"));
        add(&store, &one, 0..300);
        let cold = folded(|| store.project::<Sum>(&one).unwrap());
        assert_eq!(cold, (sum(&store, &one), 300), "{home:?}");
        assert_eq!(folded(|| store.fold::<Sum>(&all).unwrap()).1, 300);
        // What they read is gone, so that whoever read it again would fail.
        assert!(dir.segments().len() > 4);
        destroy(&dir, 3);
        assert!(store.stream(&one).any(|event| event.is_err()));
        for n in 0..5 {
            add(&store, &one, [n]);
            let (sum, new) = folded(|| store.project::<Sum>(&one).unwrap());
            assert_eq!((sum.count, new), (301 + n, 1), "{home:?}");
        }
        let (sum, new) = folded(|| store.fold::<Sum>(&all).unwrap());
        assert_eq!((sum.count, new), (305, 5), "{home:?}");
        assert_eq!(folded(|| store.fold::<Sum>(&all).unwrap()).1, 0);
    }
}

#[test]
fn events_of_other_kinds_and_streams_change_nothing_that_is_kept() {
    for home in Home::ALL {
        let dir = Dir::new();
        let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
        let (one, two) = (counter(1), counter(2));
        add(&store, &one, 0..10);
        store.project::<Sum>(&one).unwrap();
        let name = "new".to_owned();
        store
            .append_typed(&one, &Counter::Renamed { name })
            .unwrap();
        add(&store, &two, 0..10);
        let warm = folded(|| store.project::<Sum>(&one).unwrap());
        assert_eq!(warm, (sum(&store, &one), 0), "{home:?}");
        assert_eq!(
            folded(|| store.project::<Sum>(&two).unwrap()),
            (sum(&store, &two), 10)
        );
    }
}

#[test]
fn a_region_is_the_same_in_whatever_order_it_was_narrowed() {
    let dir = Dir::new();
    let store = Store::open(dir.config().projection_cache(ProjectionCache::memory())).unwrap();
    add(&store, &counter(1), 0..10);
    add(&store, &counter(2), 0..10);
    let one = Region::all().scope("s").entity("counter:1");
    assert_eq!(folded(|| store.fold::<Sum>(&one).unwrap()).1, 10);
    let same = Region::all().entity("counter:1").scope("s");
    assert_eq!(folded(|| store.fold::<Sum>(&same).unwrap()).1, 0);
    // What looks alike when it is shown is another region.
    let other = Region::all().entity("counter:1, scope s");
    assert_eq!(store.fold::<Sum>(&other).unwrap(), Sum::default());
    let both = one.clone().or(Region::all().entity("counter:2"));
    assert_eq!(folded(|| store.fold::<Sum>(&both).unwrap()).1, 20);
}

#[test]
fn what_is_on_disk_outlives_the_store_and_its_cache() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let one = counter(1);
        for round in 0..3 {
            let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
            add(&store, &one, 0..100);
            let warm = folded(|| store.project::<Sum>(&one).unwrap());
            assert_eq!(warm, (sum(&store, &one), 100), "{home:?} {round}");
            if round == 1 {
                store.close().unwrap();
            }
        }
    }
}

#[test]
fn a_machine_is_loaded_from_its_state_on() {
    use lamp::{AnyLampIn, Lamp, Switch};
    let cursor = |lamp: &AnyLampIn| match lamp {
        AnyLampIn::Dark(lamp) => lamp.cursor().clone(),
        AnyLampIn::Lit(lamp) => lamp.cursor().clone(),
    };
    for home in Home::ALL {
        let dir = Dir::new();
        let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
        let lamp = coordinate("lamp:1", "s");
        let switch = |times| {
            for _ in 0..times {
                store.append_typed(&lamp, &Switch::Turned).unwrap();
            }
        };
        switch(300);
        let cold = cursor(&store.load::<Lamp>(&lamp).unwrap());
        assert_eq!((cold.revision(), cold.sequence()), (300, 300));
        destroy(&dir, 3);
        assert_eq!(
            cursor(&store.load::<Lamp>(&lamp).unwrap()),
            cold,
            "{home:?}"
        );
        add(&store, &counter(1), [1]);
        switch(1);
        let AnyLampIn::Lit(lit) = store.load::<Lamp>(&lamp).unwrap() else {
            panic!("turned once more");
        };
        assert_eq!(
            (lit.cursor().revision(), lit.cursor().sequence()),
            (301, 302)
        );
        // An event that is none of the machine's counts as a revision.
        store.append_typed(&lamp, &Counter::Added { n: 1 }).unwrap();
        let lit = cursor(&store.load::<Lamp>(&lamp).unwrap());
        assert_eq!((lit.revision(), lit.sequence()), (302, 303), "{home:?}");
        switch(1);
        let dark = cursor(&store.load::<Lamp>(&lamp).unwrap());
        assert_eq!((dark.revision(), dark.sequence()), (303, 304), "{home:?}");
    }
}

mod lamp {
    use super::*;

    state_machine!(
        #[machine(entity = "lamp", snapshot)]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum Lamp {
            #[initial]
            Dark,
            Lit,
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x5)]
        pub enum Switch {
            #[event(id = 0x001)]
            Turned,
        }

        fn evolve(lamp: Lamp, event: Switch) -> Lamp {
            match (lamp, event) {
                (Dark, Turned) => Lit,
                (Lit, Turned) => Dark,
            }
        }
    );
}

#[test]
fn what_memory_has_no_room_for_is_on_disk() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(4 << 10);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        let counters: Vec<_> = (0..50).map(counter).collect();
        for counter in &counters {
            add(&store, counter, 0..3);
            store.project::<Sum>(counter).unwrap();
        }
        for counter in &counters {
            let warm = folded(|| store.project::<Sum>(counter).unwrap());
            assert_eq!(warm, (sum(&store, counter), 0), "{home:?}");
        }
    }
}

#[test]
fn without_a_disk_what_memory_has_no_room_for_is_folded_again() {
    let dir = Dir::new();
    let cache = ProjectionCache::memory().memory_bytes(4 << 10);
    let store = Store::open(dir.config().projection_cache(cache)).unwrap();
    for n in 0..50 {
        add(&store, &counter(n), 0..3);
        store.project::<Sum>(&counter(n)).unwrap();
    }
    let newest = folded(|| store.project::<Sum>(&counter(49)).unwrap());
    assert_eq!(newest, (sum(&store, &counter(49)), 0));
    let oldest = folded(|| store.project::<Sum>(&counter(0)).unwrap());
    assert_eq!(oldest, (sum(&store, &counter(0)), 3));
}

#[test]
fn a_state_is_written_after_as_many_events_as_were_asked_for() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).write_after_events(10);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        let one = counter(1);
        for n in 1..=25 {
            add(&store, &one, [n]);
            store.project::<Sum>(&one).unwrap();
        }
        let (cache, crashed) = (dir.outside().join("cache"), dir.outside().join("crashed"));
        copy(&cache, &crashed);
        drop(store);
        let store = dir.config().projection_cache(home.open_at(&crashed));
        let store = Store::open(store).unwrap();
        let warm = folded(|| store.project::<Sum>(&one).unwrap());
        assert_eq!(warm, (sum(&store, &one), 5), "{home:?}");
    }
}

#[test]
fn a_state_is_written_after_as_much_time_as_was_asked_for() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).write_after(Duration::ZERO);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        add(&store, &counter(1), 0..3);
        store.project::<Sum>(&counter(1)).unwrap();
        let crashed = dir.outside().join("crashed");
        copy(&dir.outside().join("cache"), &crashed);
        drop(store);
        let store = dir.config().projection_cache(home.open_at(&crashed));
        let store = Store::open(store).unwrap();
        let warm = folded(|| store.project::<Sum>(&counter(1)).unwrap());
        assert_eq!(warm, (sum(&store, &counter(1)), 0), "{home:?}");
    }
}

#[test]
fn nothing_is_on_disk_that_is_not_durable_in_the_log() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let one = counter(1);
        let config = || dir.config().durability(Durability::Written);
        let open = || {
            let cache = home.open(&dir).write_after_events(1);
            Store::open(config().projection_cache(cache)).unwrap()
        };
        let store = open();
        add(&store, &one, 0..10);
        assert_eq!(store.durable_position(), 0);
        assert_eq!(folded(|| store.project::<Sum>(&one).unwrap()).1, 10);
        // In memory it is, all the same.
        assert_eq!(folded(|| store.project::<Sum>(&one).unwrap()).1, 0);
        drop(store);
        let store = open();
        assert_eq!(
            folded(|| store.project::<Sum>(&one).unwrap()).1,
            10,
            "{home:?}"
        );
        // Closing makes the log durable, and then the state may be written.
        store.close().unwrap();
        let store = open();
        assert_eq!(
            folded(|| store.project::<Sum>(&one).unwrap()).1,
            0,
            "{home:?}"
        );
    }
}

#[test]
fn a_fold_that_fails_leaves_what_is_kept() {
    for home in Home::ALL {
        let dir = Dir::new();
        let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
        let one = counter(1);
        add(&store, &one, 0..10);
        store.project::<Sum>(&one).unwrap();
        add(&store, &one, 0..2);
        store.append(&one, Counter::ADDED, &"no number").unwrap();
        for _ in 0..2 {
            let (failed, new) = folded(|| store.project::<Sum>(&one));
            assert!(matches!(failed, Err(StoreError::Fold { position: 13, .. })));
            assert_eq!(new, 2, "{home:?}");
        }
    }
}

#[test]
fn threads_and_stores_share_a_handle() {
    for home in Home::ALL {
        let (dir, other) = (Dir::new(), Dir::new());
        let cache = home.open(&dir).memory_bytes(2 << 10).write_after_events(5);
        let stores = [&dir, &other]
            .map(|dir| Store::open(dir.config().projection_cache(cache.clone())).unwrap());
        std::thread::scope(|scope| {
            for (n, store) in (0..4).zip(stores.iter().cycle()) {
                scope.spawn(move || {
                    let own = counter(n);
                    for round in 1..=20 {
                        add(store, &own, [round]);
                        add(store, &counter(9), [1]);
                        let sum = store.project::<Sum>(&own).unwrap();
                        assert_eq!((sum.count, sum.total), (round, round * (round + 1) / 2));
                        let all: Sum = store.fold(&Region::all()).unwrap();
                        assert!(all.count >= 2 * round);
                        let both: Sum = store.project(&counter(9)).unwrap();
                        assert!((round..=40).contains(&both.count));
                    }
                });
            }
        });
        for store in &stores {
            assert_eq!(store.project::<Sum>(&counter(9)).unwrap().count, 40);
            assert_eq!(store.fold::<Sum>(&Region::all()).unwrap().count, 80);
        }
        assert!(cache.last_failure().is_none(), "{home:?}");
    }
}
