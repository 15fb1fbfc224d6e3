//! The table, as code: one function per arm that makes a state with fields, and one line per arm in each
//! `match` over the pair.

use std::collections::HashSet;

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use super::fields::{Style, chosen};
use super::mentions::mentions;
use super::patterns::respanned;
use super::{Arm, Binding, Event, Machine, State, Target};
use crate::names::{hygienic, plain, snake_case};

/// The name that the shared data has in the user's conditions and gate arguments.
pub(super) fn data_name() -> Ident {
    Ident::new("data", Span::call_site())
}

/// The name that the context has in the user's gate arguments.
pub(super) fn ctx_name() -> Ident {
    Ident::new("ctx", Span::call_site())
}

/// The name of each arm's function, `draft_placed`, unique among them.
pub(super) fn function_names(arms: &[Arm], states: &[State], events: &[Event]) -> Vec<Ident> {
    let mut taken = HashSet::new();
    let name = |arm: &Arm| {
        let from = arm.from_tokens.clone().into_iter();
        let from = from.filter_map(|token| match token {
            TokenTree::Ident(name) => Some(snake_case(&plain(&name))),
            _ => None,
        });
        let from = match from.into_iter().next() {
            Some(from) if arm.bound.is_none() && from != "_" => from,
            _ => "any".to_owned(),
        };
        let event = snake_case(&plain(&events[arm.event].name));
        let mut name = format!("{from}_{event}");
        if taken.contains(&name) {
            let target = match &arm.target {
                Target::Same | Target::Unknown(_) => "same".to_owned(),
                Target::State(target, _) => snake_case(&plain(&states[*target].name)),
            };
            name = format!("{name}_to_{target}");
        }
        let base = name.clone();
        let mut n = 2;
        while !take(&name, &mut taken) {
            name = format!("{base}_{n}");
            n += 1;
        }
        Ident::new(&name, arm.event_tokens.span())
    };
    arms.iter().map(name).collect()
}

/// Takes the name and that of the gates, unless another function has one of them.
fn take(name: &str, taken: &mut HashSet<String>) -> bool {
    let gates = format!("{name}_gates");
    let is_free = !taken.contains(name) && !taken.contains(&gates);
    if is_free {
        taken.extend([name.to_owned(), gates]);
    }
    is_free
}

/// The name of the function that asks an arm's gates.
pub(super) fn gates_name(function: &Ident) -> Ident {
    format_ident!("{function}_gates", span = function.span())
}

/// The pattern of what an arm binds of a state's fields: ` { lines, total: amount, .. }`.
pub(super) fn state_fields(
    machine: &Machine,
    arm: &Arm,
    bindings: &[&Binding],
    state: usize,
) -> Option<TokenStream> {
    let bound = chosen(&arm.state_bindings, bindings);
    let fields = bound.map(|binding| (binding.field_of(state), &binding.name));
    machine.states[state].fields.pattern(fields)
}

/// The bindings that an arm's condition or its target needs, and those that nothing does, so that the
/// compiler says so.
fn needed(arm: &Arm) -> Vec<&Binding> {
    let body = match &arm.target {
        Target::Same | Target::Unknown(_) => None,
        Target::State(_, body) => Some(body),
    };
    let expressions: Vec<&Expr> = arm.guard.iter().chain(body).collect();
    let all: Vec<&Expr> = expressions
        .iter()
        .copied()
        .chain(gate_arguments(arm))
        .collect();
    let (needed, used) = (arm.bindings_in(&expressions), arm.bindings_in(&all));
    let is_in = |bindings: &[&Binding], own: &Binding| {
        bindings.iter().any(|binding| std::ptr::eq(*binding, own))
    };
    arm.bindings()
        .filter(|own| is_in(&needed, own) || !is_in(&used, own))
        .collect()
}

/// The arguments of an arm's function: what its target needs.
pub(super) fn function_arguments(arm: &Arm) -> Vec<&Binding> {
    match &arm.target {
        Target::Same | Target::Unknown(_) => Vec::new(),
        Target::State(_, body) => arm.bindings_in(&[body]),
    }
}

/// The states of an arm as a pattern of the enum.
pub(super) fn state_pattern(machine: &Machine, arm: &Arm, bindings: &[&Binding]) -> TokenStream {
    let states = arm.from.iter().map(|state| {
        let fields = state_fields(machine, arm, bindings, *state);
        let state = &machine.states[*state].name;
        quote!(Self::#state #fields)
    });
    quote!(#(#states)|*)
}

/// An event as a pattern.
pub(super) fn event_pattern(machine: &Machine, arm: &Arm, bindings: &[&Binding]) -> TokenStream {
    let (events, event) = (&machine.events_path, &arm.event_tokens);
    let bound = chosen(&arm.event_bindings, bindings);
    let fields = machine.events[arm.event]
        .fields
        .pattern(bound.map(|binding| (&binding.field, &binding.name)));
    quote!(#events::#event #fields)
}

/// The arms whose code is emitted, by index, each with the name of its function.
fn sound(machine: &Machine) -> impl Iterator<Item = (usize, (&Arm, &Ident))> {
    let arms = machine.arms.iter().zip(&machine.functions).enumerate();
    arms.filter(|(_, (arm, _))| !arm.is_broken && !arm.from.is_empty())
}

/// The state that an arm ends in if it has no fields, so that there is nothing to make.
pub(super) fn bare_target<'m>(machine: &'m Machine, arm: &Arm) -> Option<&'m State> {
    let Target::State(target, Expr::Path(_)) = &arm.target else {
        return None;
    };
    Some(&machine.states[*target]).filter(|state| state.fields.style == Style::Unit)
}

/// One function per arm that makes a state with fields, and one per arm that has gates.
///
/// Without the types of the events' fields there are none: a line of the table then has its code in it.
pub(super) fn functions(machine: &Machine) -> TokenStream {
    if machine.is_fold_only() {
        return TokenStream::new();
    }
    let functions = sound(machine).map(|(_, (arm, name))| {
        let transition = match &arm.target {
            Target::Same | Target::Unknown(_) => None,
            Target::State(..) if bare_target(machine, arm).is_some() => None,
            Target::State(target, body) => {
                let target = &machine.states[*target].structure;
                let arguments = function_arguments(arm);
                let arguments = arguments.iter().map(|binding| {
                    let (name, ty) = (&binding.name, &binding.ty);
                    let mutable = binding.mutable.then(|| quote!(mut));
                    quote!(#mutable #name: #ty)
                });
                let body = match body {
                    Expr::Block(block) => quote!(#block),
                    other => quote!({ #other }),
                };
                Some(quote!(fn #name(#(#arguments),*) -> #target #body))
            }
        };
        let gates = (!arm.gates.is_empty()).then(|| gates_function(machine, arm, name));
        quote!(#transition #gates)
    });
    quote!(#(#functions)*)
}

/// The arguments of the gates of an arm.
fn gate_arguments(arm: &Arm) -> Vec<&Expr> {
    let arguments = arm.gates.iter().flat_map(|gate| &gate.arguments);
    arguments.collect()
}

fn gates_function(machine: &Machine, arm: &Arm, function: &Ident) -> TokenStream {
    let krate = &machine.krate;
    let name = gates_name(function);
    let all = gate_arguments(arm);
    let bound = arm.bindings_in(&all);
    let parameters = bound
        .iter()
        .map(|Binding { name, ty, .. }| quote!(#name: &#ty,));
    let (data, ctx) = (data_name(), ctx_name());
    let (data_type, ctx_type) = (machine.data(), machine.context());
    let data = gate_reads(arm, &data).then(|| quote!(#data: &#data_type,));
    let ctx = gate_reads(arm, &ctx).then(|| quote!(#ctx: &#ctx_type,));
    let asked = ask(arm, krate);
    quote! {
        #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]
        fn #name(#(#parameters)* #data #ctx) -> ::core::result::Result<(), #krate::Denial> {
            #asked
            ::core::result::Result::Ok(())
        }
    }
}

/// Asks the gates of an arm, one after the other.
fn ask(arm: &Arm, krate: &syn::Path) -> TokenStream {
    let calls = arm.gates.iter().map(|gate| {
        let path = &gate.path;
        let arguments = gate.arguments.iter().map(|argument| match argument {
            Expr::Path(_) => quote!(#argument),
            path_or_literal => quote!(&#path_or_literal),
        });
        // Spanned, the call with its parentheses, so that a decision of another type is said of this gate.
        let decide = quote_spanned!(path.span()=> #krate::expansion::Decision::decide);
        let call = quote_spanned!(path.span()=> #path(#(#arguments),*));
        quote!(#decide(#call, #path::CODE, #path::MESSAGE)?;)
    });
    quote!(#(#calls)*)
}

/// Whether a gate of the arm is given `name`, which is not bound by the arm itself.
pub(super) fn gate_reads(arm: &Arm, name: &Ident) -> bool {
    let mut arguments = gate_arguments(arm).into_iter();
    arguments.any(|argument| mentions(argument, name))
        && !arm.bindings().any(|binding| binding.name == *name)
}

/// The call of an arm's gates, its bindings given by `binding`.
pub(super) fn gates_call(
    arm: &Arm,
    function: &Ident,
    binding: impl Fn(&Binding) -> TokenStream,
    (data, ctx): (&TokenStream, &Ident),
) -> TokenStream {
    let name = gates_name(function);
    let bound = arm
        .bindings_in(&gate_arguments(arm))
        .into_iter()
        .map(binding);
    let data = gate_reads(arm, &data_name()).then(|| quote!(#data,));
    let ctx = gate_reads(arm, &ctx_name()).then(|| quote!(#ctx,));
    quote!(#name(#(#bound,)* #data #ctx))
}

/// What makes the state that an arm leads to, where it has no function of its own.
fn in_place(arm: &Arm, body: &Expr) -> TokenStream {
    let arguments = function_arguments(arm);
    let mutable = arguments.iter().filter(|binding| binding.mutable);
    let mutable: Vec<&Ident> = mutable.map(|binding| &binding.name).collect();
    match &mutable[..] {
        [] => quote!(#body),
        names => quote!({ #(let mut #names = #names;)* #body }),
    }
}

/// The fold: the state after an event.
pub(super) fn evolve(machine: &Machine) -> TokenStream {
    let Machine {
        visibility,
        krate,
        events_path: events,
        evolve_docs,
        ..
    } = machine;
    let [state, event] = ["state", "event"].map(hygienic);
    let lines = sound(machine).map(|(_, (arm, function))| {
        let needed = needed(arm);
        let from = state_pattern(machine, arm, &needed);
        let on = event_pattern(machine, arm, &needed);
        let guard = arm.guard.as_ref().map(|guard| quote!(if #guard));
        let made = match &arm.target {
            Target::Same | Target::Unknown(_) => {
                return quote!((#state @ (#from), #on) #guard => #state,);
            }
            Target::State(_, body) if let Some(target) = bare_target(machine, arm) => {
                let target = respanned(&target.name, body.span());
                return quote!((#from, #on) #guard => Self::#target,);
            }
            Target::State(_, body) if machine.is_fold_only() => in_place(arm, body),
            Target::State(..) => {
                let arguments = function_arguments(arm);
                let arguments = arguments.iter().map(|binding| &binding.name);
                quote!(Self::#function(#(#arguments),*))
            }
        };
        quote!((#from, #on) #guard => #krate::State::into_any(#made),)
    });
    let data = machine.attributes.data.as_ref().map(|ty| {
        let data = data_name();
        quote!(#[allow(unused_variables)] #data: &#ty,)
    });
    let data_doc = data
        .is_some()
        .then(|| quote!(#[doc = " `data` is what all states share, as it was before the event."]));
    let lines: Vec<TokenStream> = lines.collect();
    // Without a line, only the refusal is left of the `match`.
    let empty = lines.is_empty().then(|| quote!(, unreachable_code));
    let own_docs = (!evolve_docs.is_empty()).then(|| quote!(#(#evolve_docs)* #[doc = ""]));
    quote! {
        #own_docs
        /// The state after `event`, by the table alone: no gate is asked.
        #data_doc
        ///
        /// # Errors
        /// If the table has no line for this state and event.
        #[allow(unreachable_patterns #empty)]
        #visibility fn evolve(
            self,
            #data
            #event: #events,
        ) -> ::core::result::Result<Self, #krate::Illegal> {
            ::core::result::Result::Ok(match (self, #event) {
                #(#lines)*
                (#state, #event) => return ::core::result::Result::Err(#krate::Illegal::new(
                    #state.name(),
                    #krate::EventPayload::name(&#event),
                    #krate::EventPayload::kind(&#event),
                )),
            })
        }
    }
}

/// Whether an event may happen: the same lines without conditions, each with its gates.
pub(super) fn admit(machine: &Machine) -> TokenStream {
    let (krate, events) = (&machine.krate, &machine.events_path);
    let (data_type, ctx_type) = (machine.data(), machine.context());
    let [data, event, ctx] = ["data", "event", "ctx"].map(hygienic);
    // Of the arms of one pair, the first has the gates.
    let is_first: HashSet<usize> = machine.pairs.iter().map(|pair| pair.arms[0]).collect();
    let first = |(i, _): &(usize, _)| is_first.contains(i);
    let lines = sound(machine).filter(first).map(|(_, (arm, function))| {
        let bound = arm.bindings_in(&gate_arguments(arm));
        let from = state_pattern(machine, arm, &bound);
        let on = event_pattern(machine, arm, &bound);
        if arm.gates.is_empty() {
            return quote!((#from, #on) => {});
        }
        if machine.is_fold_only() {
            let asked = ask(arm, krate);
            let names = [(data_name(), &data), (ctx_name(), &ctx)];
            let names = names.iter().filter(|(name, _)| gate_reads(arm, name));
            let names = names.map(|(name, value)| quote!(let #name = #value;));
            return quote!((#from, #on) => { #(#names)* #asked });
        }
        let by_name = |binding: &Binding| {
            let name = &binding.name;
            quote!(#name)
        };
        let call = gates_call(arm, function, by_name, (&quote!(#data), &ctx));
        quote!((#from, #on) => Self::#call?,)
    });
    let lines: Vec<TokenStream> = lines.collect();
    let empty = lines.is_empty().then(|| quote!(, unreachable_code));
    quote! {
        #[allow(unreachable_patterns, unused_variables #empty)]
        fn admit(
            &self,
            #data: &#data_type,
            #event: &#events,
            #ctx: &#ctx_type,
        ) -> ::core::result::Result<(), #krate::Refused> {
            match (self, #event) {
                #(#lines)*
                _ => return ::core::result::Result::Err(#krate::Refused::Illegal(
                    #krate::Illegal::new(
                        self.name(),
                        #krate::EventPayload::name(#event),
                        #krate::EventPayload::kind(#event),
                    ),
                )),
            }
            ::core::result::Result::Ok(())
        }
    }
}

/// Which events have a condition that looks at the shared data; nothing if none has.
pub(super) fn reads_data(machine: &Machine) -> Option<TokenStream> {
    let events = &machine.events_path;
    let mut reading: Vec<&Ident> = machine
        .arms
        .iter()
        .filter(|arm| machine.attributes.data.is_some() && arm.guard_reads_data())
        .map(|arm| &machine.events[arm.event].name)
        .collect();
    reading.dedup();
    let event = hygienic("event");
    (!reading.is_empty()).then(|| {
        quote! {
            fn reads_data(#event: &#events) -> ::core::primitive::bool {
                ::core::matches!(#event, #(#events::#reading { .. })|*)
            }
        }
    })
}

/// The lines of `TRANSITIONS`, by state.
pub(super) fn transitions(machine: &Machine) -> TokenStream {
    let (krate, events) = (&machine.krate, &machine.events_path);
    let (lines, gates) = lines(machine);
    quote! {
        &#krate::Transition::table(
            <#events as #krate::EventPayload>::TABLE,
            [#(#lines),*],
            &[#(#gates),*],
        )
    }
}

/// Each line of the table, by the state that it leaves, and the gates of all lines, one after the other.
fn lines(machine: &Machine) -> (Vec<TokenStream>, Vec<String>) {
    let (krate, events) = (&machine.krate, &machine.events_path);
    let (mut lines, mut all_gates) = (Vec::new(), Vec::new());
    for pair in &machine.pairs {
        let first = &machine.arms[pair.arms[0]];
        let from = plain(&machine.states[pair.state].name);
        let event = if machine.is_fold_only() {
            let event = plain(&machine.events[pair.event].name);
            let table = quote!(<#events as #krate::EventPayload>::TABLE);
            quote!(#krate::KindEntry::position(#table, #event))
        } else {
            Literal::usize_unsuffixed(pair.event).into_token_stream()
        };
        let command = first.command.as_ref().map(plain).unwrap_or_default();
        for arm in &pair.arms {
            let arm = &machine.arms[*arm];
            let to = plain(&machine.states[arm.leads_from(pair.state)].name);
            let guarded = arm.guard.is_some();
            let before = all_gates.len();
            all_gates.extend(first.gate_names());
            let asked = Literal::usize_unsuffixed(all_gates.len() - before);
            lines.push(quote!((#from, #event, #to, #guarded, #command, #asked)));
        }
    }
    (lines, all_gates)
}

impl Arm {
    /// The names of the gates, in the order in which they are asked.
    pub(super) fn gate_names(&self) -> impl Iterator<Item = String> {
        let last = self
            .gates
            .iter()
            .filter_map(|gate| gate.path.segments.last());
        last.map(|segment| plain(&segment.ident))
    }

    /// The state that the arm leads to from `state`.
    pub(super) fn leads_from(&self, state: usize) -> usize {
        match &self.target {
            Target::Same => state,
            Target::Unknown(guess) => guess.unwrap_or(state),
            Target::State(target, _) => *target,
        }
    }
}
