//! The patterns of an arm: which states and which event they mean, and what they bind.

use proc_macro2::Ident;
use syn::{FieldPat, Member, Pat};

use super::arms::Scope;
use super::{Binding, Field};
use crate::errors::{Errors, did_you_mean};
use crate::names::plain;

/// The first half of an arm's pattern.
pub(super) struct From {
    /// A name for the state as a whole.
    pub(super) bound: Option<Ident>,
    /// The states, or `None` for any.
    pub(super) states: Option<Vec<usize>>,
    pub(super) bindings: Vec<Binding>,
}

impl Scope<'_> {
    pub(super) fn from(&self, pattern: &Pat, errors: &mut Errors) -> Option<From> {
        match pattern {
            Pat::Paren(inner) => self.from(&inner.pat, errors),
            Pat::Wild(_) => Some(From {
                bound: None,
                states: None,
                bindings: Vec::new(),
            }),
            Pat::Ident(name) if is_binding(&name.ident) => {
                let Some((_, inner)) = &name.subpat else {
                    return Some(From {
                        bound: Some(name.ident.clone()),
                        states: None,
                        bindings: Vec::new(),
                    });
                };
                let inner = self.from(inner, errors)?;
                if !inner.bindings.is_empty() || inner.bound.is_some() {
                    errors.add(pattern, "bind the state as a whole or its fields, not both");
                    return None;
                }
                Some(From {
                    bound: Some(name.ident.clone()),
                    ..inner
                })
            }
            Pat::Or(alternatives) => {
                let count = errors.count();
                let found: Vec<From> = alternatives
                    .cases
                    .iter()
                    .filter_map(|case| self.from(case, errors))
                    .collect();
                (errors.count() == count).then(|| self.union(found, pattern, errors))?
            }
            _ => self.named_states(pattern, errors),
        }
    }

    /// The alternatives of a `|` as one.
    fn union(&self, found: Vec<From>, pattern: &Pat, errors: &mut Errors) -> Option<From> {
        let mut found = found.into_iter();
        let mut all = found.next()?;
        for other in found {
            let (Some(states), Some(more)) = (&mut all.states, other.states) else {
                errors.add(
                    pattern,
                    "a name or `_` means any state; leave out the alternatives",
                );
                return None;
            };
            let differs = |a: &[Binding], b: &[Binding]| {
                a.iter()
                    .find(|a| !b.iter().any(|b| a.name == b.name))
                    .map(|binding| binding.name.clone())
            };
            let first = &self.states[states[0]].name;
            let second = more.first().map(|state| &self.states[*state].name);
            let missing = differs(&all.bindings, &other.bindings)
                .map(|name| (second.unwrap_or(first), name))
                .or_else(|| differs(&other.bindings, &all.bindings).map(|name| (first, name)));
            if let Some((state, name)) = missing {
                errors.add(
                    pattern,
                    format_args!(
                        "state `{state}` does not bind `{name}` in every alternative of `|`"
                    ),
                );
                return None;
            }
            for state in &more {
                rename(&mut all.bindings, &other.bindings, *state);
            }
            states.extend(more);
        }
        Some(all)
    }

    /// A state or group by name, with or without bound fields.
    fn named_states(&self, pattern: &Pat, errors: &mut Errors) -> Option<From> {
        let (name, fields) = named(pattern, errors)?;
        let Some(states) = self.states_named(name) else {
            let known = self.states.iter().map(|state| state.name.to_string());
            let known: Vec<String> = known.chain(self.groups.keys().cloned()).collect();
            let text = plain(name);
            let what = if self.groups.is_empty() {
                "state"
            } else {
                "state or group"
            };
            let hint = did_you_mean(&text, known.iter().map(String::as_str));
            let machine = self.machine;
            errors.add(
                name,
                format_args!("no {what} `{text}` in `{machine}`{hint}"),
            );
            return None;
        };
        let mut bindings = Vec::new();
        for state in &states {
            let state = &self.states[*state];
            let of = (format!("state `{}`", state.name), &state.fields[..]);
            bindings = self.bindings(&fields, of, errors)?;
        }
        Some(From {
            bound: None,
            states: Some(states),
            bindings,
        })
    }

    fn states_named(&self, name: &Ident) -> Option<Vec<usize>> {
        let text = plain(name);
        let state = self
            .states
            .iter()
            .position(|state| plain(&state.name) == text);
        state
            .map(|state| vec![state])
            .or_else(|| self.groups.get(&text).cloned())
    }

    fn bindings(
        &self,
        patterns: &[&FieldPat],
        (owner, fields): (String, &[Field]),
        errors: &mut Errors,
    ) -> Option<Vec<Binding>> {
        let count = errors.count();
        let mut bindings = Vec::new();
        for pattern in patterns {
            let Member::Named(field) = &pattern.member else {
                errors.add(
                    &pattern.member,
                    "only a name can be bound here; put conditions in an `if` guard",
                );
                continue;
            };
            let Some(known) = fields
                .iter()
                .find(|known| plain(&known.name) == plain(field))
            else {
                let names: Vec<String> = fields.iter().map(|known| plain(&known.name)).collect();
                let hint = did_you_mean(&plain(field), names.iter().map(String::as_str));
                errors.add(field, format_args!("{owner} has no field `{field}`{hint}"));
                continue;
            };
            match &*pattern.pat {
                Pat::Wild(_) => {}
                Pat::Ident(name)
                    if name.subpat.is_none()
                        && name.by_ref.is_none()
                        && is_binding(&name.ident) =>
                {
                    bindings.push(Binding {
                        field: field.clone(),
                        elsewhere: Vec::new(),
                        name: name.ident.clone(),
                        mutable: name.mutability.is_some(),
                        ty: known.ty.clone(),
                    });
                }
                other => errors.add(
                    other,
                    "only a name can be bound here; put conditions in an `if` guard",
                ),
            }
        }
        (errors.count() == count).then_some(bindings)
    }

    pub(super) fn event(
        &self,
        pattern: &Pat,
        errors: &mut Errors,
    ) -> Option<(usize, Ident, Vec<Binding>)> {
        match pattern {
            Pat::Wild(_) | Pat::Or(_) => {
                errors.add(
                    pattern,
                    "name the event: a transition may not match every event",
                );
                return None;
            }
            Pat::Ident(name) if is_binding(&name.ident) => {
                errors.add(
                    pattern,
                    "name the event: a transition may not match every event",
                );
                return None;
            }
            _ => {}
        }
        let (name, fields) = named(pattern, errors)?;
        let text = plain(name);
        let Some(event) = self
            .events
            .iter()
            .position(|event| plain(&event.name) == text)
        else {
            let known: Vec<String> = self.events.iter().map(|event| plain(&event.name)).collect();
            let hint = did_you_mean(&text, known.iter().map(String::as_str));
            let events = self.events_name;
            errors.add(name, format_args!("no event `{text}` in `{events}`{hint}"));
            return None;
        };
        let of = (format!("event `{text}`"), &self.events[event].fields[..]);
        let bindings = self.bindings(&fields, of, errors)?;
        Some((event, name.clone(), bindings))
    }
}

/// Whether the name binds, rather than means something declared.
pub(super) fn is_binding(name: &Ident) -> bool {
    plain(name).starts_with(|first: char| first.is_lowercase() || first == '_')
}

pub(super) fn pair(pattern: &Pat) -> Option<[&Pat; 2]> {
    let Pat::Tuple(tuple) = pattern else {
        return None;
    };
    let mut halves = tuple.elems.iter();
    match (halves.next(), halves.next(), halves.next()) {
        (Some(from), Some(on), None) => Some([from, on]),
        _ => None,
    }
}

/// The name and the field patterns of `Name` or `Name { .. }`.
fn named<'p>(pattern: &'p Pat, errors: &mut Errors) -> Option<(&'p Ident, Vec<&'p FieldPat>)> {
    let found = match pattern {
        Pat::Ident(name) if name.subpat.is_none() => Some((&name.ident, Vec::new())),
        Pat::Struct(found) => found
            .path
            .get_ident()
            .map(|name| (name, found.fields.iter().collect())),
        _ => None,
    };
    if found.is_none() {
        errors.add(
            pattern,
            "write the name alone, with its fields by name: `Placed` or `Placed { total, .. }`",
        );
    }
    found
}

/// Notes the fields of `state` that `bindings` mean by names other than its first state has.
fn rename(bindings: &mut [Binding], of_state: &[Binding], state: usize) {
    for binding in bindings {
        let same = of_state.iter().find(|other| other.name == binding.name);
        if let Some(Binding { field, .. }) = same
            && *field != binding.field
        {
            binding.elsewhere.push((state, field.clone()));
        }
    }
}
