//! What a store says of itself without being asked.

use std::io;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use batpak::prelude::*;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{Dir, KIND, coordinate, fill, number, soon};

/// What all stores of this process have said since somebody listens.
static SAID: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Said;

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SAID.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt().with_ansi(false);
        subscriber.with_writer(|| Said).init();
    });
}

/// The lines that are about this store.
fn said(dir: &Dir) -> Vec<String> {
    let text = String::from_utf8(SAID.lock().unwrap().clone()).unwrap();
    let name = dir.path().to_string_lossy().into_owned();
    let lines = text.lines().filter(|line| line.contains(&name));
    lines.map(str::to_owned).collect()
}

#[test]
fn an_opening_says_where_the_log_ends_and_what_was_cut_off() {
    listen();
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 3);
    store.close().unwrap();
    drop(dir.open());
    let newest = dir.segments().pop().unwrap();
    let whole = std::fs::read(&newest).unwrap();
    std::fs::write(&newest, [&whole[..], &[7; 40]].concat()).unwrap();
    drop(dir.open());
    let said = said(&dir);
    assert_eq!(said.len(), 3, "{said:?}");
    for (line, last) in said.iter().zip([0, 9, 9]) {
        assert!(line.contains(&format!("last={last}")), "{line}");
    }
    assert!(said[1].contains("INFO batpak::store"), "{}", said[1]);
    let cut = format!("offset={} bytes=40 reason=Torn", whole.len());
    for part in ["WARN batpak::store", &cut, newest.to_str().unwrap()] {
        assert!(said[2].contains(part), "{}", said[2]);
    }
}

#[test]
fn a_store_that_takes_no_more_events_says_so_once() {
    listen();
    let dir = Dir::new();
    let store = dir.open();
    std::fs::rename(dir.path(), dir.outside().join("moved")).unwrap();
    let batch = || Batch::new().event(number(&coordinate("a", "s"), 1));
    // The first segment is open already.
    while store.commit(batch()).is_ok() {}
    assert!(matches!(
        store.commit(batch()),
        Err(StoreError::Poisoned(_))
    ));
    let said = said(&dir);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("ERROR batpak::store"), "{said:?}");
}

#[test]
fn a_reactor_that_cannot_go_on_says_so_though_nobody_asks_it() {
    listen();
    let dir = Dir::new();
    let store = dir.open();
    let failing = batpak::reactor("failing", |_| Err::<Batch, _>("no answer"));
    let reacting = store.react(Region::all(), failing).unwrap();
    store
        .append_event(number(&coordinate("a", "s"), 1))
        .unwrap();
    soon("it fails", || reacting.error().is_some());
    drop(reacting);
    let said = said(&dir);
    for part in [
        "ERROR batpak::store",
        "reactor=\"failing\"",
        "position=1",
        "no answer",
    ] {
        assert!(said[1].contains(part), "{said:?}");
    }
}

/// Notes the spans that end on this thread, until this is dropped.
fn note_spans() -> impl Sized {
    listen();
    let subscriber = tracing_subscriber::fmt().with_ansi(false);
    let subscriber = subscriber.with_span_events(FmtSpan::CLOSE);
    subscriber.with_writer(|| Said).set_default()
}

#[test]
fn each_long_work_is_a_span_that_ends_with_what_was_done() {
    #[derive(Default)]
    struct Count(u64);
    impl Projection for Count {
        const KINDS: &'static [EventKind] = &[KIND];
        const VERSION: u32 = 1;
        const NAME: &'static str = "count";
        fn apply(&mut self, _: &RawEvent<'_>) -> Result<(), batpak::FoldError> {
            self.0 += 1;
            Ok(())
        }
    }

    let dir = Dir::new();
    let _noting = note_spans();
    let store = dir.open();
    let stream = coordinate("a", "s");
    let batches = (0..5).map(|_| -> Result<Batch, StoreError> {
        Ok((0..1_000).map(|n| number(&stream, n)).collect())
    });
    store.import(batches).unwrap();
    assert_eq!(store.project::<Count>(&stream).unwrap().0, 5_000);
    store.verify().unwrap();
    store.backup(dir.outside().join("backup")).unwrap();
    store.close().unwrap();
    dir.forget_index();
    Store::repair(dir.config(), dir.outside().join("repaired")).unwrap();
    drop(dir.open());
    let said = said(&dir);
    let ends: Vec<_> = said
        .iter()
        .filter(|line| line.contains(" close "))
        .collect();
    let works = [
        ("opening", "done=0"),
        ("importing", "total=5 done=5"),
        ("folding", "done=5000"),
        ("verifying", "total=5000 done=5000"),
        ("backing_up", "total=5000 done=5000"),
        ("repairing", "total=5000 done=5000"),
        ("opening", "total=5000 done=5000"),
    ];
    assert_eq!(ends.len(), works.len(), "{ends:#?}");
    for (line, (name, fields)) in ends.iter().zip(works) {
        let span = format!(" INFO {name}{{dir={}", dir.path().display());
        assert!(line.contains(&span) && line.contains(fields), "{line}");
    }
}

#[test]
fn the_span_of_a_work_that_fails_tells_how_far_it_came() {
    let dir = Dir::new();
    let _noting = note_spans();
    let store = dir.open();
    let batch = |n| match n {
        3 => Err("no third"),
        _ => Ok(Batch::new().event(number(&coordinate("a", "s"), n))),
    };
    store.import((1..5).map(batch)).unwrap_err();
    let said = said(&dir);
    let end = said.iter().find(|line| line.contains("importing")).unwrap();
    assert!(end.contains("total=4 done=2"), "{end}");
}

#[test]
fn a_consumer_that_parks_an_event_or_cannot_go_on_says_so_though_nobody_asks_it() {
    listen();
    let dir = Dir::new();
    let store = dir.open();
    let at_once = batpak::Backoff::new(Duration::ZERO, Duration::ZERO);
    let consumer = store.consumer("failing", Region::all()).retry(at_once, 2);
    let consuming = consumer.park_at_most(1).run(|_| Err("no answer")).unwrap();
    for n in 1..=2 {
        store
            .append_event(number(&coordinate("a", "s"), n))
            .unwrap();
    }
    soon("it fails", || consuming.error().is_some());
    drop(consuming);
    let said = said(&dir);
    let parts = ["consumer=\"failing\"", "no answer"];
    for (line, more) in [
        (&said[1], ["WARN batpak::store", "position=1 attempts=2"]),
        (&said[2], ["ERROR batpak::store", "position=2"]),
    ] {
        for part in parts.iter().chain(&more) {
            assert!(line.contains(part), "{said:?}");
        }
    }
}
