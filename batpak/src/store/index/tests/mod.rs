//! The index against a plain list of the events that it was told of.

#![allow(clippy::unwrap_used)]

mod files;
mod model;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{FramePlace, Index, Part, PartDir, StreamHead, Tail, Term};
use crate::event::{Digest, EventHeader, EventId, EventKind, EventMeta, TagBytes};
use crate::store::fs::RealDisk;
use crate::store::table::BlockCache;

/// A generator of numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What the events of a log are like.
#[derive(Debug, Clone, Copy)]
struct Mix {
    streams: u64,
    scopes: u64,
    kinds: u64,
    events_per_segment: u64,
    /// One id in so many is not minted, but any.
    chosen_ids: u64,
    /// The most events that are appended at a time.
    batch: u64,
}

/// An event, as the index is told of it.
#[derive(Debug, Clone)]
struct Event {
    entity: String,
    scope: String,
    kind: EventKind,
    tags: Vec<String>,
    causes: Vec<EventId>,
    correlation: Option<EventId>,
    id: EventId,
    time_us: u64,
    revision: u64,
    name: Option<String>,
    place: FramePlace,
}

impl Event {
    fn is_in(&self, term: &Term<'_>) -> bool {
        match *term {
            Term::Stream { entity, scope } => self.entity == entity && self.scope == scope,
            Term::Scope(scope) => self.scope == scope,
            Term::Kind(kind) => self.kind == kind,
            Term::Tag(tag) => self.tags.iter().any(|found| found == tag),
            Term::Cause(id) => self.causes.contains(&id),
            Term::Correlation(id) => self.correlation == Some(id),
        }
    }

    fn push(&self, position: u64, tail: &mut Tail) {
        let mut header = EventHeader::new(self.id, self.kind, 1);
        header.sequence = position;
        header.revision = self.revision;
        header.time_us = self.time_us;
        header.correlation = self.correlation;
        header.digest = Some(Digest::from_bytes([position as u8; 32]));
        let causes: Vec<u8> = self.causes.iter().flat_map(|id| id.to_bytes()).collect();
        let mut strings = Vec::new();
        for tag in &self.tags {
            rmp::encode::write_str(&mut strings, tag).unwrap();
        }
        let tags = TagBytes {
            count: self.tags.len(),
            strings: &strings,
        };
        let mut metadata = Vec::new();
        if let Some(name) = &self.name {
            rmp::encode::write_map_len(&mut metadata, 1).unwrap();
            rmp::encode::write_str(&mut metadata, "batpak:name").unwrap();
            rmp::encode::write_str(&mut metadata, name).unwrap();
        }
        let names = (&*self.entity, &*self.scope);
        let meta = EventMeta::new(header, names, &causes, tags, &metadata);
        tail.push(Tail::stream_hash(names.0, names.1), &meta, self.place);
    }
}

/// A log that is made up as it goes, and the index of it.
struct World {
    random: Random,
    mix: Mix,
    events: Vec<Event>,
    revisions: HashMap<(String, String), u64>,
    index: Index,
    dir: PartDir,
}

impl World {
    fn new(seed: u64, mix: Mix) -> Self {
        let name = format!("batpak-index-{}-{seed}-{}", mix.streams, std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).unwrap();
        Self {
            random: Random(seed),
            mix,
            events: Vec::new(),
            revisions: HashMap::new(),
            index: Index::new(Vec::new()),
            dir: PartDir {
                disk: Arc::new(RealDisk),
                dir,
                store_id: *b"a store's own id",
                cache: Arc::new(BlockCache::new(1 << 20)),
                damage: Arc::default(),
            },
        }
    }

    fn published(&self) -> u64 {
        self.events.len() as u64
    }

    /// The event at a position.
    fn event(&self, position: u64) -> &Event {
        &self.events[position as usize - 1]
    }

    fn append(&mut self, count: u64) {
        let tail = self.index.tail();
        for _ in 0..count {
            let event = self.next_event();
            self.events.push(event);
            let position = self.published();
            self.event(position).push(position, &mut tail.write());
        }
    }

    fn next_event(&mut self) -> Event {
        let (mix, position) = (self.mix, self.published() + 1);
        let before = self.events.last();
        let time_us = before.map_or(1_000_000, |event| event.time_us);
        let end = before.map_or(0, |event| event.place.end);
        let segment = position - (position - 1) % mix.events_per_segment;
        let random = &mut self.random;
        let stream = random.below(mix.streams);
        let entity = format!(
            "{}:{}",
            ["order", "fine", "é"][stream as usize % 3],
            stream / 3
        );
        let scope = format!("scope{}", random.below(mix.scopes));
        let time_us = time_us + random.below(3) * random.below(5_000);
        let any_id = |random: &mut Random| EventId::from_u128(random.below(40).into());
        let mut tags = Vec::new();
        while random.one_in(3) {
            tags.push(format!("course:{}", random.below(50)));
        }
        tags.sort();
        tags.dedup();
        let mut causes = Vec::new();
        while random.one_in(4) {
            causes.push(any_id(random));
        }
        let begin = if segment == position {
            80
        } else {
            // Marks may lie between frames.
            end + if random.one_in(5) { 14 } else { 0 }
        };
        let kind = EventKind::custom(1, random.below(mix.kinds) as u16);
        let minted = (u128::from(time_us / 1_000) << 80) | (7 << 76) | u128::from(position);
        let id = if random.one_in(mix.chosen_ids) {
            u128::from(random.number()) << 64 | u128::from(random.number())
        } else {
            minted
        };
        let revision = self.revisions.entry((entity.clone(), scope.clone()));
        let revision = revision.or_default();
        *revision += 1;
        Event {
            entity,
            scope,
            kind,
            tags,
            causes,
            correlation: random.one_in(4).then(|| any_id(random)),
            id: EventId::from_u128(id),
            time_us,
            revision: *revision,
            name: random.one_in(9).then(|| format!("Event{kind}")),
            place: FramePlace {
                segment,
                offset: begin,
                end: begin + 100 + random.below(300) as u32,
            },
        }
    }

    /// Freezes the tail, and makes parts of all tails that are frozen.
    fn write_parts(&mut self) {
        self.index.freeze();
        while let Some(tail) = self.index.frozen() {
            let part = Part::write(&self.dir, &tail.read()).unwrap();
            self.index.install(part);
        }
    }

    /// The newest event of a stream up to a position.
    fn head(&self, entity: &str, scope: &str, until: u64) -> Option<StreamHead> {
        let stream = Term::Stream { entity, scope };
        let position = self.positions(&stream, until).last().copied()?;
        Some(StreamHead {
            revision: self.event(position).revision,
            position,
        })
    }

    /// The positions of the events of a term up to one.
    fn positions(&self, term: &Term<'_>, until: u64) -> Vec<u64> {
        let all = (1..=until).filter(|position| self.event(*position).is_in(term));
        all.collect()
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.dir.dir).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.dir.join(name)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir.dir);
    }
}
