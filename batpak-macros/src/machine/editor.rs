//! What only an editor sees: the arms as they are typed.
//!
//! rust-analyzer completes inside of a macro call by looking for the typed token in the expansion. So the
//! tokens of each arm stand there as they are, whatever is wrong with them, in code that nothing but
//! rust-analyzer compiles. It expands once with and once without a marker at the cursor and compares the
//! two by their offsets: hence this is the first of the expansion, and an arm's copy depends on nothing
//! but its tokens.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::Member;

use super::fields::{Field, same};
use super::patterns::is_binding;
use super::split::{self, RawArm};
use super::table::{ctx_name, data_name};
use super::{Machine, State};
use crate::names;

pub(super) fn copies(machine: &Machine) -> TokenStream {
    let states = machine.states.iter().map(|state| {
        let (name, fields) = (&state.name, declared(&state.fields.list));
        let docs = names::docs(&state.attributes);
        quote!(#(#docs)* #name #fields,)
    });
    let groups = groups(machine);
    let renamed = machine
        .states
        .iter()
        .filter(|state| state.structure != state.name);
    let renamed = renamed.map(|state| {
        let (name, structure) = (&state.name, &state.structure);
        quote!(use #structure as #name;)
    });
    let arms = machine.raw_arms.iter().map(|arm| copy(machine, arm));
    let (krate, events) = (&machine.krate, &machine.events_path);
    let (data, ctx) = (data_name(), ctx_name());
    let (data_type, ctx_type) = (machine.data(), machine.context());
    // A compiler parses what it then leaves out, but not the tokens of a macro call.
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            #[allow(warnings, clippy::all)]
            const _: () = {
                #krate::expansion::as_typed! {
                    { #(#renamed)* enum StateOrGroup { #(#states)* #(#groups)* } }
                    (StateOrGroup, #events)
                    (#data, #ctx)
                    (&#data_type, &#ctx_type)
                    #(#arms)*
                }
            };
        };
    }
}

/// The fields as a variant declares them.
fn declared(fields: &[Field]) -> TokenStream {
    let named = fields.iter().filter_map(|field| match &field.member {
        Member::Named(name) => Some((name, &field.ty)),
        Member::Unnamed(_) => None,
    });
    let (names, types): (Vec<_>, Vec<_>) = named.unzip();
    if names.len() == fields.len() {
        return quote!({ #(#names: #types),* });
    }
    let types = fields.iter().map(|field| &field.ty);
    quote!((#(#types),*))
}

/// Each group as a variant, with the fields that all its states have.
fn groups(machine: &Machine) -> Vec<TokenStream> {
    let mut groups: Vec<(&Ident, Vec<&State>)> = Vec::new();
    for state in &machine.states {
        for group in &state.groups {
            match groups.iter_mut().find(|(known, _)| *known == group) {
                Some((_, states)) => states.push(state),
                None => groups.push((group, vec![state])),
            }
        }
    }
    let variants = groups.into_iter().map(|(group, states)| {
        let has = |state: &State, field: &Field| {
            let mut fields = state.fields.list.iter();
            fields.any(|other| same(&other.member, &field.member))
        };
        let first = states.first().map(|state| &state.fields.list[..]);
        let common = first.unwrap_or_default().iter().filter_map(|field| {
            let (Member::Named(name), ty) = (&field.member, &field.ty) else {
                return None;
            };
            let everywhere = states.iter().all(|state| has(state, field));
            everywhere.then(|| quote!(#name: #ty))
        });
        quote!(#group { #(#common),* },)
    });
    variants.collect()
}

/// One arm: its pattern, its condition, its body, and its gates.
fn copy(machine: &Machine, arm: &RawArm) -> TokenStream {
    let pattern = pattern(&arm.pattern, &machine.events_path);
    let guard = arm.guard.as_ref();
    let guard = guard.map(|guard| quote!(let _: ::core::primitive::bool = { #guard };));
    let (body, gates) = (&arm.body, gates(&arm.attributes));
    quote!([#pattern] [#guard] [#body] [#(#gates)*])
}

/// The pair of patterns, each name in it with the enum that it is of.
fn pattern(tokens: &TokenStream, events: &syn::Path) -> TokenStream {
    let Some(TokenTree::Group(pair)) = tokens.clone().into_iter().next() else {
        return quote!(_);
    };
    let mut halves = split::at_commas(pair.stream()).into_iter();
    let from = of_enum(halves.next().unwrap_or_default());
    let on = halves.next().unwrap_or_default();
    quote!((#from, #events::#on))
}

/// Puts `StateOrGroup::` before the names of states and groups, not before those of their fields.
fn of_enum(tokens: TokenStream) -> TokenStream {
    let mut result = TokenStream::new();
    let mut begins = true;
    for token in tokens {
        let token = match token {
            TokenTree::Ident(name) => {
                if begins && !is_binding(&name) {
                    result.extend(quote!(StateOrGroup::));
                }
                begins = false;
                TokenTree::Ident(name)
            }
            TokenTree::Punct(punct) => {
                begins |= matches!(punct.as_char(), '|' | '@');
                TokenTree::Punct(punct)
            }
            TokenTree::Group(group) if begins && group.delimiter() == Delimiter::Parenthesis => {
                regrouped(&group, of_enum(group.stream()))
            }
            other => other,
        };
        result.extend([token]);
    }
    result
}

/// The calls under `#[gate(..)]`, with a `&` before what is more than a name.
fn gates(attributes: &TokenStream) -> Vec<TokenStream> {
    let lists = attributes
        .clone()
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Group(list) => Some(list.stream().into_iter().collect::<Vec<_>>()),
            _ => None,
        });
    let calls = lists.filter_map(|list| match &list[..] {
        [TokenTree::Ident(name), TokenTree::Group(calls), ..] if name == "gate" => {
            Some(split::at_commas(calls.stream()))
        }
        _ => None,
    });
    let calls = calls.flatten().map(lent);
    calls.map(|call| quote!((#call))).collect()
}

fn lent(call: TokenStream) -> TokenStream {
    let tokens = call.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            let arguments = split::at_commas(group.stream())
                .into_iter()
                .map(|argument| {
                    let is_name = argument.clone().into_iter().count() == 1;
                    let lend = (!is_name).then(|| quote!(&));
                    quote!(#lend #argument)
                });
            regrouped(&group, quote!(#(#arguments),*))
        }
        other => other,
    });
    tokens.collect()
}

fn regrouped(group: &Group, tokens: TokenStream) -> TokenTree {
    let mut inner = Group::new(group.delimiter(), tokens);
    inner.set_span(group.span());
    TokenTree::Group(inner)
}
