//! The commands: methods of a state that ask the gates and give a step.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::table::{self, ctx_name, data_name};
use super::{Arm, Binding, Machine, Pair, Target};
use crate::names::{hygienic, plain};

pub(super) fn expand(machine: &Machine) -> TokenStream {
    let pairs = machine.pairs();
    let functions = table::function_names(machine);
    let outcomes = outcomes(machine, &pairs);
    let commands = machine.states.iter().enumerate().filter_map(|(i, state)| {
        let commands: Vec<TokenStream> = pairs
            .iter()
            .filter(|pair| pair.state == i)
            .filter_map(|pair| {
                let command = machine.arms[pair.arms[0]].command.as_ref()?;
                Some(method(machine, pair, command, &functions))
            })
            .collect();
        let (wrapper, state) = (machine.wrapper(), &state.name);
        (!commands.is_empty()).then(|| {
            quote! {
                #[automatically_derived]
                #[allow(dead_code, clippy::too_many_arguments)]
                impl #wrapper<#state> {
                    #(#commands)*
                }
            }
        })
    });
    quote! {
        #(#outcomes)*
        #(#commands)*
    }
}

/// Whether where the command leads from this pair is known only when it is asked.
fn is_guarded(machine: &Machine, pair: &Pair) -> bool {
    pair.arms
        .iter()
        .any(|arm| machine.arms[*arm].guard.is_some())
}

/// The method of a command: it asks the gates, makes the event, and computes where it leads.
fn method(machine: &Machine, pair: &Pair, command: &Ident, functions: &[Ident]) -> TokenStream {
    let Machine {
        visibility, krate, ..
    } = machine;
    let events = &machine.events_item.ident;
    let event = &machine.events[pair.event];
    let first = &machine.arms[pair.arms[0]];
    let (event_name, fields) = (&event.name, event.fields.iter().map(|field| &field.name));
    let [within, recorded, built, to] = ["within", "recorded", "event", "to"].map(hygienic);
    let [cursor, state, before] = ["cursor", "state", "before"].map(hygienic);
    let parameters = event.fields.iter().map(|field| {
        let (name, ty) = (&field.name, &field.ty);
        quote!(#name: #ty,)
    });
    let context = table::gate_reads(first, &ctx_name()).then(|| {
        let (ctx, ty) = (hygienic("ctx"), machine.context());
        quote!(#ctx: &#ty,)
    });
    let denial = if first.gates.is_empty() {
        quote!(::core::convert::Infallible)
    } else {
        quote!(#krate::Denial)
    };
    let gates = gates(machine, pair, &functions[pair.arms[0]]);
    let (data, data_after) = data(machine, pair);
    let lines = pair.arms.iter().map(|arm| {
        let arm = (&machine.arms[*arm], &functions[*arm]);
        line(machine, pair, arm, command, &data_after)
    });
    let target = target(machine, pair, command);
    let docs = docs(machine, pair, first);
    quote! {
        #docs
        #[allow(unreachable_patterns, unused_variables)]
        #visibility fn #command(
            self,
            #(#parameters)*
            #context
        ) -> ::core::result::Result<#krate::Step<Self, #target>, #krate::Denied<Self, #denial>> {
            let #within = #krate::expansion::Instance::within(&self);
            #gates
            let #built = #events::#event_name { #(#fields),* };
            let #recorded = #krate::NewEvent::of(#within.cursor.coordinate(), &#built);
            let #krate::expansion::In { cursor: #cursor, state: #state, data: #before } =
                ::core::clone::Clone::clone(#within);
            #data
            let #to = match (#state, #built) {
                #(#lines)*
                _ => ::core::unreachable!(),
            };
            ::core::result::Result::Ok(#krate::Step::new(self, #recorded, #to))
        }
    }
}

/// The shared data as the conditions see it and as it is after the event, and the name of the latter.
fn data(machine: &Machine, pair: &Pair) -> (TokenStream, Ident) {
    let (krate, name) = (&machine.krate, &machine.name);
    let [built, before, after] = ["event", "before", "after"].map(hygienic);
    if machine.attributes.data.is_none() {
        return (TokenStream::new(), before);
    }
    let mut arms = pair.arms.iter().map(|arm| &machine.arms[*arm]);
    let seen = arms.any(super::Arm::guard_reads_data).then(|| {
        let data = data_name();
        quote!(let #data = &#before;)
    });
    let lines = quote! {
        #seen
        let #after = #krate::expansion::data_after::<#name>(&#before, &#built);
    };
    (lines, after)
}

/// Asks the gates, before the event is made; nothing if there are none.
fn gates(machine: &Machine, pair: &Pair, function: &Ident) -> Option<TokenStream> {
    let (krate, name) = (&machine.krate, &machine.name);
    let arm = &machine.arms[pair.arms[0]];
    let [within, ctx, denial] = ["within", "ctx", "denial"].map(hygienic);
    let binding = |binding: &Binding| {
        let field = binding.field_of(pair.state);
        let mut of_state = arm.state_bindings.iter();
        if of_state.any(|own| std::ptr::eq(own, binding)) {
            quote!(&#within.state.#field)
        } else {
            quote!(&#field)
        }
    };
    (!arm.gates.is_empty()).then(|| {
        let call = table::gates_call(arm, function, binding, (&quote!(&#within.data), &ctx));
        quote! {
            if let ::core::result::Result::Err(#denial) = #name::#call {
                return ::core::result::Result::Err(#krate::Denied::new(self, #denial));
            }
        }
    })
}

/// One arm as a line of the command's `match`.
fn line(
    machine: &Machine,
    pair: &Pair,
    (arm, function): (&Arm, &Ident),
    command: &Ident,
    data: &Ident,
) -> TokenStream {
    let (krate, name) = (&machine.krate, &machine.name);
    let [same, cursor] = ["state", "cursor"].map(hygienic);
    let arguments = table::function_arguments(arm);
    let guard: Vec<_> = arm.guard.iter().collect();
    let mut needed = arm.bindings_in(&guard);
    needed.extend(&arguments);
    let on = table::event_pattern(machine, arm, &needed);
    let (from, made) = match &arm.target {
        Target::Same => (quote!(#same), quote!(#same)),
        Target::State(..) => {
            let state = &machine.states[pair.state].name;
            let fields = table::state_fields(arm, &needed, pair.state);
            let arguments = arguments.iter().map(|binding| &binding.name);
            (
                quote!(#state { #fields .. }),
                quote!(#name::#function(#(#arguments),*)),
            )
        }
    };
    let guard = arm.guard.as_ref().map(|guard| quote!(if #guard));
    let made = quote!(#krate::expansion::Instance::new(#krate::expansion::In {
        cursor: #cursor,
        state: #made,
        data: #data,
    }));
    let made = if is_guarded(machine, pair) {
        let outcome = machine.outcome(command);
        let variant = outcome_variant(machine, arm);
        quote!(#outcome::#variant(#made))
    } else {
        made
    };
    quote!((#from, #on) #guard => #made,)
}

fn outcome_variant(machine: &Machine, arm: &Arm) -> Ident {
    match &arm.target {
        Target::Same => Ident::new("Unchanged", Span::call_site()),
        Target::State(target, _) => machine.states[*target].name.clone(),
    }
}

/// The type that the command's step leads to.
fn target(machine: &Machine, pair: &Pair, command: &Ident) -> TokenStream {
    let wrapper = machine.wrapper();
    if is_guarded(machine, pair) {
        let outcome = machine.outcome(command);
        let state = &machine.states[pair.state].name;
        let (_, unchanged) = outcome_targets(machine, &machine.pairs(), command);
        let argument = unchanged.then(|| quote!(<#state>));
        return quote!(#outcome #argument);
    }
    let state = &machine.states[machine.arms[pair.arms[0]].leads_from(pair.state)].name;
    quote!(#wrapper<#state>)
}

fn docs(machine: &Machine, pair: &Pair, first: &Arm) -> TokenStream {
    let docs = &first.docs;
    let from = plain(&machine.states[pair.state].name);
    let event = plain(&machine.events[pair.event].name);
    let lines = pair.arms.iter().map(|arm| {
        let arm = &machine.arms[*arm];
        let to = plain(&machine.states[arm.leads_from(pair.state)].name);
        match &arm.guard {
            Some(guard) => format!("`{from} --{event}--> {to}` if `{}`", quote!(#guard)),
            None => format!("`{from} --{event}--> {to}`"),
        }
    });
    let lines: Vec<String> = lines.collect();
    let gates: Vec<String> = first
        .gates
        .iter()
        .filter_map(|gate| gate.path.segments.last())
        .map(|segment| format!("`{}`", segment.ident))
        .collect();
    let line = match &gates[..] {
        [] => format!("{}.", lines.join(", else ")),
        gates => format!("{}. Gates: {}.", lines.join(", else "), gates.join(", ")),
    };
    let errors = (!gates.is_empty()).then(|| {
        quote! {
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "With the machine and the denial, if a gate does not permit it."]
        }
    });
    quote! {
        #(#docs)*
        #[doc = ""]
        #[doc = #line]
        #errors
    }
}

/// The enums of where the guarded commands may lead, one per command.
fn outcomes(machine: &Machine, pairs: &[Pair]) -> Vec<TokenStream> {
    let mut commands: Vec<&Ident> = Vec::new();
    for pair in pairs.iter().filter(|pair| is_guarded(machine, pair)) {
        if let Some(command) = &machine.arms[pair.arms[0]].command
            && !commands.contains(&command)
        {
            commands.push(command);
        }
    }
    commands
        .into_iter()
        .map(|command| outcome(machine, pairs, command))
        .collect()
}

/// The states that a guarded command may lead to, and whether it may leave the state as it is.
fn outcome_targets(machine: &Machine, pairs: &[Pair], command: &Ident) -> (Vec<usize>, bool) {
    let (mut targets, mut unchanged) = (Vec::new(), false);
    let is_its = |pair: &&Pair| {
        machine.arms[pair.arms[0]].command.as_ref() == Some(command) && is_guarded(machine, pair)
    };
    for arm in pairs.iter().filter(is_its).flat_map(|pair| &pair.arms) {
        match &machine.arms[*arm].target {
            Target::Same => unchanged = true,
            Target::State(target, _) if !targets.contains(target) => targets.push(*target),
            Target::State(..) => {}
        }
    }
    (targets, unchanged)
}

fn outcome(machine: &Machine, pairs: &[Pair], command: &Ident) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        ..
    } = machine;
    let (outcome, wrapper) = (machine.outcome(command), machine.wrapper());
    let (targets, unchanged) = outcome_targets(machine, pairs, command);
    let targets: Vec<&Ident> = targets
        .into_iter()
        .map(|state| &machine.states[state].name)
        .collect();
    let doc = format!(
        "Where the command `{}` of [`{name}`] may lead.",
        plain(command)
    );
    let variants = targets.iter().map(|state| {
        let doc = format!("To the state [`{}`].", plain(state));
        quote!(#[doc = #doc] #state(#wrapper<#state>),)
    });
    let (generics, arguments, same, same_moved) = if unchanged {
        (
            Some(quote!(<S: #krate::State<Machine = #name>>)),
            Some(quote!(<S>)),
            Some(quote!(
                /// The state stays as it is.
                Unchanged(#wrapper<S>),
            )),
            Some(
                quote!(Self::Unchanged(to) => Self::Unchanged(#krate::expansion::Moved::moved(to, cursor)),),
            ),
        )
    } else {
        (None, None, None, None)
    };
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug)]
        #visibility enum #outcome #generics {
            #(#variants)*
            #same
        }

        #[automatically_derived]
        impl #generics #krate::expansion::Moved for #outcome #arguments {
            fn moved(self, cursor: #krate::Cursor) -> Self {
                match self {
                    #(Self::#targets(to) => Self::#targets(#krate::expansion::Moved::moved(to, cursor)),)*
                    #same_moved
                }
            }
        }
    }
}
