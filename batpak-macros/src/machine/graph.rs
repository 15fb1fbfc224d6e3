//! What is wrong with the table as a whole, once every name in it is known.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{Arm, GateCall, Machine, Pair, State, Target, outcome, wrapper};
use crate::errors::{Errors, did_you_mean};
use crate::names::plain;

/// What can be told of a table that is not whole, and the rest if it is.
pub(super) fn check(machine: &Machine, errors: &mut Errors) {
    let pairs = &machine.pairs;
    terminal(machine, errors);
    commands(machine, errors);
    outcomes(machine, pairs, errors);
    outcome::check_names(machine, errors);
    first_arms(machine, pairs, errors);
    if !machine.is_whole {
        return;
    }
    guards(machine, pairs, errors);
    groups(machine, errors);
    events(machine, errors);
    let before = errors.count();
    reachable(machine, errors);
    if machine.attributes.must_finish.is_some() && errors.count() == before {
        finishing(machine, errors);
    }
}

/// That one state is initial, and only one.
pub(super) fn initial(machine: &Machine, errors: &mut Errors) {
    let mut initial = machine.states.iter().filter(|state| state.initial);
    let Some(first) = initial.next() else {
        let name = &machine.name;
        errors.add(
            name,
            format_args!("no initial state: mark one state of `{name}` with `#[initial]`"),
        );
        return;
    };
    for second in initial {
        let first = &first.name;
        errors.add(
            &second.name,
            format_args!("second initial state: `{first}` is already initial"),
        );
    }
}

fn terminal(machine: &Machine, errors: &mut Errors) {
    for arm in &machine.arms {
        let left = arm
            .from
            .iter()
            .find(|state| machine.states[**state].terminal);
        let Some(left) = left else { continue };
        let leaves = match &arm.target {
            Target::Same | Target::Unknown(_) => false,
            Target::State(target, _) => target != left,
        };
        if leaves {
            let name = &machine.states[*left].name;
            errors.add(
                &arm.from_tokens,
                format_args!(
                    "terminal state `{name}` cannot be left: remove this transition or the `#[terminal]`"
                ),
            );
        }
    }
}

fn guards(machine: &Machine, pairs: &[Pair], errors: &mut Errors) {
    for (i, arm) in machine.arms.iter().enumerate() {
        let Some(guard) = &arm.guard else { continue };
        let mut open = pairs.iter().filter(|pair| pair.arms.last() == Some(&i));
        let Some(pair) = open.next() else { continue };
        let (state, event) = (
            &machine.states[pair.state],
            &machine.events[pair.event].name,
        );
        let others = match open.count() {
            0 => String::new(),
            1 => " (and one more pair)".to_owned(),
            n => format!(" (and {n} more pairs)"),
        };
        let name = &state.name;
        let hint = if state.terminal && is_any(arm) {
            "; a name or `_` leaves terminal states out where the target is another state: put the states that \
             are meant into a group"
        } else {
            ""
        };
        errors.add(
            guard,
            format_args!(
                "({name}, {event}) is not handled when this guard is false{others}: add an arm without `if`{hint}"
            ),
        );
    }
}

/// That every group is meant by some arm; what a misspelled one means is not known.
fn groups(machine: &Machine, errors: &mut Errors) {
    if machine.arms.iter().any(|arm| arm.is_broken) {
        return;
    }
    let mut known: Vec<String> = Vec::new();
    for group in machine.states.iter().flat_map(|state| &state.groups) {
        let text = plain(group);
        let is_meant = machine
            .arms
            .iter()
            .any(|arm| names(&arm.from_tokens, &text));
        if is_meant || known.contains(&text) {
            continue;
        }
        let others = machine.states.iter().flat_map(|state| &state.groups);
        let others: Vec<String> = others.map(plain).filter(|other| *other != text).collect();
        let hint = did_you_mean(&text, others.iter().map(String::as_str));
        errors.add(
            group,
            format_args!("group `{text}` is in no transition{hint}"),
        );
        known.push(text);
    }
}

/// Whether the name stands in the pattern.
fn names(pattern: &TokenStream, name: &str) -> bool {
    pattern.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => plain(&ident) == name,
        TokenTree::Group(group) => names(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Whether the arm is for any state, by a name or `_`.
fn is_any(arm: &Arm) -> bool {
    let first = arm.from_tokens.clone().into_iter().next();
    let is_wild = matches!(first, Some(TokenTree::Ident(name)) if name == "_");
    let is_name = arm.bound.is_some() && arm.from_tokens.clone().into_iter().count() == 1;
    is_wild || is_name
}

fn commands(machine: &Machine, errors: &mut Errors) {
    for (i, state) in machine.states.iter().enumerate() {
        let mut seen: Vec<(String, &Pair)> = Vec::new();
        for pair in machine.pairs_of(i) {
            let Some(command) = &machine.arms[pair.arms[0]].command else {
                continue;
            };
            let text = plain(command);
            let name = &state.name;
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == text) {
                let event = &machine.events[first.event].name;
                errors.add(
                    command,
                    format_args!("command `{text}` is declared twice for `{name}` (first for event `{event}`)"),
                );
            }
            if wrapper::METHODS.contains(&text.as_str()) {
                let wrapper = machine.wrapper();
                errors.add(
                    command,
                    format_args!(
                        "`{text}` would clash with the method `{text}` of every `{wrapper}`"
                    ),
                );
            } else if state.fields.names().contains(&text) {
                errors.add(
                    command,
                    format_args!(
                        "`{text}` would clash with the accessor of field `{text}` of `{name}`"
                    ),
                );
            }
            seen.push((text, pair));
        }
    }
}

/// That no state has the name of the outcome that stands for the state as it was.
fn outcomes(machine: &Machine, pairs: &[Pair], errors: &mut Errors) {
    let is_called = |state: &&State| state.name == outcome::UNCHANGED;
    let Some(state) = machine.states.iter().find(is_called) else {
        return;
    };
    for pair in pairs.iter().filter(|pair| machine.is_guarded(pair)) {
        if let Some(command) = &machine.arms[pair.arms[0]].command
            && outcome::targets(machine, command).1
        {
            let outcome = machine.outcome(command);
            errors.add(
                &state.name,
                format_args!("a state cannot be called `Unchanged` here: `{outcome}` has a variant of that name"),
            );
            return;
        }
    }
}

/// That commands and gates stand where they count: on the first arm of every pair that they are on, except
/// that an arm may repeat those of the first.
fn first_arms(machine: &Machine, pairs: &[Pair], errors: &mut Errors) {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); machine.arms.len()];
    for pair in pairs {
        for later in &pair.arms[1..] {
            before[*later].push(pair.arms[0]);
        }
    }
    for (arm, before) in machine.arms.iter().zip(before) {
        let firsts = || before.iter().map(|first| &machine.arms[*first]);
        let name = &machine.events[arm.event].name;
        let belongs = |what: &str| {
            format!("`#[{what}]` belongs on the first arm for `{name}`, and holds for all its arms")
        };
        if let Some(command) = &arm.command
            && firsts().any(|first| first.command.as_ref() != Some(command))
        {
            errors.add(command, belongs("command"));
        }
        if let Some(gate) = arm.gates.first()
            && firsts().any(|first| !same_gates(first, arm))
        {
            errors.add(&gate.path, belongs("gate"));
        }
    }
}

/// Whether the gates of two arms are the same, asked about the same.
fn same_gates(a: &Arm, b: &Arm) -> bool {
    let written = |arm: &Arm| -> Vec<String> {
        let gates = arm.gates.iter().map(|gate| {
            let GateCall { path, arguments } = gate;
            quote!(#path #(#arguments),*).to_string()
        });
        gates.collect()
    };
    written(a) == written(b)
}

fn reachable(machine: &Machine, errors: &mut Errors) {
    let targets = |state: usize| targets(machine, state);
    let Some(initial) = machine.states.iter().position(|state| state.initial) else {
        return;
    };
    let mut reached = vec![false; machine.states.len()];
    let mut open = vec![initial];
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut reached[state], true) {
            open.extend(targets(state));
        }
    }
    for (i, state) in machine.states.iter().enumerate() {
        let name = &state.name;
        if !reached[i] {
            let initial = &machine.states[initial].name;
            errors.add(
                name,
                format_args!("unreachable state: no transition leads to `{name}` from `{initial}`"),
            );
        } else if !state.terminal && machine.states.len() > 1 && !goes_on(machine, i) {
            errors.add(
                name,
                format_args!(
                    "dead end: nothing leaves state `{name}`; add a transition or mark it `#[terminal]`"
                ),
            );
        }
    }
}

/// Whether anything is different after some event in this state.
fn goes_on(machine: &Machine, state: usize) -> bool {
    let mut arms = machine.pairs_of(state).iter().flat_map(|pair| &pair.arms);
    arms.any(|arm| !matches!(machine.arms[*arm].target, Target::Same))
}

/// The states that the pairs of `state` lead to.
fn targets(machine: &Machine, state: usize) -> impl Iterator<Item = usize> + '_ {
    machine.pairs_of(state).iter().flat_map(move |pair| {
        let arms = pair.arms.iter();
        arms.map(move |arm| machine.arms[*arm].leads_from(state))
    })
}

/// That from every state a terminal one can be reached.
fn finishing(machine: &Machine, errors: &mut Errors) {
    let mut finishing: Vec<bool> = machine.states.iter().map(|state| state.terminal).collect();
    loop {
        let next = (0..finishing.len()).find(|state| {
            !finishing[*state] && targets(machine, *state).any(|target| finishing[target])
        });
        match next {
            Some(state) => finishing[state] = true,
            None => break,
        }
    }
    for (state, _) in machine.states.iter().zip(finishing).filter(|(_, can)| !can) {
        let name = &state.name;
        errors.add(
            name,
            format_args!("no terminal state can be reached from `{name}`"),
        );
    }
}

fn events(machine: &Machine, errors: &mut Errors) {
    for (i, event) in machine.events.iter().enumerate() {
        if !machine.arms.iter().any(|arm| arm.event == i) {
            let name = &event.name;
            errors.add(
                name,
                format_args!(
                    "event `{name}` has no transition: add an arm, or `(state, {name}) => state` to record \
                     it without a change"
                ),
            );
        }
    }
}
