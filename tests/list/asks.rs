//! Regions, as these tests understand them.

use batpak::prelude::*;
use batpak::testing::Random;

use super::{List, Listed};

/// One thing that is asked of an event.
#[derive(Debug, Clone)]
pub enum Ask {
    Entity(String),
    Prefix(&'static str),
    Scope(&'static str),
    Kinds(Vec<EventKind>),
    Category(u8),
    Tag(Tag),
    CausedBy(EventId),
    Correlation(EventId),
    /// The first, and the one behind the last.
    Positions(u64, u64),
    TimesUs(u64, u64),
}

pub fn kind(random: &mut Random) -> EventKind {
    let number = random.below(9) as u16;
    EventKind::custom(1 + (number % 3) as u8, number)
}

/// One of a few tags that many events have, or of many that few have.
pub fn tag(random: &mut Random) -> Tag {
    match random.below(3) {
        0 => Tag::new("seat", random.below(300)).unwrap(),
        _ => Tag::new("course", random.below(6)).unwrap(),
    }
}

/// The id of an event of the list, if it has any.
fn id(random: &mut Random, list: &List) -> EventId {
    match list.events() {
        [] => EventId::from_u128(u128::from(random.number())),
        events => random.pick(events).receipt.event_id,
    }
}

impl Ask {
    /// How many sorts there are.
    pub const SORTS: u64 = 10;

    /// One of the sort with this number.
    pub fn of_sort(sort: u64, random: &mut Random, list: &List) -> Self {
        match sort {
            0 if random.below(3) == 0 => Self::Entity(format!("user:{}", random.below(7))),
            0 => Self::Entity(format!("order:{}", random.below(14))),
            1 => {
                let prefixes = ["", "order:", "order:1", "user", "x"];
                Self::Prefix(prefixes[random.below(5) as usize])
            }
            2 => {
                let scopes = ["shop", "shop/denied", "s", "sh"];
                Self::Scope(scopes[random.below(4) as usize])
            }
            3 => Self::Kinds((0..random.below(4)).map(|_| kind(random)).collect()),
            4 => Self::Category(1 + random.below(4) as u8),
            5 => Self::Tag(tag(random)),
            6 => Self::CausedBy(id(random, list)),
            7 => Self::Correlation(id(random, list)),
            8 => {
                let from = random.below(list.last() + 2);
                Self::Positions(from, from + random.below(list.last() + 2))
            }
            _ => {
                let mut time = || match list.events() {
                    [] => random.number(),
                    events => random.pick(events).receipt.time_us + random.below(3) - 1,
                };
                let (one, other) = (time(), time());
                Self::TimesUs(one.min(other), one.max(other))
            }
        }
    }

    fn narrow(&self, region: Region) -> Region {
        match self {
            Self::Entity(entity) => region.entity(entity),
            Self::Prefix(prefix) => region.entity_prefix(*prefix),
            Self::Scope(scope) => region.scope(*scope),
            Self::Kinds(kinds) => region.kinds(kinds.iter().copied()),
            Self::Category(category) => region.category(*category),
            Self::Tag(tag) => region.tag(tag.clone()),
            Self::CausedBy(id) => region.caused_by(*id),
            Self::Correlation(id) => region.correlation(*id),
            Self::Positions(from, end) => region.positions(*from..*end),
            Self::TimesUs(from, end) => region.times_us(*from..*end),
        }
    }

    fn admits(&self, Listed { draft, receipt }: &Listed) -> bool {
        match self {
            Self::Entity(entity) => draft.stream.entity() == entity,
            Self::Prefix(prefix) => draft.stream.entity().starts_with(prefix),
            Self::Scope(scope) => draft.stream.scope() == *scope,
            Self::Kinds(kinds) => kinds.contains(&draft.kind),
            Self::Category(category) => draft.kind.category() == *category,
            Self::Tag(tag) => draft.tags.contains(tag),
            Self::CausedBy(id) => draft.causes.contains(id),
            Self::Correlation(id) => receipt.event_id == *id || draft.correlation == Some(*id),
            Self::Positions(from, end) => (*from..*end).contains(&receipt.sequence),
            Self::TimesUs(from, end) => (*from..*end).contains(&receipt.time_us),
        }
    }
}

/// What a region asks: all of one of its items.
#[derive(Debug, Clone)]
pub struct Asks(Vec<Vec<Ask>>);

impl Asks {
    /// Up to three items, each asking up to three things.
    pub fn random(random: &mut Random, list: &List) -> Self {
        let item = |random: &mut Random| {
            let asks = 0..random.below(4);
            asks.map(|_| Ask::of_sort(random.below(Ask::SORTS), random, list))
                .collect()
        };
        let items = 0..1 + random.below(3);
        Self(items.map(|_| item(random)).collect())
    }

    /// One for each thing that can be asked, and one that asks for the next besides.
    pub fn of_each_sort(random: &mut Random, list: &List) -> Vec<Self> {
        let mut ask = |sort| Ask::of_sort(sort % Ask::SORTS, random, list);
        let mut asks = Vec::new();
        for sort in 0..Ask::SORTS {
            asks.push(Self(vec![vec![ask(sort)]]));
            asks.push(Self(vec![vec![ask(sort), ask(sort + 1)]]));
        }
        asks
    }

    pub fn region(&self) -> Region {
        let item = |asks: &Vec<Ask>| {
            asks.iter()
                .fold(Region::all(), |region, ask| ask.narrow(region))
        };
        self.0.iter().map(item).reduce(Region::or).unwrap()
    }

    pub fn admit(&self, event: &Listed) -> bool {
        let admits = |asks: &Vec<Ask>| asks.iter().all(|ask| ask.admits(event));
        self.0.iter().any(admits)
    }
}
