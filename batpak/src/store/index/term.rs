//! The keys of a part. `FORMAT.md`, "The index", lists them.
//!
//! The first byte of a key tells the sort of the entry. Names have no control characters, so a zero
//! byte ends one, and keys sort as the names do.

use crate::event::{EventId, EventKind, sorts_by_time};
use crate::store::table::term_hash;

/// Events by what caused them.
pub(super) const CAUSE: u8 = b'a';
/// Events by scope.
pub(super) const SCOPE: u8 = b'c';
/// Positions by id.
pub(super) const ID: u8 = b'i';
/// Events by kind.
pub(super) const KIND: u8 = b'k';
/// The names of kinds.
pub(super) const NAME: u8 = b'n';
/// Events by correlation.
pub(super) const CORRELATION: u8 = b'r';
/// Events by stream.
pub(super) const STREAM: u8 = b's';
/// Events by tag.
pub(super) const TAG: u8 = b't';
/// Some events by time.
pub(super) const TIME: u8 = b'w';

/// Something that events have in common, and by which the index finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Term<'a> {
    /// The events of one stream.
    Stream {
        /// WHO.
        entity: &'a str,
        /// WHERE.
        scope: &'a str,
    },
    /// The events in a scope.
    Scope(&'a str),
    /// The events of a kind.
    Kind(EventKind),
    /// The events with a tag.
    Tag(&'a str),
    /// The events that the one with this id led to.
    Cause(EventId),
    /// The events with a correlation.
    Correlation(EventId),
}

/// The key of a term's chunks of positions: what they have in common, then the first position of one.
#[derive(Debug, Clone)]
pub(super) struct TermKey(Vec<u8>);

/// The bytes of a position at the end of a key.
const POSITION: usize = 8;

impl TermKey {
    pub(super) fn of(term: &Term<'_>) -> Self {
        let mut key = Vec::with_capacity(64);
        push_term(&mut key, term);
        key.extend_from_slice(&[0; POSITION]);
        Self(key)
    }

    /// The key of the chunk that begins at `position`.
    pub(super) fn at(&mut self, position: u64) -> &[u8] {
        let prefix = self.0.len() - POSITION;
        self.0[prefix..].copy_from_slice(&position.to_be_bytes());
        &self.0
    }

    /// What the keys of all chunks of the term begin with.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.0[..self.0.len() - POSITION]
    }

    /// Where the chunk with this key begins, if it is one of the term.
    pub(super) fn position_in(&self, key: &[u8]) -> Option<u64> {
        let (prefix, position) = split(key)?;
        (prefix == self.prefix()).then_some(position)
    }

    /// Whether it is a stream, whose chunks tell revisions.
    pub(super) fn is_of_stream(&self) -> bool {
        self.0.first() == Some(&STREAM)
    }

    /// What the filter of a part knows the term by; `None` for a sort that is not in filters.
    pub(super) fn filter_hash(&self) -> Option<u64> {
        filter_hash(self.prefix())
    }
}

/// Appends what the keys of all chunks of a term begin with.
pub(super) fn push_term(key: &mut Vec<u8>, term: &Term<'_>) {
    match term {
        Term::Stream { entity, scope } => {
            push_name(key, STREAM, entity);
            key.extend_from_slice(scope.as_bytes());
            key.push(0);
        }
        Term::Scope(scope) => push_name(key, SCOPE, scope),
        Term::Kind(kind) => {
            key.push(KIND);
            key.extend_from_slice(&kind.raw().to_be_bytes());
        }
        Term::Tag(tag) => push_name(key, TAG, tag),
        Term::Cause(id) => push_id(key, CAUSE, *id),
        Term::Correlation(id) => push_id(key, CORRELATION, *id),
    }
}

fn push_name(key: &mut Vec<u8>, sort: u8, name: &str) {
    key.push(sort);
    key.extend_from_slice(name.as_bytes());
    key.push(0);
}

fn push_id(key: &mut Vec<u8>, sort: u8, id: EventId) {
    key.push(sort);
    key.extend_from_slice(&id.to_bytes());
}

/// What the filter knows the term by whose keys begin with `prefix`. There are few scopes and kinds,
/// and most parts have events of them, so that a filter would say nothing.
pub(super) fn filter_hash(prefix: &[u8]) -> Option<u64> {
    match prefix.first() {
        Some(&(STREAM | TAG | CAUSE | CORRELATION)) => Some(term_hash(prefix)),
        _ => None,
    }
}

/// What the filter knows an id by; `None` for one that sorts by its time, for which the range of a part's
/// ids says as much.
pub(super) fn id_filter_hash(id: u128) -> Option<u64> {
    let sorts_by_time = sorts_by_time(EventId::from_u128(id));
    (!sorts_by_time).then(|| term_hash(&id_key(id)))
}

/// The key of a chunk of positions as what it shares with its term's others and its own position.
pub(super) fn split(key: &[u8]) -> Option<(&[u8], u64)> {
    let (prefix, position) = key.split_last_chunk()?;
    Some((prefix, u64::from_be_bytes(*position)))
}

/// The key of the time of the event at `position`.
pub(super) fn time_key(time_us: u64, position: u64) -> [u8; 17] {
    let mut key = [TIME; 17];
    key[1..9].copy_from_slice(&time_us.to_be_bytes());
    key[9..].copy_from_slice(&position.to_be_bytes());
    key
}

/// The position of the event whose time this is the key of, if it is the key of one.
pub(super) fn time_position(key: &[u8]) -> Option<u64> {
    let (sort, time) = key.split_first()?;
    let (_, position) = time.split_first_chunk::<8>()?;
    let position = position.try_into().ok()?;
    (*sort == TIME).then_some(u64::from_be_bytes(position))
}

/// The key of the chunk of ids that begins with `id`.
pub(super) fn id_key(id: u128) -> [u8; 17] {
    let mut key = [ID; 17];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

/// The id that the chunk of ids with this key begins with, if it is the key of one.
pub(super) fn id_in(key: &[u8]) -> Option<u128> {
    let (sort, id) = key.split_first()?;
    let id = id.try_into().ok()?;
    (*sort == ID).then_some(u128::from_be_bytes(id))
}

/// The key of the name of a kind.
pub(super) fn name_key(kind: EventKind) -> [u8; 3] {
    let [high, low] = kind.raw().to_be_bytes();
    [NAME, high, low]
}

/// The kind whose name has this key, if it is the key of one.
pub(super) fn name_in(key: &[u8]) -> Option<EventKind> {
    match key {
        [NAME, high, low] => Some(EventKind::from_raw(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// The kind that the key of a chunk of its positions has.
pub(super) fn kind_in(key: &[u8]) -> Option<EventKind> {
    match key {
        [KIND, high, low, ..] => Some(EventKind::from_raw(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// The entity and the scope of the stream whose chunk has this key, if it is the key of one.
pub(super) fn stream_in(key: &[u8]) -> Option<(&str, &str)> {
    let (prefix, _) = split(key)?;
    let text = str::from_utf8(prefix.strip_prefix(&[STREAM])?).ok()?;
    text.strip_suffix('\0')?.split_once('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_names_and_then_by_position() {
        let stream = |entity, scope| TermKey::of(&Term::Stream { entity, scope });
        let mut keys = [
            (stream("order:1", "a"), 300),
            (stream("order:1", "ab"), 2),
            (stream("order:1 ", "a"), 1),
            (stream("order:10", "a"), 1),
            (stream("order:1é", "a"), 1),
        ];
        let keys = keys
            .iter_mut()
            .map(|(key, position)| key.at(*position).to_vec());
        assert!(keys.is_sorted());
        let mut key = stream("order:1", "a");
        assert!(key.at(255).to_vec() < key.at(256).to_vec());
    }

    #[test]
    fn a_key_tells_what_it_was_made_of() {
        let stream = Term::Stream {
            entity: "order:1",
            scope: "shop",
        };
        let mut key = TermKey::of(&stream);
        let bytes = key.at(77).to_vec();
        assert_eq!(stream_in(&bytes), Some(("order:1", "shop")));
        assert_eq!(key.position_in(&bytes), Some(77));
        assert_eq!(TermKey::of(&Term::Scope("shop")).position_in(&bytes), None);
        assert_eq!(time_position(&time_key(5, 9)), Some(9));
        assert_eq!(id_in(&id_key(u128::MAX - 1)), Some(u128::MAX - 1));
        let kind = EventKind::from_raw(0xE012);
        assert_eq!(name_in(&name_key(kind)), Some(kind));
    }

    #[test]
    fn what_is_no_key_of_a_sort_tells_nothing() {
        for key in [
            &b""[..],
            b"s",
            b"w123456789012345",
            b"i123",
            b"n1",
            b"s\0\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(stream_in(key), None, "{key:?}");
            assert_eq!(time_position(key), None, "{key:?}");
            assert_eq!(id_in(key), None, "{key:?}");
            assert_eq!(name_in(key), None, "{key:?}");
        }
    }
}
