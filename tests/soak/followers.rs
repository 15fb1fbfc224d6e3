//! Who subscribes, fast and slow, and goes on in each round where the one before has come to.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use super::*;

/// Where those who follow have come to, by name.
pub type Positions = BTreeMap<&'static str, u64>;

/// One who follows a region.
pub struct Follower {
    name: &'static str,
    region: fn() -> Region,
    pace: Pace,
}

/// How events are received.
#[derive(Clone, Copy)]
enum Pace {
    /// One by one, until the store is dropped.
    Fast,
    /// The same, as soon as readers see them, wherever nothing that they see is lost.
    AtOnce,
    /// Through a channel, until the store is dropped.
    Channel,
    /// Some at a time, with a wait in between, and never to the end.
    Slow,
}

pub const FOLLOWERS: [Follower; 6] = [
    Follower::new("fast", Region::all, Pace::Fast),
    Follower::new("at-once", Region::all, Pace::AtOnce),
    Follower::new("slow", Region::all, Pace::Slow),
    Follower::new("slow-some", keys, Pace::Slow),
    Follower::new("channel", || Region::all().scope("east"), Pace::Channel),
    Follower::new("tag", tagged, Pace::Fast),
];

fn keys() -> Region {
    Region::all().entity("key:1").or(asked().entity("key:2"))
}

fn tagged() -> Region {
    Region::all()
        .tag(Tag::new("n", 3).unwrap())
        .entity_prefix("key:")
}

/// Starts all of them; each returns where it has come to.
pub fn start(
    store: &Store,
    path: &Path,
    fate: Fate,
    end: &End,
    positions: &Positions,
    random: &mut Random,
) -> Vec<(&'static str, JoinHandle<u64>)> {
    let start = |follower: &'static Follower| {
        let noted = follower.noted(path);
        let from = match positions.get(follower.name) {
            // Behind what was passed over, or just behind what was received.
            Some(position) if random.below(2) == 0 => noted.max(*position),
            _ => noted,
        };
        let events = store.subscribe((follower.region)()).after(from);
        let events = match (follower.pace, fate) {
            (Pace::AtOnce, Fate::Closed) => events.published(),
            _ => events,
        };
        let notes = Notes::open(path, follower.name);
        let end = end.clone();
        let following = move || follow(events, follower.pace, &notes, from, &end);
        (follower.name, std::thread::spawn(following))
    };
    FOLLOWERS.iter().map(start).collect()
}

/// Receives and notes events until the store is dropped, or sooner.
fn follow(mut events: Subscription, pace: Pace, notes: &Notes, from: u64, end: &End) -> u64 {
    match pace {
        Pace::Fast | Pace::AtOnce => {
            for event in &mut events {
                notes.add(&Sight::of(&event.unwrap()));
            }
            events.position()
        }
        Pace::Channel => {
            let mut position = from;
            for event in events.into_receiver(5).unwrap() {
                let sight = Sight::of(&event.unwrap());
                notes.add(&sight);
                position = sight.position;
            }
            position
        }
        Pace::Slow => {
            while !end.has_come() {
                match events.recv_batch(4) {
                    Ok(some) => some.iter().for_each(|event| notes.add(&Sight::of(event))),
                    Err(StoreError::Closed) => break,
                    Err(error) => panic!("{error}"),
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            events.position()
        }
    }
}

/// Receives what is left.
pub fn finish(store: &Store, path: &Path, positions: &Positions) {
    for follower in &FOLLOWERS {
        let from = positions.get(follower.name).copied().unwrap_or(0);
        let from = from.max(follower.noted(path));
        let mut events = store.subscribe((follower.region)()).after(from);
        let notes = Notes::open(path, follower.name);
        while let Some(event) = events.try_recv().unwrap() {
            notes.add(&Sight::of(&event));
        }
        assert_eq!((events.position(), events.lag()), (store.position(), 0));
    }
}

impl Follower {
    const fn new(name: &'static str, region: fn() -> Region, pace: Pace) -> Self {
        Self { name, region, pace }
    }

    /// The position of the last event that it has noted.
    fn noted(&self, path: &Path) -> u64 {
        let noted = Notes::read(path, self.name);
        noted.last().map_or(0, |sight| sight.position)
    }

    /// It has seen the events of its region, each once, in their order.
    pub fn check(&self, store: &Store, path: &Path) {
        let (seen, wanted) = (Notes::read(path, self.name), log(store, &(self.region)()));
        let at = seen.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
        assert_eq!(seen.get(at), wanted.get(at), "{} at its {at}.", self.name);
    }
}
