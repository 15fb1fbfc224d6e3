//! The commands: methods of a state that ask the gates and give a step.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::table::{self, ctx_name, data_name};
use super::{Arm, Binding, Machine, Pair, State, Target, diagram, outcome, wrapper};
use crate::names::{hygienic, plain};

/// What the machine has in each of its states: the fields and the commands.
pub(super) fn expand(machine: &Machine) -> TokenStream {
    let outcomes = (!machine.is_fold_only()).then(|| outcome::expand(machine));
    let outcomes = outcomes.into_iter().flatten();
    let states = (0..machine.states.len()).filter_map(|state| {
        let accessors = wrapper::accessors(machine, state);
        let commands = of_state(machine, state).into_iter();
        let commands: Vec<_> = commands
            .map(|(pair, command)| method(machine, pair, command))
            .collect();
        let (wrapper, structure) = (machine.wrapper(), &machine.states[state].structure);
        let p = &machine.parameters.phase;
        (!accessors.is_empty() || !commands.is_empty()).then(|| {
            quote! {
                #[automatically_derived]
                #[allow(dead_code, clippy::too_many_arguments)]
                impl<#p> #wrapper<#structure, #p> {
                    #(#accessors)*
                    #(#commands)*
                }
            }
        })
    });
    quote! {
        #(#outcomes)*
        #(#states)*
    }
}

/// The commands of a state, each name once; that a name stands twice has been reported. Without the types of the
/// fields of its events a machine has none.
fn of_state(machine: &Machine, state: usize) -> Vec<(&Pair, &Ident)> {
    let mut commands: Vec<(&Pair, &Ident)> = Vec::new();
    if machine.is_fold_only() {
        return commands;
    }
    for pair in machine.pairs_of(state) {
        if let Some(command) = &machine.arms[pair.arms[0]].command
            && !commands.iter().any(|(_, known)| *known == command)
            && !wrapper::METHODS.contains(&plain(command).as_str())
        {
            commands.push((pair, command));
        }
    }
    commands
}

/// The method of a command: it asks the gates, makes the event, and computes where it leads.
fn method(machine: &Machine, pair: &Pair, command: &Ident) -> TokenStream {
    let Machine {
        visibility, krate, ..
    } = machine;
    let event = &machine.events[pair.event];
    let first = &machine.arms[pair.arms[0]];
    let parameters = event.fields.list.iter().map(|field| {
        let (name, ty) = (&field.name, &field.ty);
        quote!(#name: #ty,)
    });
    let is_broken = pair.arms.iter().any(|arm| machine.arms[*arm].is_broken);
    let context = context(machine, first, is_broken);
    let denial = if first.gates.is_empty() {
        quote!(::core::convert::Infallible)
    } else {
        quote!(#krate::Denial)
    };
    let target = target(machine, pair, command);
    let docs = docs(machine, pair, first);
    let body = if is_broken {
        quote!(::core::unreachable!())
    } else {
        body(machine, pair, command)
    };
    let lints = (is_broken || machine.is_guarded(pair))
        .then(|| quote!(#[allow(unreachable_patterns, unused_variables)]));
    quote! {
        #docs
        #lints
        #visibility fn #command(
            self,
            #(#parameters)*
            #context
        ) -> ::core::result::Result<#krate::Step<Self, #target>, #krate::Denied<Self, #denial>> {
            #body
        }
    }
}

/// The parameter for what the gates ask about, if they do. In a broken arm one that is not bound may have
/// been meant for it, and its type may be missing.
fn context(machine: &Machine, first: &Arm, is_broken: bool) -> Option<TokenStream> {
    let (ctx, ty) = (hygienic("ctx"), machine.context());
    if is_broken && machine.attributes.context.is_none() && table::gate_reads(first, &ctx_name()) {
        return Some(quote!(#ctx: &impl ?::core::marker::Sized,));
    }
    let is_meant =
        table::gate_reads(first, &ctx_name()) || (is_broken && first.gates_name_others());
    (is_meant && (!is_broken || machine.attributes.context.is_some())).then(|| quote!(#ctx: &#ty,))
}

/// Asks the gates, and makes a step over the event to where the table leads.
fn body(machine: &Machine, pair: &Pair, command: &Ident) -> TokenStream {
    let events = &machine.events_path;
    let event = &machine.events[pair.event];
    let (event_name, fields) = (&event.name, event.fields.all());
    let gates = gates(machine, pair, &machine.functions[pair.arms[0]]);
    let step = quote!(self.leading_to(#events::#event_name #fields));
    let (before, step) = match machine.is_guarded(pair) {
        true => choice(machine, pair, command),
        false => (TokenStream::new(), step),
    };
    let (krate, asked) = (&machine.krate, hygienic("asked"));
    match gates {
        Some(gates) => quote!(#gates #before #krate::expansion::permitted(#step, #asked)),
        None => quote!(#before #step),
    }
}

/// The step of a guarded command, and what is computed before it: which of its arms is taken is known only now.
fn choice(machine: &Machine, pair: &Pair, command: &Ident) -> (TokenStream, TokenStream) {
    let (krate, events) = (&machine.krate, &machine.events_path);
    let event = &machine.events[pair.event];
    let (event_name, fields) = (&event.name, event.fields.all());
    let [recorded, built, to] = ["recorded", "event", "to"].map(hygienic);
    let [cursor, state, before] = ["cursor", "state", "before"].map(hygienic);
    let (data, data_after) = data(machine, pair);
    let lines = pair.arms.iter().map(|arm| {
        let arm = (&machine.arms[*arm], &machine.functions[*arm]);
        line(machine, pair, arm, command, &data_after)
    });
    let before = quote! {
        let #built = #events::#event_name #fields;
        let #recorded = #krate::NewEvent::of(self.0.cursor().coordinate(), &#built);
        let (#cursor, #state, #before) = ::core::clone::Clone::clone(&self.0).into_parts();
        #data
        let #to = match (#state, #built) {
            #(#lines)*
            _ => ::core::unreachable!(),
        };
    };
    let step = quote! {
        ::core::result::Result::Ok(#krate::expansion::step_to(self, #recorded, #to))
    };
    (before, step)
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
    let [ctx, asked, denial] = ["ctx", "asked", "denial"].map(hygienic);
    let binding = |binding: &Binding| {
        let field = binding.field_of(pair.state);
        let mut of_state = arm.state_bindings.iter();
        if of_state.any(|own| std::ptr::eq(own, binding)) {
            return quote!(&self.0.state().#field);
        }
        // The command's parameter has the name of the field, whatever it is bound to in the arm.
        let fields = &machine.events[pair.event].fields;
        let parameter = fields
            .find(field)
            .map_or(&binding.name, |field| &field.name);
        quote!(&#parameter)
    };
    (!arm.gates.is_empty()).then(|| {
        let call = table::gates_call(arm, function, binding, (&quote!(self.0.data()), &ctx));
        quote! {
            let #asked = match #krate::expansion::ask(|| #name::#call) {
                ::core::result::Result::Ok(#asked) => #asked,
                ::core::result::Result::Err(#denial) => {
                    return ::core::result::Result::Err(#krate::Denied::new(self, #denial));
                }
            };
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
        Target::Same | Target::Unknown(_) => (quote!(#same), quote!(#same)),
        Target::State(..) => {
            let structure = &machine.states[pair.state].structure;
            let fields = table::state_fields(machine, arm, &needed, pair.state);
            let arguments = arguments.iter().map(|binding| &binding.name);
            let made = match table::bare_target(machine, arm) {
                Some(State { structure, .. }) => quote!(#structure),
                None => quote!(#name::#function(#(#arguments),*)),
            };
            (quote!(#structure #fields), made)
        }
    };
    let guard = arm.guard.as_ref().map(|guard| quote!(if #guard));
    let within = quote!(#krate::expansion::In::new(#cursor, #made, #data));
    let outcome = machine.outcome(command);
    let variant = outcome::variant(machine, arm);
    quote! {
        (#from, #on) #guard => #outcome::#variant(#krate::expansion::Instance::new(#within)),
    }
}

/// The type that the command's step leads to.
fn target(machine: &Machine, pair: &Pair, command: &Ident) -> TokenStream {
    if machine.is_guarded(pair) {
        let outcome = machine.outcome(command);
        let structure = &machine.states[pair.state].structure;
        let (_, unchanged) = outcome::targets(machine, command);
        let argument = unchanged.then(|| quote!(<#structure>));
        return quote!(#outcome #argument);
    }
    let wrapper = machine.wrapper();
    let to = machine.arms[pair.arms[0]].leads_from(pair.state);
    let structure = &machine.states[to].structure;
    quote!(#wrapper<#structure>)
}

fn docs(machine: &Machine, pair: &Pair, first: &Arm) -> TokenStream {
    let docs = &first.docs;
    let from = plain(&machine.states[pair.state].name);
    let event = plain(&machine.events[pair.event].name);
    let lines = pair.arms.iter().map(|arm| {
        let arm = &machine.arms[*arm];
        let to = plain(&machine.states[arm.leads_from(pair.state)].name);
        match &arm.guard {
            Some(guard) => {
                let guard = diagram::as_written(&quote!(#guard).to_string());
                format!("`{from} --{event}--> {to}` if `{guard}`")
            }
            None => format!("`{from} --{event}--> {to}`"),
        }
    });
    let lines: Vec<String> = lines.collect();
    let gates: Vec<String> = first.gate_names().map(|gate| format!("`{gate}`")).collect();
    let line = match &gates[..] {
        [] => format!(" {}.", lines.join(", else ")),
        gates => format!(" {}. Gates: {}.", lines.join(", else "), gates.join(", ")),
    };
    let errors = (!gates.is_empty()).then(|| {
        quote! {
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " With the machine and the denial, if a gate does not permit it."]
        }
    });
    let own = (!docs.is_empty()).then(|| quote!(#(#docs)* #[doc = ""]));
    quote! {
        #own
        #[doc = #line]
        #errors
    }
}
