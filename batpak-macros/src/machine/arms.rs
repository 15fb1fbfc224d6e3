//! From the arms of `evolve` to the table's lines, every name resolved.

use std::collections::{HashMap, HashSet};

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ExprMatch, Pat};

use super::attributes::{self, MachineAttributes};
use super::mentions::mentions;
use super::patterns::pair;
use super::table::data_name;
use super::{Arm, Binding, Event, GateCall, State, Target};
use crate::errors::{Errors, did_you_mean};
use crate::names::plain;

/// What the names in an arm can mean.
pub(super) struct Scope<'m> {
    pub(super) machine: &'m Ident,
    pub(super) events_name: &'m Ident,
    pub(super) states: &'m [State],
    pub(super) events: &'m [Event],
    pub(super) groups: HashMap<String, Vec<usize>>,
    attributes: &'m MachineAttributes,
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
        let target = self.target(&arm.body, from.as_ref(), errors);
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
        check_names(&arm, errors);
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
            if arm.bound.as_ref() == Some(root) {
                errors.push(only_the_target(root));
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
}

impl Arm {
    /// The bindings of both halves of the pattern.
    pub(super) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.state_bindings.iter().chain(&self.event_bindings)
    }

    /// Those that the expressions mention.
    pub(super) fn bindings_in(&self, expressions: &[&Expr]) -> Vec<&Binding> {
        let mentioned = |name: &Ident| expressions.iter().any(|e| mentions(e, name));
        self.bindings()
            .filter(|binding| mentioned(&binding.name))
            .collect()
    }

    /// Whether the condition looks at the shared data.
    pub(super) fn guard_reads_data(&self) -> bool {
        let data = data_name();
        self.guard
            .as_ref()
            .is_some_and(|guard| mentions(guard, &data))
    }
}

/// That no name means two things, and the state as a whole is not taken apart.
fn check_names(arm: &Arm, errors: &mut Errors) {
    for Binding { name, .. } in &arm.event_bindings {
        if arm.state_bindings.iter().any(|other| other.name == *name) {
            errors.add(
                name,
                format_args!("`{name}` is bound twice; give one of the two another name, such as `{name}: new_{}`", plain(name)),
            );
        }
    }
    if let (Some(bound), Some(guard)) = (&arm.bound, &arm.guard)
        && mentions(guard, bound)
    {
        errors.push(only_the_target(bound));
    }
}

/// That `name`, which is bound to a state as a whole, is used for something else.
pub(super) fn only_the_target(name: &Ident) -> syn::Error {
    syn::Error::new(
        name.span(),
        format_args!("`{name}` may only be the target itself; bind the fields that you need"),
    )
}

/// The name that an argument is, or is a path into.
fn root(argument: &Expr) -> Option<&Ident> {
    match argument {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => root(&field.base),
        _ => None,
    }
}
