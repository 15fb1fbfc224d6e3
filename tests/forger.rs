//! A forger who knows FORMAT.md, and no line of the engine: takes a log apart into events, and makes segments of
//! events, with every checksum, digest, header and footer that a store would have written.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The elements of an event's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub flags: u64,
    pub position: u64,
    pub lag: u64,
    pub revision: u64,
    pub kind: u64,
    pub version: u64,
    pub time: u64,
    pub id: Vec<u8>,
    pub digest: Vec<u8>,
    pub entity: String,
    pub scope: String,
    pub correlation: Option<Vec<u8>>,
    pub causes: Option<Vec<u8>>,
    pub tags: Vec<String>,
    pub metadata: Option<Vec<u8>>,
    pub payload: Vec<u8>,
}

/// A segment: its events, and what of it is not made of them.
#[derive(Debug, Clone)]
pub struct Segment {
    pub store_id: Vec<u8>,
    pub nonce: Vec<u8>,
    pub previous: Vec<u8>,
    pub events: Vec<Event>,
    /// The root and the closing digest, if there is a footer.
    pub footer: Option<(Vec<u8>, Vec<u8>)>,
}

/// A log, taken apart.
#[derive(Debug, Clone)]
pub struct Log(pub Vec<Segment>);

/// Reads msgpack, as far as bodies have it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn number(&mut self, len: usize) -> u64 {
        self.take(len)
            .iter()
            .fold(0, |n, byte| n << 8 | u64::from(*byte))
    }

    fn uint(&mut self) -> u64 {
        match self.number(1) {
            0xCC => self.number(1),
            0xCD => self.number(2),
            0xCE => self.number(4),
            0xCF => self.number(8),
            small => small,
        }
    }

    fn array(&mut self) -> u64 {
        match self.number(1) {
            0xDC => self.number(2),
            short => short & 0xF,
        }
    }

    fn text(&mut self) -> String {
        let len = match self.number(1) {
            0xD9 => self.number(1),
            0xDA => self.number(2),
            short => short & 0x1F,
        };
        String::from_utf8(self.take(len as usize).to_vec()).unwrap()
    }

    fn bin(&mut self) -> Option<Vec<u8>> {
        let len = match self.number(1) {
            0xC0 => return None,
            0xC4 => self.number(1),
            0xC5 => self.number(2),
            _ => self.number(4),
        };
        Some(self.take(len as usize).to_vec())
    }
}

/// The shortest form of a number, behind a marker that tells how long it is.
fn put_number(out: &mut Vec<u8>, n: u64, markers: [u8; 4]) {
    let bytes = n.to_be_bytes();
    match n {
        0..=0xFF => out.extend([&markers[..1], &bytes[7..]].concat()),
        0x100..=0xFFFF => out.extend([&markers[1..2], &bytes[6..]].concat()),
        0x1_0000..=0xFFFF_FFFF => out.extend([&markers[2..3], &bytes[4..]].concat()),
        _ => out.extend([&markers[3..], &bytes[..]].concat()),
    }
}

fn put_uint(out: &mut Vec<u8>, n: u64) {
    match n {
        0..=0x7F => out.push(n as u8),
        _ => put_number(out, n, [0xCC, 0xCD, 0xCE, 0xCF]),
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    match text.len() {
        short @ 0..=31 => out.push(0xA0 | short as u8),
        long => put_number(out, long as u64, [0xD9, 0xDA, 0xDB, 0]),
    }
    out.extend(text.as_bytes());
}

fn put_bin(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => out.push(0xC0),
        Some(bytes) => {
            put_number(out, bytes.len() as u64, [0xC4, 0xC5, 0xC6, 0]);
            out.extend(bytes);
        }
    }
}

impl Event {
    fn read(body: &[u8]) -> Self {
        let mut body = Reader(body);
        assert_eq!(body.array(), 16);
        Self {
            flags: body.uint(),
            position: body.uint(),
            lag: body.uint(),
            revision: body.uint(),
            kind: body.uint(),
            version: body.uint(),
            time: body.uint(),
            id: body.bin().unwrap(),
            digest: body.bin().unwrap(),
            entity: body.text(),
            scope: body.text(),
            correlation: body.bin(),
            causes: body.bin(),
            tags: (0..body.array()).map(|_| body.text()).collect(),
            metadata: body.bin(),
            payload: body.bin().unwrap(),
        }
    }

    fn body(&self) -> Vec<u8> {
        let mut out = vec![0xDC, 0, 16];
        let (a, b) = (self.flags, self.position);
        let (c, d) = (self.lag, self.revision);
        for n in [a, b, c, d, self.kind, self.version, self.time] {
            put_uint(&mut out, n);
        }
        put_bin(&mut out, Some(&self.id));
        put_bin(&mut out, Some(&self.digest));
        put_text(&mut out, &self.entity);
        put_text(&mut out, &self.scope);
        put_bin(&mut out, self.correlation.as_deref());
        put_bin(&mut out, self.causes.as_deref());
        out.push(0x90 | self.tags.len() as u8);
        self.tags.iter().for_each(|tag| put_text(&mut out, tag));
        put_bin(&mut out, self.metadata.as_deref());
        put_bin(&mut out, Some(&self.payload));
        out
    }

    /// The event's digest behind that of the event before in its stream.
    fn digest_behind(&self, previous: &[u8]) -> Vec<u8> {
        let mut out = previous.to_vec();
        for n in [self.position, self.revision, self.time] {
            out.extend(n.to_le_bytes());
        }
        for n in [self.kind, self.version, self.flags] {
            out.extend((n as u16).to_le_bytes());
        }
        out.extend(&self.id);
        out.extend(blake3::hash(&self.payload).as_bytes());
        match &self.metadata {
            Some(metadata) => out.extend(blake3::hash(metadata).as_bytes()),
            None => out.extend([0; 32]),
        }
        let text = |out: &mut Vec<u8>, text: &str| {
            out.extend((text.len() as u16).to_le_bytes());
            out.extend(text.as_bytes());
        };
        text(&mut out, &self.entity);
        text(&mut out, &self.scope);
        out.push(u8::from(self.correlation.is_some()));
        out.extend(self.correlation.iter().flatten());
        let causes = self.causes.as_deref().unwrap_or_default();
        out.extend((causes.len() as u16 / 16).to_le_bytes());
        out.extend(causes);
        out.extend((self.tags.len() as u16).to_le_bytes());
        self.tags.iter().for_each(|tag| text(&mut out, tag));
        keyed("batpak 2026 event digest v1", &out)
    }
}

fn keyed(context: &str, bytes: &[u8]) -> Vec<u8> {
    let key = blake3::derive_key(context, &[]);
    blake3::keyed_hash(&key, bytes).as_bytes().to_vec()
}

fn node(bytes: &[u8]) -> Vec<u8> {
    keyed("batpak 2026 segment node v1", bytes)
}

/// The Merkle root of digests, as RFC 6962 defines its shape.
fn merkle_root(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [] => vec![0; 32],
        [leaf] => leaf.clone(),
        _ => {
            let left = leaves.len().next_power_of_two() / 2;
            let halves = leaves.split_at(left);
            node(&[merkle_root(halves.0), merkle_root(halves.1)].concat())
        }
    }
}

impl Segment {
    pub fn first(&self) -> u64 {
        self.events[0].position
    }

    /// The Merkle root, and the closing digest behind that of the segment before.
    fn sealed(&self, closing: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let leaves: Vec<_> = self.events.iter().map(|e| e.digest.clone()).collect();
        let root = merkle_root(&leaves);
        let (first, count) = (self.first().to_le_bytes(), leaves.len() as u64);
        let all = [closing, &first, &count.to_le_bytes(), &root].concat();
        (root, node(&all))
    }

    fn read(bytes: &[u8]) -> Self {
        let mut segment = Self {
            store_id: bytes[12..28].to_vec(),
            nonce: bytes[68..76].to_vec(),
            previous: bytes[36..68].to_vec(),
            events: Vec::new(),
            footer: None,
        };
        for (at, len) in crate::support::bodies(bytes) {
            let body = &bytes[at..at + len];
            match body[0] {
                0x91 => {}
                0x94 => segment.footer = Some((body[21..53].to_vec(), body[55..].to_vec())),
                _ => segment.events.push(Event::read(body)),
            }
        }
        segment
    }

    /// The segment's file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = b"BATPAKSG\x01\0\x01\0".to_vec();
        out.extend(&self.store_id);
        out.extend(self.first().to_le_bytes());
        out.extend(&self.previous);
        out.extend(&self.nonce);
        let crc = crc32fast::hash(&out);
        out.extend(crc.to_le_bytes());
        for event in &self.events {
            self.put_frame(&mut out, &event.body());
        }
        if let Some((root, closing)) = &self.footer {
            let mut body = vec![0x94, 0xCF];
            body.extend((self.events.len() as u64).to_be_bytes());
            body.push(0xCF);
            body.extend((out.len() as u64).to_be_bytes());
            put_bin(&mut body, Some(root));
            put_bin(&mut body, Some(closing));
            self.put_frame(&mut out, &body);
        }
        out
    }

    fn put_frame(&self, out: &mut Vec<u8>, body: &[u8]) {
        let offset = (out.len() as u64).to_le_bytes();
        let first = self.first().to_le_bytes();
        let seed = [&self.store_id, &first[..], &self.nonce, &offset].concat();
        let seeded = |bytes: &[u8]| crc32fast::hash(&[&seed, bytes].concat()).to_le_bytes();
        let len = (body.len() as u32).to_le_bytes();
        out.extend(len);
        out.extend(seeded(&len));
        out.extend(seeded(body));
        out.extend(body);
    }
}

impl Log {
    /// Takes the segments in a store's directory apart.
    pub fn read(dir: &Path) -> Self {
        let mut paths: Vec<_> = fs::read_dir(dir.join("segments"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let segments = paths
            .iter()
            .map(|path| Segment::read(&fs::read(path).unwrap()));
        Self(segments.collect())
    }

    /// Makes the segments in a store's directory anew of these, and leaves nothing that was derived from the old ones.
    pub fn write(&self, dir: &Path) {
        let _ = fs::remove_dir_all(dir);
        fs::create_dir_all(dir.join("segments")).unwrap();
        for segment in &self.0 {
            let name = format!("segments/{:020}.seg", segment.first());
            fs::write(dir.join(name), segment.bytes()).unwrap();
        }
    }

    /// All events.
    pub fn events(&mut self) -> impl Iterator<Item = &mut Event> {
        self.0.iter_mut().flat_map(|segment| &mut segment.events)
    }

    pub fn event(&mut self, position: u64) -> &mut Event {
        self.events()
            .find(|event| event.position == position)
            .unwrap()
    }

    /// Numbers positions and revisions anew, and lets each batch be proven by the next.
    pub fn renumber(mut self) -> Self {
        let mut revisions = HashMap::new();
        for (at, event) in self.events().enumerate() {
            let stream = (event.entity.clone(), event.scope.clone());
            let revision: &mut u64 = revisions.entry(stream).or_default();
            *revision += 1;
            event.revision = *revision;
            event.position = at as u64 + 1;
            event.lag = event.lag.min(event.position);
        }
        self
    }

    /// Computes all digests anew, in events, headers and footers.
    pub fn rechain(mut self) -> Self {
        let mut heads = HashMap::new();
        for event in self.events() {
            let stream = (event.entity.clone(), event.scope.clone());
            let head = heads.entry(stream).or_insert_with(|| vec![0; 32]);
            event.digest = event.digest_behind(head);
            *head = event.digest.clone();
        }
        self.reseal()
    }

    /// Computes all headers and footers anew.
    pub fn reseal(mut self) -> Self {
        let (mut previous, mut closing) = (vec![0; 32], vec![0; 32]);
        for segment in &mut self.0 {
            segment.previous = previous;
            let sealed = segment.sealed(&closing);
            closing = sealed.1.clone();
            segment.footer = segment.footer.is_some().then_some(sealed);
            previous = segment.events.last().unwrap().digest.clone();
        }
        self
    }
}

/// The root of a checkpoint at a position, by the description in FORMAT.md.
pub fn root_at(log: &Log, position: u64) -> Vec<u8> {
    let mut closing = vec![0; 32];
    for segment in &log.0 {
        let mut segment = segment.clone();
        segment.events.retain(|event| event.position <= position);
        if !segment.events.is_empty() {
            closing = segment.sealed(&closing).1;
        }
    }
    closing
}
