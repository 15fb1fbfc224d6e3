//! From the arms of `evolve` to the table's lines, every name resolved.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Expr, Pat};

use super::attributes::{self, MachineAttributes};
use super::fields::{Fields, Style};
use super::mentions::mentions;
use super::patterns::On;
use super::split::{self, RawArm};
use super::table::{data_name, function_names};
use super::{Arm, Binding, Event, GateCall, Machine, Pair, State, Target};
use crate::errors::{Errors, did_you_mean};
use crate::names::{self, plain};

/// Reads the arms into the machine: those that name an event, whatever else is wrong with them.
pub(super) fn read(machine: &mut Machine, errors: &mut Errors) {
    if machine.events_item.is_none() {
        machine.events = events_outside(&machine.raw_arms);
    }
    let before = errors.count();
    let count = machine.raw_arms.len();
    let scope = Scope::new(machine);
    scope.check_groups(errors);
    let arms = scope.arms(&machine.raw_arms, errors);
    // What was recovered is in the table, so only what was lost makes it incomplete.
    let is_known = |arm: &Arm| !matches!(arm.target, Target::Unknown(_));
    machine.is_whole =
        errors.count() == before || (arms.len() == count && arms.iter().all(is_known));
    machine.pairs = Pair::all(&arms, machine.states.len());
    machine.functions = function_names(&arms, &machine.states, &machine.events);
    machine.arms = arms;
}

/// The events that the arms name, which are declared outside of the call.
fn events_outside(arms: &[RawArm]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for arm in arms {
        let halves = halves(&arm.pattern).unwrap_or_default();
        let name = halves
            .get(1)
            .and_then(|on| match on.clone().into_iter().next() {
                Some(TokenTree::Ident(name)) => Some(name),
                _ => None,
            });
        if let Some(name) = name
            && !super::patterns::is_binding(&name)
            && !events.iter().any(|event| event.name == name)
        {
            events.push(Event {
                name,
                fields: Fields::unknown(),
            });
        }
    }
    events
}

/// The tokens of the patterns in a pair; `None` if it is not in parentheses.
fn halves(pattern: &TokenStream) -> Option<Vec<TokenStream>> {
    let mut tokens = pattern.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(pair)), None) if pair.delimiter() == Delimiter::Parenthesis => {
            Some(split::at_commas(pair.stream()))
        }
        _ => None,
    }
}

/// What the names in an arm can mean.
pub(super) struct Scope<'m> {
    pub(super) machine: &'m Ident,
    pub(super) events_name: String,
    pub(super) states: &'m [State],
    pub(super) states_by_name: HashMap<String, usize>,
    pub(super) events: &'m [Event],
    pub(super) events_by_name: HashMap<String, usize>,
    /// Each group with its states.
    pub(super) groups: Vec<(String, Vec<usize>)>,
    /// The name of the enum of events, if it is outside the call.
    outside: Option<String>,
    attributes: &'m MachineAttributes,
}

impl<'m> Scope<'m> {
    fn new(machine: &'m Machine) -> Self {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for (i, state) in machine.states.iter().enumerate() {
            for group in state.groups.iter().map(plain) {
                match groups.iter_mut().find(|(known, _)| *known == group) {
                    Some((_, states)) => states.push(i),
                    None => groups.push((group, vec![i])),
                }
            }
        }
        Self {
            machine: &machine.name,
            events_name: names::path_text(&machine.events_path),
            states: &machine.states,
            states_by_name: by_name(machine.states.iter().map(|state| &state.name)),
            events: &machine.events,
            events_by_name: by_name(machine.events.iter().map(|event| &event.name)),
            groups,
            outside: machine.events_item.is_none().then(|| {
                let last = machine.events_path.segments.last();
                last.map(|last| plain(&last.ident)).unwrap_or_default()
            }),
            attributes: &machine.attributes,
        }
    }

    fn check_groups(&self, errors: &mut Errors) {
        for group in self.states.iter().flat_map(|state| &state.groups) {
            if self.states.iter().any(|state| state.name == *group) {
                let message = format!("group `{group}` has the name of a state");
                errors.add(group, message);
            }
        }
    }

    fn arms(&self, arms: &[RawArm], errors: &mut Errors) -> Vec<Arm> {
        let mut settled = HashSet::new();
        let mut found = Vec::new();
        for raw in arms {
            let Some(mut arm) = self.arm(raw, errors) else {
                continue;
            };
            let event = arm.event;
            let all = arm.from.clone();
            arm.from.retain(|state| !settled.contains(&(*state, event)));
            if arm.from.is_empty() && !all.is_empty() {
                if !arm.is_broken {
                    self.report_unreachable(&arm, &all, errors);
                }
                continue;
            }
            if arm.guard.is_none() && !arm.is_broken {
                settled.extend(arm.from.iter().map(|state| (*state, event)));
            }
            found.push(arm);
        }
        found
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

    /// One arm; `None` if it is not known which event it is for.
    fn arm(&self, raw: &RawArm, errors: &mut Errors) -> Option<Arm> {
        let before = errors.count();
        let attributes = attributes::arm(&raw.attributes, self.outside.as_deref(), errors);
        let [from_tokens, on_tokens] = pair(raw, errors)?;
        let pattern =
            |tokens: &TokenStream| Pat::parse_multi_with_leading_vert.parse2(tokens.clone());
        let from = errors
            .take(pattern(&from_tokens))
            .and_then(|pattern| self.from(&pattern, errors));
        let on = errors
            .take(pattern(&on_tokens))
            .and_then(|pattern| self.on(&pattern, errors));
        let guard = raw.guard.clone();
        let guard = guard.and_then(|guard| errors.take(syn::parse2::<Expr>(guard)));
        let body = self.body(raw, errors);
        let target = match body {
            Ok(body) => self.target(raw, body, from.as_ref(), errors),
            Err(()) => Target::Unknown(self.some_state_in(&raw.body)),
        };
        let On {
            event,
            name,
            bindings,
        } = on?;
        let (states, bound, state_bindings) = match from {
            Some(from) => (from.states, from.bound, from.bindings),
            None => (Some(Vec::new()), None, Vec::new()),
        };
        let states = states.unwrap_or_else(|| {
            let stays = matches!(target, Target::Same);
            (0..self.states.len())
                .filter(|state| stays || !self.states[*state].terminal)
                .collect()
        });
        let mut arm = Arm {
            docs: attributes.docs,
            command: attributes.command,
            gates: attributes.gates,
            from_tokens,
            from: states,
            bound,
            state_bindings,
            event,
            event_tokens: name,
            event_bindings: bindings,
            guard,
            target,
            is_broken: false,
        };
        check_names(&arm, errors);
        if errors.count() == before {
            self.check_gate_arguments(&arm, errors);
        }
        // That the fields of an event are not understood has been said by its derive.
        let is_unknown = self.events[arm.event].fields.style == Style::Unknown;
        arm.is_broken = errors.count() > before || (is_unknown && self.outside.is_none());
        Some(arm)
    }

    /// The expression that an arm ends in, if there is one; `Err` if it does not parse.
    fn body(&self, raw: &RawArm, errors: &mut Errors) -> Result<Option<Expr>, ()> {
        if raw.body.is_empty() {
            return Ok(None);
        }
        let body = errors
            .take(syn::parse2::<Expr>(raw.body.clone()))
            .ok_or(())?;
        if raw.runs_on {
            errors.add(&raw.body, "expected `,` behind the target");
        }
        Ok(Some(body))
    }

    fn check_gate_arguments(&self, arm: &Arm, errors: &mut Errors) {
        let bound = |name: &Ident| arm.bindings().any(|binding| binding.name == *name);
        for argument in arm.gates.iter().flat_map(|gate: &GateCall| &gate.arguments) {
            let Some(root) = root(argument) else {
                if !is_literal(argument) {
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

/// Where each name is; of several alike, the first.
fn by_name<'i>(
    names: impl DoubleEndedIterator<Item = &'i Ident> + ExactSizeIterator,
) -> HashMap<String, usize> {
    let names = names.map(plain).enumerate().rev();
    names.map(|(i, name)| (name, i)).collect()
}

/// The two halves of an arm's pattern.
fn pair(raw: &RawArm, errors: &mut Errors) -> Option<[TokenStream; 2]> {
    let message = "a transition starts with a pair: `(State, Event)`";
    let halves = halves(&raw.pattern).and_then(|halves| <[TokenStream; 2]>::try_from(halves).ok());
    if halves.is_none() {
        let at = match raw.pattern.is_empty() {
            true => raw.attributes.to_token_stream(),
            false => raw.pattern.to_token_stream(),
        };
        errors.add(at, message);
    } else if raw.arrow.is_none() {
        errors.add(&raw.pattern, "expected `=>` and the target state");
    }
    halves
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

    /// Whether a gate is given a name that nothing in the arm has.
    pub(super) fn gates_name_others(&self) -> bool {
        let mut arguments = self.gates.iter().flat_map(|gate| &gate.arguments);
        arguments.any(|argument| {
            root(argument).is_some_and(|root| {
                *root != data_name() && !self.bindings().any(|binding| binding.name == *root)
            })
        })
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
        Expr::Group(inner) => root(&inner.expr),
        Expr::Paren(inner) => root(&inner.expr),
        _ => None,
    }
}

/// Whether it is a literal, or the negative of one.
fn is_literal(argument: &Expr) -> bool {
    match argument {
        Expr::Lit(_) => true,
        Expr::Group(inner) => is_literal(&inner.expr),
        Expr::Unary(unary) => {
            matches!(unary.op, syn::UnOp::Neg(_)) && matches!(&*unary.expr, Expr::Lit(_))
        }
        _ => false,
    }
}
