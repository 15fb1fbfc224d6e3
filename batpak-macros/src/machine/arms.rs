//! From the arms of `evolve` to the table's lines, every name resolved.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, ExprMatch, FieldPat, Member, Pat, Stmt};

use super::attributes::{self, MachineAttributes};
use super::{Arm, Binding, Event, Field, GateCall, State, Target};
use crate::errors::{Errors, did_you_mean};
use crate::names::plain;

/// What the names in an arm can mean.
pub(super) struct Scope<'m> {
    machine: &'m Ident,
    events_name: &'m Ident,
    states: &'m [State],
    events: &'m [Event],
    groups: HashMap<String, Vec<usize>>,
    attributes: &'m MachineAttributes,
}

/// The first half of an arm's pattern.
struct From {
    /// A name for the state as a whole.
    bound: Option<Ident>,
    /// The states, or `None` for any.
    states: Option<Vec<usize>>,
    bindings: Vec<Binding>,
}

impl<'m> Scope<'m> {
    pub(super) fn new(
        machine: &'m Ident,
        events_name: &'m Ident,
        states: &'m [State],
        events: &'m [Event],
        attributes: &'m MachineAttributes,
    ) -> Self {
        let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, state) in states.iter().enumerate() {
            for group in &state.groups {
                groups.entry(plain(group)).or_default().push(i);
            }
        }
        Self {
            machine,
            events_name,
            states,
            events,
            groups,
            attributes,
        }
    }

    /// The arms, without those that could not be understood.
    pub(super) fn arms(&self, found: &ExprMatch, errors: &mut Errors) -> Vec<Arm> {
        self.check_groups(errors);
        let mut settled = HashSet::new();
        found
            .arms
            .iter()
            .filter_map(|arm| {
                let mut arm = self.arm(arm, errors)?;
                let event = arm.event;
                let all = arm.from.clone();
                arm.from.retain(|state| !settled.contains(&(*state, event)));
                if arm.from.is_empty() {
                    self.report_unreachable(&arm, &all, errors);
                    return None;
                }
                if arm.guard.is_none() {
                    settled.extend(arm.from.iter().map(|state| (*state, event)));
                }
                Some(arm)
            })
            .collect()
    }

    fn report_unreachable(&self, arm: &Arm, all: &[usize], errors: &mut Errors) {
        let Some(first) = all.first() else { return };
        let (state, event) = (&self.states[*first].name, &self.events[arm.event].name);
        errors.add(
            &arm.from_tokens,
            format_args!(
                "unreachable transition: every pair of this arm, such as ({state}, {event}), is already \
                 handled by earlier arms without `if`"
            ),
        );
    }

    fn check_groups(&self, errors: &mut Errors) {
        for group in self.states.iter().flat_map(|state| &state.groups) {
            if self.states.iter().any(|state| state.name == *group) {
                errors.add(
                    group,
                    format_args!("group `{group}` has the name of a state"),
                );
            }
        }
    }

    fn arm(&self, arm: &syn::Arm, errors: &mut Errors) -> Option<Arm> {
        let attributes = attributes::arm(&arm.attrs, errors);
        let (pattern, guard) = match &arm.pat {
            Pat::Guard(guarded) => (&*guarded.pat, Some(&*guarded.guard)),
            pattern => (pattern, None),
        };
        let Some([from_pattern, on]) = pair(pattern) else {
            errors.add(pattern, "a transition starts with a pair: `(State, Event)`");
            return None;
        };
        let from = self.from(from_pattern, errors);
        let on = self.event(on, errors);
        let bound = from.as_ref().and_then(|from| from.bound.as_ref());
        let target = self.target(&arm.body, bound, errors);
        let (from, (event, event_tokens, event_bindings), target) = (from?, on?, target?);
        let states = from.states.unwrap_or_else(|| {
            let stays = matches!(target, Target::Same);
            (0..self.states.len())
                .filter(|state| stays || !self.states[*state].terminal)
                .collect()
        });
        let arm = Arm {
            docs: attributes.docs,
            command: attributes.command,
            gates: attributes.gates,
            from_tokens: from_pattern.to_token_stream(),
            from: states,
            bound: from.bound,
            state_bindings: from.bindings,
            event,
            event_tokens,
            event_bindings,
            guard: guard.cloned(),
            target,
        };
        self.check_gate_arguments(&arm, errors);
        Some(arm)
    }

    fn check_gate_arguments(&self, arm: &Arm, errors: &mut Errors) {
        let bound = |name: &Ident| arm.bindings().any(|binding| binding.name == *name);
        for argument in arm.gates.iter().flat_map(|gate: &GateCall| &gate.arguments) {
            let Some(root) = root(argument) else {
                if !matches!(argument, Expr::Lit(_)) {
                    errors.add(
                        argument,
                        "a gate's argument is a bound name, `data`, `ctx`, a path into one of them, or a literal",
                    );
                }
                continue;
            };
            if bound(root) {
                continue;
            }
            let (what, key) = match root.to_string().as_str() {
                "ctx" => (self.attributes.context.is_some(), "context"),
                "data" => (self.attributes.data.is_some(), "data"),
                _ => {
                    let names = arm.bindings().map(|binding| binding.name.to_string());
                    let names: Vec<String> = names.collect();
                    let hint = did_you_mean(&root.to_string(), names.iter().map(String::as_str));
                    errors.add(root, format_args!("this arm binds no `{root}`{hint}"));
                    continue;
                }
            };
            if !what {
                errors.add(
                    root,
                    format_args!("`{root}` needs `#[machine({key} = Type)]`"),
                );
            }
        }
    }

    fn from(&self, pattern: &Pat, errors: &mut Errors) -> Option<From> {
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

    fn event(&self, pattern: &Pat, errors: &mut Errors) -> Option<(usize, Ident, Vec<Binding>)> {
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

    fn target(&self, body: &Expr, bound: Option<&Ident>, errors: &mut Errors) -> Option<Target> {
        let end = tail(body);
        let name = match end {
            Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
            Expr::Struct(made) => made.path.get_ident(),
            _ => None,
        };
        let Some(name) = name else {
            errors.add(
                end,
                "a transition must end in a state, such as `Placed { total }`, so that the target is \
                 known at compile time",
            );
            return None;
        };
        if is_binding(name) {
            if bound == Some(name) && std::ptr::eq(end, body) {
                return Some(Target::Same);
            }
            errors.add(
                name,
                format_args!("`{name}` is not the name of the state; end in a state, or in the name bound to it"),
            );
            return None;
        }
        if let Some(bound) = bound {
            errors.add(
                bound,
                format_args!(
                    "`{bound}` may only be the target itself; bind the fields that you need"
                ),
            );
            return None;
        }
        let text = plain(name);
        let Some(state) = self
            .states
            .iter()
            .position(|state| plain(&state.name) == text)
        else {
            let known: Vec<String> = self.states.iter().map(|state| plain(&state.name)).collect();
            let hint = did_you_mean(&text, known.iter().map(String::as_str));
            let machine = self.machine;
            errors.add(name, format_args!("no state `{text}` in `{machine}`{hint}"));
            return None;
        };
        if let Expr::Struct(made) = end {
            self.check_constructor(made, state, errors);
        }
        Some(Target::State(state, body.clone()))
    }

    fn check_constructor(&self, made: &syn::ExprStruct, state: usize, errors: &mut Errors) {
        let state = &self.states[state];
        let names: Vec<String> = state
            .fields
            .iter()
            .map(|field| plain(&field.name))
            .collect();
        for field in &made.fields {
            if let Member::Named(field) = &field.member
                && !names.contains(&plain(field))
            {
                let hint = did_you_mean(&plain(field), names.iter().map(String::as_str));
                let state = &state.name;
                errors.add(
                    field,
                    format_args!("state `{state}` has no field `{field}`{hint}"),
                );
            }
        }
    }
}

impl Arm {
    /// The bindings of both halves of the pattern.
    pub(super) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.state_bindings.iter().chain(&self.event_bindings)
    }

    /// Those that `tokens` mention.
    pub(super) fn bindings_in(&self, tokens: &TokenStream) -> Vec<&Binding> {
        self.bindings()
            .filter(|binding| mentions(tokens.clone(), &binding.name))
            .collect()
    }

    /// Whether the condition looks at the shared data.
    pub(super) fn guard_reads_data(&self) -> bool {
        let data = Ident::new("data", proc_macro2::Span::call_site());
        self.guard
            .as_ref()
            .is_some_and(|guard| mentions(quote!(#guard), &data))
    }
}

/// Whether `name` stands among the tokens, or in the braces of a format string among them.
pub(super) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Literal(literal) => literal.to_string().contains(&format!("{{{name}")),
        TokenTree::Punct(_) => false,
    })
}

/// The name that an argument is, or is a path into.
fn root(argument: &Expr) -> Option<&Ident> {
    match argument {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => root(&field.base),
        _ => None,
    }
}

fn is_binding(name: &Ident) -> bool {
    plain(name).starts_with(|first: char| first.is_lowercase() || first == '_')
}

fn pair(pattern: &Pat) -> Option<[&Pat; 2]> {
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

/// The expression that the value of `body` comes from.
fn tail(body: &Expr) -> &Expr {
    match body {
        Expr::Block(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(end, None)) => tail(end),
            _ => body,
        },
        _ => body,
    }
}
