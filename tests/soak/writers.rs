//! Who writes.

use super::reactors::ASKS;
use super::*;

pub const WRITERS: u64 = 3;

/// How many batches a writer commits in a round that is not killed.
const BATCHES: u64 = 70;

/// The name of a writer's notes.
pub fn name(writer: u64) -> String {
    format!("writer-{writer}")
}

/// An event of one of several streams, of any size up to some hundred bytes.
fn event(random: &mut Random) -> NewEvent {
    let entity = format!("key:{}", random.below(8));
    let stream = coordinate(&entity, ["east", "west"][random.below(2) as usize]);
    let kind = *random.pick(&[KIND, KIND, ASKS]);
    let text = "x".repeat(random.below(200) as usize);
    NewEvent::new(&stream, kind, &text).tag(Tag::new("n", random.below(4)).unwrap())
}

/// A batch of one event, or of some.
fn batch(random: &mut Random) -> Batch {
    let size = 1 + random.below(2) * random.below(7);
    (0..size).map(|_| event(random)).collect()
}

/// Commits, and notes what is not to be lost by how the round ends.
pub fn write(store: &Store, path: &Path, writer: u64, mut random: Random, fate: Fate) {
    let notes = Notes::open(path, &name(writer));
    let batches = match fate {
        Fate::Closed => BATCHES,
        Fate::Killed => u64::MAX,
    };
    for _ in 0..batches {
        let durability = *random.pick(&[
            Durability::Buffered,
            Durability::Written,
            Durability::Durable,
        ]);
        let batch = batch(&mut random).durability(durability);
        let receipts = match random.below(6) {
            0 => vec![store.append_event(event(&mut random)).unwrap()],
            1 => store.submit(batch).unwrap().wait().unwrap(),
            2 => {
                drop(store.submit(batch).unwrap());
                Vec::new()
            }
            _ => store.commit(batch).unwrap(),
        };
        for receipt in receipts {
            if fate == Fate::Closed || receipt.durability > Durability::Buffered {
                notes.add(&Sight {
                    position: receipt.sequence,
                    id: receipt.event_id.to_string(),
                });
            }
        }
        match random.below(30) {
            0 => store.flush().unwrap(),
            1..10 => std::thread::sleep(Duration::from_millis(random.below(4))),
            _ => {}
        }
    }
}
