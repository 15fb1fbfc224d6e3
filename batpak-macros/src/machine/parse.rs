//! From the tokens of the call to its parts.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, ExprMatch, Fields, Item, ItemEnum, ItemFn, Stmt};

use super::{Event, Field, Machine, State, arms, attributes};
use crate::errors::{Errors, refuse_generics};
use crate::names;

/// The items of the call.
pub(super) fn items(input: TokenStream) -> syn::Result<Vec<Item>> {
    let parser = |input: ParseStream<'_>| {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(items)
    };
    Parser::parse2(parser, input)
}

/// What is emitted instead of a machine that has an error: its enums and other items, so that the
/// names that they declare are there.
pub(super) fn fallback(items: &[Item]) -> TokenStream {
    let mut ignored = Errors::default();
    let items = items
        .iter()
        .filter(|item| !is_evolve(item))
        .cloned()
        .map(|item| match item {
            Item::Enum(mut item) => {
                attributes::machine(&mut item.attrs, &mut ignored);
                for variant in &mut item.variants {
                    attributes::state(&mut variant.attrs, &mut ignored);
                }
                Item::Enum(item)
            }
            other => other,
        });
    quote!(#(#items)*)
}

fn is_evolve(item: &Item) -> bool {
    matches!(item, Item::Fn(function) if function.sig.ident == "evolve")
}

pub(super) fn machine(items: Vec<Item>, errors: &mut Errors) -> Option<Machine> {
    let (mut enums, mut evolve, mut others) = (Vec::new(), None, Vec::new());
    for item in items {
        match item {
            Item::Enum(item) => enums.push(item),
            Item::Fn(function) if function.sig.ident == "evolve" => evolve = Some(function),
            other => others.push(other),
        }
    }
    let is_machine = |item: &ItemEnum| item.attrs.iter().any(|a| a.path().is_ident("machine"));
    if enums.is_empty() {
        errors.push(syn::Error::new(
            proc_macro2::Span::call_site(),
            "a machine needs an enum of states: `enum Order { #[initial] Draft, .. }`",
        ));
        return None;
    }
    let mut states_item = enums.remove(enums.iter().position(is_machine).unwrap_or(0));
    let name = states_item.ident.clone();
    let Some(at) = enums.iter().position(derives_event) else {
        errors.add(
            &name,
            format_args!(
                "`{name}` has no events: add an enum with `#[derive(Event)]` to the same `state_machine!`"
            ),
        );
        return None;
    };
    let events_item = enums.remove(at);
    others.extend(enums.into_iter().map(Item::Enum));
    refuse_generics(&states_item.generics, "machines", errors);
    let attributes = attributes::machine(&mut states_item.attrs, errors);
    let states: Vec<State> = states_item
        .variants
        .iter_mut()
        .map(|variant| {
            let found = attributes::state(&mut variant.attrs, errors);
            State {
                name: variant.ident.clone(),
                fields: fields(&variant.fields, "state", errors),
                attributes: variant.attrs.clone(),
                initial: found.initial,
                terminal: found.terminal,
                groups: found.groups,
            }
        })
        .collect();
    let events: Vec<Event> = events_item
        .variants
        .iter()
        .map(|variant| Event {
            name: variant.ident.clone(),
            fields: fields(&variant.fields, "event", errors),
        })
        .collect();
    let Some(evolve) = evolve else {
        let events = &events_item.ident;
        errors.add(
            &name,
            format_args!(
                "`{name}` has no transitions: add `fn evolve(state: {name}, event: {events}) -> {name} {{ .. }}`"
            ),
        );
        return None;
    };
    let arms = {
        let scope = arms::Scope::new(&name, &events_item.ident, &states, &events, &attributes);
        scope.arms(body(&evolve, errors)?, errors)
    };
    Some(Machine {
        visibility: states_item.vis.clone(),
        krate: names::krate(attributes.krate.as_ref()),
        name,
        attributes,
        states_item,
        states,
        events_item,
        events,
        arms,
        others,
    })
}

fn derives_event(item: &ItemEnum) -> bool {
    item.attrs.iter().any(|attribute| {
        let mut found = false;
        if attribute.path().is_ident("derive") {
            let _ = attribute.parse_nested_meta(|meta| {
                found |= meta
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Event");
                Ok(())
            });
        }
        found
    })
}

fn fields(fields: &Fields, what: &str, errors: &mut Errors) -> Vec<Field> {
    match fields {
        Fields::Unit => Vec::new(),
        Fields::Named(fields) => fields
            .named
            .iter()
            .filter_map(|field| {
                Some(Field {
                    name: field.ident.clone()?,
                    ty: field.ty.clone(),
                    docs: names::docs(&field.attrs)
                        .into_iter()
                        .cloned()
                        .collect::<Vec<Attribute>>(),
                })
            })
            .collect(),
        Fields::Unnamed(unnamed) => {
            errors.add(
                unnamed,
                format_args!("name the fields of this {what}: `{{ name: Type }}`"),
            );
            Vec::new()
        }
    }
}

/// The `match` that `evolve` is.
fn body<'f>(evolve: &'f ItemFn, errors: &mut Errors) -> Option<&'f ExprMatch> {
    let found = match &evolve.block.stmts[..] {
        [Stmt::Expr(Expr::Match(found), None)] => Some(found),
        _ => None,
    };
    let pair = found.filter(|found| matches!(&*found.expr, Expr::Tuple(t) if t.elems.len() == 2));
    if pair.is_none() {
        errors.add(
            &evolve.block,
            "`evolve` must be one `match (state, event) { .. }`",
        );
    }
    pair
}
