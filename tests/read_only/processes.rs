//! Readers of a store whose writer is another process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::*;

/// Not a test by itself: a writer that the tests below kill. The payload of each event is its position.
#[test]
fn child_appends() {
    let Ok(path) = std::env::var("BATPAK_TEST_WRITER") else {
        return;
    };
    let set = |name| std::env::var(name).unwrap();
    let durability = match set("BATPAK_TEST_DURABILITY").as_str() {
        "durable" => Durability::Durable,
        "written" => Durability::Written,
        _ => Durability::Buffered,
    };
    let size: u64 = set("BATPAK_TEST_BATCH").parse().unwrap();
    let config = StoreConfig::new(path)
        .segment_bytes(set("BATPAK_TEST_SEGMENT").parse().unwrap())
        .durability(durability);
    let store = Store::open(config).unwrap();
    let streams: Vec<_> = (0..7).map(|n| coordinate(&format!("s{n}"), "s")).collect();
    let mut next = store.position() + 1;
    loop {
        let mut batch = Batch::new();
        batch.extend((next..next + size).map(|n| number(&streams[n as usize % 7], n)));
        let last = store.commit(batch).unwrap().last().unwrap().sequence;
        next = last + 1;
        println!("acknowledged {last}");
    }
}

/// A writer in a process of its own.
struct Writer {
    child: Child,
    /// The newest position that it has acknowledged.
    acknowledged: Arc<AtomicU64>,
}

impl Writer {
    fn start(dir: &Dir, durability: &str, batch: u64, segment: u32) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "read_only::processes::child_appends",
                "--nocapture",
            ])
            .env("BATPAK_TEST_WRITER", dir.path())
            .env("BATPAK_TEST_DURABILITY", durability)
            .env("BATPAK_TEST_BATCH", batch.to_string())
            .env("BATPAK_TEST_SEGMENT", segment.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let acknowledged = Arc::new(AtomicU64::new(0));
        let newest = Arc::clone(&acknowledged);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(position) = line.strip_prefix("acknowledged ") {
                    newest.store(position.parse().unwrap(), Ordering::Release);
                }
            }
        });
        let writer = Self {
            child,
            acknowledged,
        };
        soon("the writer", || writer.acknowledged() > 0);
        writer
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A reader that looks at each event once, as it comes.
struct Watch {
    reader: Store,
    seen: u64,
}

impl Watch {
    fn of(dir: &Dir) -> Self {
        Self {
            reader: dir.reader(),
            seen: 0,
        }
    }

    /// Reads on to what there is now: every event has the next position, and the payload that goes with it.
    fn look(&mut self) {
        let before = self.reader.position();
        let new = self.reader.query(&Region::all()).skip_to(self.seen + 1);
        for event in new {
            let event = event.unwrap();
            self.seen += 1;
            assert_eq!(event.header.sequence, self.seen);
            assert_eq!(event.payload::<u64>().unwrap(), self.seen);
        }
        assert!(self.seen >= before);
        if self.seen > 0 {
            self.look_at_stream(self.seen % 7);
        }
    }

    /// Asks the index for the newest event of one of the streams.
    fn look_at_stream(&self, n: u64) {
        let stream = coordinate(&format!("s{n}"), "s");
        let newest = self.reader.stream(&stream).next_back().unwrap().unwrap();
        let position = newest.header.sequence;
        assert!(position % 7 == n && position + 7 > self.seen);
        assert_eq!(newest.header.revision, position.div_ceil(7));
        assert!(self.reader.revision(&stream).unwrap() >= newest.header.revision);
    }

    /// Looks until an event is seen that was acknowledged before.
    fn catch_up(&mut self, acknowledged: u64) {
        let start = Instant::now();
        while self.seen < acknowledged {
            self.look();
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{} of {acknowledged}",
                self.seen
            );
        }
    }
}

#[test]
fn a_reader_sees_every_acknowledged_event_of_another_process_soon_and_in_order() {
    for (durability, batch) in [("durable", 3), ("written", 1), ("buffered", 2)] {
        let dir = Dir::new();
        drop(dir.open());
        let mut watch = Watch::of(&dir);
        let writer = Writer::start(&dir, durability, batch, 4 << 10);
        while watch.seen < 1_500 {
            watch.catch_up(writer.acknowledged());
        }
        assert!(dir.segments().len() > 10);
    }
}

#[test]
fn a_reader_follows_a_writer_across_parts_of_the_index() {
    let dir = Dir::new();
    drop(dir.open());
    let mut watch = Watch::of(&dir);
    let writer = Writer::start(&dir, "written", 500, 512 << 10);
    while watch.seen < 80_000 {
        watch.catch_up(writer.acknowledged());
    }
    let parts = fs::read_dir(dir.path().join("index")).unwrap().count();
    assert!(parts >= 2, "{parts} parts");
    // One that begins now reads the parts.
    let mut second = Watch::of(&dir);
    second.catch_up(writer.acknowledged());
    for n in 0..7 {
        second.look_at_stream(n);
        watch.look();
        watch.look_at_stream(n);
    }
}

#[test]
fn two_readers_follow_writers_that_are_killed_one_after_the_other() {
    let dir = Dir::new();
    drop(dir.open());
    let mut watches = [Watch::of(&dir), Watch::of(&dir)];
    for round in 0..12 {
        let durability = ["durable", "written", "buffered"][round % 3];
        let writer = Writer::start(&dir, durability, 1 + round as u64, 16 << 10);
        for watch in &mut watches {
            watch.catch_up(writer.acknowledged());
        }
        std::thread::sleep(Duration::from_millis(3 * round as u64));
        drop(writer);
        watches[round % 2].look();
    }
    let writer = dir.open();
    for watch in &mut watches {
        // What a reader has seen, no killed writer and no recovery has taken back.
        assert!(watch.seen <= writer.position());
        watch.catch_up(writer.position());
        assert_eq!(watch.seen, writer.position());
        assert_eq!(contents(&watch.reader), contents(&writer));
    }
}
