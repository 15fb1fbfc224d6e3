//! The patterns of an arm: which states and which event they mean, and what they bind.
//!
//! A name that is close to a known one is reported, and then taken for that one, so that one mistake
//! stays one error.

use proc_macro2::{Ident, Span};
use syn::{Member, Pat, Path};

use super::Binding;
use super::arms::Scope;
use super::fields::{Field, Fields, Style, same};
use crate::errors::{Errors, closest, did_you_mean};
use crate::names::plain;

/// The first half of an arm's pattern.
pub(super) struct From {
    /// A name for the state as a whole.
    pub(super) bound: Option<Ident>,
    /// The states, or `None` for any.
    pub(super) states: Option<Vec<usize>>,
    pub(super) bindings: Vec<Binding>,
}

/// The second half of an arm's pattern.
pub(super) struct On {
    pub(super) event: usize,
    pub(super) name: Ident,
    pub(super) bindings: Vec<Binding>,
}

/// A name with sub-patterns: `Placed`, `Placed { total, .. }` or `Placed(total)`.
struct Named<'p> {
    name: &'p Ident,
    fields: Vec<(Member, &'p Pat)>,
    style: Style,
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
                }
                Some(From {
                    bound: Some(name.ident.clone()),
                    states: inner.states,
                    bindings: Vec::new(),
                })
            }
            Pat::Or(alternatives) => {
                let mut cases = alternatives.cases.iter();
                let mut all = self.from(cases.next()?, errors)?;
                for case in cases {
                    let count = errors.count();
                    if let Some(other) = self.from(case, errors) {
                        let is_sound = errors.count() == count;
                        self.unite(&mut all, other, (case, is_sound), errors);
                    }
                }
                Some(all)
            }
            _ => self.named_states(pattern, errors),
        }
    }

    /// Adds one alternative of a `|` to those before it.
    fn unite(
        &self,
        all: &mut From,
        other: From,
        (case, is_sound): (&Pat, bool),
        errors: &mut Errors,
    ) {
        let (Some(states), Some(more)) = (&mut all.states, other.states) else {
            let message = "a name or `_` means any state; leave out the alternatives";
            errors.add(case, message);
            return;
        };
        let differs = |a: &[Binding], b: &[Binding]| {
            let missing = a.iter().find(|a| !b.iter().any(|b| a.name == b.name));
            missing.map(|binding| binding.name.clone())
        };
        let name_of = |states: &[usize]| states.first().map(|state| &self.states[*state].name);
        let missing = differs(&all.bindings, &other.bindings)
            .map(|name| (name_of(&more), name))
            .or_else(|| Some((name_of(states), differs(&other.bindings, &all.bindings)?)));
        if let Some((Some(state), name)) = missing
            && is_sound
        {
            errors.add(
                case,
                format_args!("state `{state}` does not bind `{name}` in every alternative of `|`"),
            );
        }
        let known = states.clone();
        for state in &more {
            rename(&mut all.bindings, &other.bindings, *state);
        }
        let new = more.into_iter().filter(|state| !known.contains(state));
        states.extend(new);
    }

    /// A state or group by name, with or without bound fields.
    fn named_states(&self, pattern: &Pat, errors: &mut Errors) -> Option<From> {
        let named = named(pattern, errors)?;
        let states = match self.states_named(&plain(named.name)) {
            Some(states) => states,
            None => self.states_like(named.name, errors)?,
        };
        let mut bindings = Vec::new();
        for state in &states {
            let state = &self.states[*state];
            let count = errors.count();
            bindings = self.bindings(&named, ("state", &state.name, &state.fields), errors);
            if errors.count() > count {
                break;
            }
        }
        Some(From {
            bound: None,
            states: Some(states),
            bindings,
        })
    }

    fn states_named(&self, name: &str) -> Option<Vec<usize>> {
        let state = self.states_by_name.get(name).copied();
        let group = || self.groups.iter().find(|(group, _)| group == name);
        state
            .map(|state| vec![state])
            .or_else(|| group().map(|(_, states)| states.clone()))
    }

    /// Reports that there is no such state or group, and gives those that may have been meant.
    fn states_like(&self, name: &Ident, errors: &mut Errors) -> Option<Vec<usize>> {
        let text = plain(name);
        let states: Vec<String> = self.states.iter().map(|state| plain(&state.name)).collect();
        let groups = self.groups.iter().map(|(group, _)| group.as_str());
        let known = states.iter().map(String::as_str).chain(groups);
        let close = closest(&text, known).map(str::to_owned);
        let what = match &self.groups[..] {
            [] => "state",
            _ => "state or group",
        };
        let hint = close.as_ref().map_or_else(String::new, |close| {
            let group = if states.contains(close) { "" } else { "group " };
            format!("; did you mean {group}`{close}`?")
        });
        let machine = self.machine;
        errors.add(
            name,
            format_args!("no {what} `{text}` in `{machine}`{hint}"),
        );
        self.states_named(&close?)
    }

    /// The fields that are bound, of a state or event: `(what, name, fields)`.
    fn bindings(
        &self,
        named: &Named<'_>,
        (what, owner, fields): (&str, &Ident, &Fields),
        errors: &mut Errors,
    ) -> Vec<Binding> {
        let is_bare = named.fields.is_empty() && named.style != Style::Tuple;
        if fields.style == Style::Tuple && named.style != Style::Tuple && !is_bare {
            let message = format!("{what} `{owner}` has fields without names: `{owner}(..)`");
            errors.add(named.name, message);
            return Vec::new();
        }
        if matches!(fields.style, Style::Named | Style::Unit) && named.style == Style::Tuple {
            let message = format!("the fields of {what} `{owner}` have names: `{owner} {{ .. }}`");
            errors.add(named.name, message);
            return Vec::new();
        }
        let mut bindings = Vec::new();
        for (member, pattern) in &named.fields {
            let known = self.field(member, (what, owner, fields), errors);
            match pattern {
                Pat::Wild(_) => {}
                Pat::Ident(name)
                    if name.subpat.is_none()
                        && name.by_ref.is_none()
                        && is_binding(&name.ident) =>
                {
                    if let Some((member, ty)) = known {
                        bindings.push(Binding {
                            field: member,
                            elsewhere: Vec::new(),
                            name: name.ident.clone(),
                            mutable: name.mutability.is_some(),
                            ty,
                        });
                    }
                }
                other => errors.add(
                    other,
                    "only a name can be bound here; put conditions in an `if` guard",
                ),
            }
        }
        bindings
    }

    /// The field that is meant, and its type.
    fn field(
        &self,
        member: &Member,
        (what, owner, fields): (&str, &Ident, &Fields),
        errors: &mut Errors,
    ) -> Option<(Member, syn::Type)> {
        if fields.style == Style::Unknown {
            return Some((member.clone(), syn::parse_quote!(_)));
        }
        if let Some(field) = fields.find(member) {
            return Some((member.clone(), field.ty.clone()));
        }
        let Member::Named(name) = member else {
            let count = fields.list.len();
            errors.add(
                member,
                format_args!("{what} `{owner}` has {count} field{}", plural(count)),
            );
            return None;
        };
        let names = fields.names();
        let names = || names.iter().map(String::as_str);
        let hint = did_you_mean(&plain(name), names());
        errors.add(
            name,
            format_args!("{what} `{owner}` has no field `{name}`{hint}"),
        );
        let close = closest(&plain(name), names())?;
        let is_close =
            |field: &&Field| matches!(&field.member, Member::Named(name) if plain(name) == close);
        let field = fields.list.iter().find(is_close)?;
        Some((field.member.clone(), field.ty.clone()))
    }

    pub(super) fn on(&self, pattern: &Pat, errors: &mut Errors) -> Option<On> {
        let is_every = match pattern {
            Pat::Wild(_) | Pat::Or(_) => true,
            Pat::Ident(name) => is_binding(&name.ident),
            _ => false,
        };
        if is_every {
            errors.add(
                pattern,
                "name the event: a transition may not match every event",
            );
            return None;
        }
        let named = named(pattern, errors)?;
        let text = plain(named.name);
        let position = |text: &str| self.events_by_name.get(text).copied();
        let event = match position(&text) {
            Some(event) => event,
            None => {
                let known: Vec<String> = self.events.iter().map(|e| plain(&e.name)).collect();
                let known = || known.iter().map(String::as_str);
                let (hint, events) = (did_you_mean(&text, known()), &self.events_name);
                let name = named.name;
                errors.add(name, format_args!("no event `{text}` in `{events}`{hint}"));
                position(closest(&text, known())?)?
            }
        };
        let found = &self.events[event];
        let bindings = self.bindings(&named, ("event", &found.name, &found.fields), errors);
        Some(On {
            event,
            name: respanned(&found.name, named.name.span()),
            bindings,
        })
    }
}

/// Whether the name binds, rather than means something declared.
pub(super) fn is_binding(name: &Ident) -> bool {
    plain(name).starts_with(|first: char| first.is_lowercase() || first == '_')
}

/// The name and the sub-patterns of `Name`, `Name { .. }` or `Name(..)`.
fn named<'p>(pattern: &'p Pat, errors: &mut Errors) -> Option<Named<'p>> {
    let by_name = |path: &'p Path| path.segments.last().map(|last| &last.ident);
    let (path, found) = match pattern {
        Pat::Ident(name) if name.subpat.is_none() => (
            None,
            Some(Named {
                name: &name.ident,
                fields: Vec::new(),
                style: Style::Unit,
            }),
        ),
        Pat::Path(found) => (
            Some(&found.path),
            by_name(&found.path).map(|name| Named {
                name,
                fields: Vec::new(),
                style: Style::Unit,
            }),
        ),
        Pat::Struct(found) => (
            Some(&found.path),
            by_name(&found.path).map(|name| Named {
                name,
                fields: found
                    .fields
                    .iter()
                    .map(|field| (field.member.clone(), &*field.pat))
                    .collect(),
                style: Style::Named,
            }),
        ),
        Pat::TupleStruct(found) => (
            Some(&found.path),
            by_name(&found.path).map(|name| Named {
                name,
                fields: found
                    .elems
                    .iter()
                    .take_while(|element| !matches!(element, Pat::Rest(_)))
                    .enumerate()
                    .map(|(i, element)| (Member::Unnamed(i.into()), element))
                    .collect(),
                style: Style::Tuple,
            }),
        ),
        _ => (None, None),
    };
    let is_alone = path.is_none_or(|path| path.get_ident().is_some());
    match &found {
        None => errors.add(
            pattern,
            "write the name alone, with its fields by name: `Placed` or `Placed { total, .. }`",
        ),
        Some(Named { name, .. }) if !is_alone => {
            errors.add(pattern, format_args!("write the name alone: `{name}`"));
        }
        Some(_) => {}
    }
    found
}

/// Notes the fields of `state` that `bindings` mean by names other than its first state has.
fn rename(bindings: &mut [Binding], of_state: &[Binding], state: usize) {
    for binding in bindings {
        let other = of_state.iter().find(|other| other.name == binding.name);
        if let Some(Binding { field, .. }) = other
            && !same(field, &binding.field)
        {
            binding.elsewhere.push((state, field.clone()));
        }
    }
}

/// The same name where it was written.
pub(super) fn respanned(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span);
    name
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
