//! Which ids are taken, and by what.

use std::collections::BTreeMap;

use syn::{Ident, LitInt, LitStr};

use super::attributes::Reserved;
use crate::errors::Errors;

/// The largest type id.
const MAX_ID: u16 = 0xFFF;

/// What an id is taken by: the variant that has it, or what it was reserved for.
enum Taken {
    Variant(Ident, LitInt),
    Reserved(Option<String>),
}

/// The ids of one type.
pub(super) struct Ids {
    taken: BTreeMap<u16, Taken>,
    next_free: u16,
}

impl Ids {
    /// With `reserved` taken; `literals` are those of all variants.
    pub(super) fn new<'l>(
        reserved: &[Reserved],
        literals: impl Iterator<Item = &'l LitInt>,
        errors: &mut Errors,
    ) -> Self {
        let taken = reserved_ids(reserved, errors);
        let used = literals.filter_map(|literal| literal.base10_parse().ok());
        let used = used.filter(|id| *id <= MAX_ID);
        let highest = used.chain(taken.keys().copied()).max();
        Self {
            taken,
            next_free: highest.map_or(1, |id: u16| id + 1),
        }
    }

    /// Those that nothing may have, rising.
    pub(super) fn reserved(&self) -> Vec<u16> {
        self.taken.keys().copied().collect()
    }

    /// Gives the id of `literal` to the event `name`; `None` if it cannot have it.
    pub(super) fn take(
        &mut self,
        name: &Ident,
        literal: &LitInt,
        errors: &mut Errors,
    ) -> Option<u16> {
        let id = value(literal, errors)?;
        match self.taken.get(&id) {
            Some(Taken::Variant(other, first)) => {
                let message = format!("id {literal} is already used by `{other}`");
                errors.add(literal, message);
                errors.add(first, format_args!("id {first} is also used by `{name}`"));
                None
            }
            Some(Taken::Reserved(was)) => {
                let was = was
                    .as_ref()
                    .map_or_else(String::new, |was| format!(" (was `{was}`)"));
                errors.add(literal, format_args!("id {literal} is reserved{was}"));
                None
            }
            None => {
                let taken = Taken::Variant(name.clone(), literal.clone());
                self.taken.insert(id, taken);
                Some(id)
            }
        }
    }

    /// Says that the event `name` has no id, and which it could have: another one for each event.
    pub(super) fn missing(&mut self, name: &Ident, errors: &mut Errors) {
        let free = match self.next_free {
            free @ ..=MAX_ID => format!("the next free one is `#[event(id = 0x{free:03X})]`"),
            _ => "the highest one is taken: choose one that was never used".to_owned(),
        };
        self.next_free = self.next_free.saturating_add(1);
        errors.add(
            name,
            format_args!(
                "event `{name}` has no id; {free}\n\
                 help: ids are written to the log, so they are never assigned for you"
            ),
        );
    }
}

fn reserved_ids(reserved: &[Reserved], errors: &mut Errors) -> BTreeMap<u16, Taken> {
    let mut ids = BTreeMap::new();
    for Reserved { first, last, was } in reserved {
        let (Some(from), Some(to)) = (value(first, errors), value(last, errors)) else {
            continue;
        };
        if from > to {
            errors.add(first, format_args!("the range {first}..={last} has no ids"));
        }
        for id in from..=to {
            let was = was.as_ref().map(LitStr::value);
            if ids.insert(id, Taken::Reserved(was)).is_some() {
                errors.add(
                    first,
                    format_args!("reserved id 0x{id:03X} is listed twice"),
                );
                break;
            }
        }
    }
    ids
}

/// The value of an id's literal, if it fits.
pub(super) fn value(literal: &LitInt, errors: &mut Errors) -> Option<u16> {
    match literal.base10_parse::<u64>() {
        Ok(id) if id <= u64::from(MAX_ID) => u16::try_from(id).ok(),
        _ => {
            errors.add(
                literal,
                format_args!("id {literal} does not fit in 12 bits (0x000 to 0xFFF)"),
            );
            None
        }
    }
}
