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
                let is_event = derives_event(&item);
                let is_unknown = |a: &Attribute| !is_event && a.path().is_ident("event");
                item.attrs.retain(|attribute| !is_unknown(attribute));
                for variant in &mut item.variants {
                    attributes::state(&mut variant.attrs, &mut ignored);
                    variant.attrs.retain(|attribute| !is_unknown(attribute));
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

/// The items of the call, each in its place.
struct Parts {
    states: ItemEnum,
    events: ItemEnum,
    evolve: ItemFn,
    others: Vec<Item>,
}

fn parts(items: Vec<Item>, errors: &mut Errors) -> Option<Parts> {
    let (mut enums, mut evolves, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Enum(item) => enums.push(item),
            Item::Fn(function) if function.sig.ident == "evolve" => evolves.push(function),
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
    let marked = enums.iter().position(is_machine);
    let at = marked.or_else(|| enums.iter().position(|item| !derives_event(item)));
    let states = enums.remove(at.unwrap_or(0));
    let name = &states.ident;
    let Some(at) = enums.iter().position(derives_event) else {
        errors.add(
            name,
            format_args!(
                "`{name}` has no events: add an enum with `#[derive(Event)]` to the same `state_machine!`"
            ),
        );
        return None;
    };
    let events = enums.remove(at);
    others.extend(enums.into_iter().map(Item::Enum));
    let mut evolves = evolves.into_iter();
    let Some(evolve) = evolves.next() else {
        let events = &events.ident;
        errors.add(
            name,
            format_args!(
                "`{name}` has no transitions: add `fn evolve(state: {name}, event: {events}) -> {name} {{ .. }}`"
            ),
        );
        return None;
    };
    for second in evolves {
        let message = "a second `evolve`: put all transitions into the first";
        errors.add(&second.sig.ident, message);
    }
    Some(Parts {
        states,
        events,
        evolve,
        others,
    })
}

pub(super) fn machine(items: Vec<Item>, errors: &mut Errors) -> Option<Machine> {
    let Parts {
        states: mut states_item,
        events: events_item,
        evolve,
        others,
    } = parts(items, errors)?;
    let name = states_item.ident.clone();
    refuse_generics(&states_item.generics, "machines", errors);
    let attributes = attributes::machine(&mut states_item.attrs, errors);
    if !derives(&states_item, "Clone") {
        errors.add(
            &name,
            format_args!("the states of a machine are cloned: add `#[derive(Clone)]` to `{name}`"),
        );
    }
    // Without the names of their fields, nothing can be said about the arms.
    let (states, events) = (
        states(&mut states_item, errors),
        events(&events_item, errors),
    );
    let (states, events) = (states?, events?);
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

/// The states; `None` if one of them has fields without names.
fn states(item: &mut ItemEnum, errors: &mut Errors) -> Option<Vec<State>> {
    let states: Vec<Option<State>> = item
        .variants
        .iter_mut()
        .map(|variant| {
            let found = attributes::state(&mut variant.attrs, errors);
            Some(State {
                name: variant.ident.clone(),
                fields: fields(&variant.fields, errors)?,
                attributes: variant.attrs.clone(),
                initial: found.initial,
                terminal: found.terminal,
                groups: found.groups,
            })
        })
        .collect();
    states.into_iter().collect()
}

/// The events; `None` if one of them has fields without names, which its derive reports.
fn events(item: &ItemEnum, errors: &mut Errors) -> Option<Vec<Event>> {
    let events: Vec<Option<Event>> = item
        .variants
        .iter()
        .map(|variant| {
            attributes::refuse_cfg(&variant.attrs, errors);
            Some(Event {
                name: variant.ident.clone(),
                fields: named_fields(&variant.fields)?,
            })
        })
        .collect();
    events.into_iter().collect()
}

fn derives_event(item: &ItemEnum) -> bool {
    derives(item, "Event")
}

/// Whether a derive of this name, by whatever path, is on the enum.
fn derives(item: &ItemEnum, name: &str) -> bool {
    item.attrs.iter().any(|attribute| {
        let mut found = false;
        if attribute.path().is_ident("derive") {
            let _ = attribute.parse_nested_meta(|meta| {
                let last = meta.path.segments.last();
                found |= last.is_some_and(|last| last.ident == name);
                Ok(())
            });
        }
        found
    })
}

/// The fields of a state; `None`, and an error, if they have no names.
fn fields(fields: &Fields, errors: &mut Errors) -> Option<Vec<Field>> {
    let found = named_fields(fields);
    if found.is_none() {
        errors.add(fields, "name the fields of this state: `{ name: Type }`");
    }
    found
}

/// The fields, if they have names.
fn named_fields(fields: &Fields) -> Option<Vec<Field>> {
    let fields = match fields {
        Fields::Unit => return Some(Vec::new()),
        Fields::Named(fields) => fields,
        Fields::Unnamed(_) => return None,
    };
    let fields = fields.named.iter().filter_map(|field| {
        Some(Field {
            name: field.ident.clone()?,
            ty: field.ty.clone(),
            docs: names::docs(&field.attrs).into_iter().cloned().collect(),
        })
    });
    Some(fields.collect())
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
