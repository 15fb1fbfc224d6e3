//! From the enum's tokens to its kinds.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitInt, LitStr, Path, Token, Variant};

use super::{EventEnum, EventVariant};
use crate::errors::{Errors, refuse_generics, unknown};
use crate::names;

/// Where keys are looked for.
const PLACE: &str = "in `#[event]`";

/// The largest type id.
const MAX_ID: u16 = 0xFFF;

/// Stands in for a missing category, so that the rest can be checked.
const ANY: u8 = 0xF;

/// `#[event(..)]` on the enum.
#[derive(Default)]
struct EnumAttribute {
    category: Option<LitInt>,
    reserved: Vec<Reserved>,
    krate: Option<Path>,
}

/// Ids that must not be used.
struct Reserved {
    first: LitInt,
    last: LitInt,
    was: Option<LitStr>,
}

pub(super) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<EventEnum> {
    refuse_generics(&input.generics, "event enums", errors);
    if !errors.is_empty() {
        return None;
    }
    let data = match input.data {
        Data::Enum(data) => data,
        Data::Struct(_) | Data::Union(_) => {
            errors.add(
                &input.ident,
                "`#[derive(Event)]` goes on an enum, one variant per kind of event",
            );
            return None;
        }
    };
    let attribute = enum_attribute(&input.attrs, errors);
    let unread = !errors.is_empty();
    let category = match &attribute.category {
        Some(literal) => category(literal, errors),
        None => {
            // It may be in what could not be read.
            if !unread {
                let name = &input.ident;
                errors.add(
                    name,
                    format_args!("`#[derive(Event)]` needs `#[event(category = ..)]` on `{name}`"),
                );
            }
            ANY
        }
    };
    let mut used = reserved_ids(&attribute.reserved, errors);
    let retired = used.keys().copied().collect();
    let free = next_free(&data.variants, &used);
    let events = data
        .variants
        .into_iter()
        .map(|variant| event(variant, free, &mut used, errors))
        .collect();
    Some(EventEnum {
        name: input.ident,
        visibility: input.vis,
        krate: names::krate(attribute.krate.as_ref()),
        category,
        retired,
        events,
    })
}

fn enum_attribute(attributes: &[Attribute], errors: &mut Errors) -> EnumAttribute {
    let mut found = EnumAttribute::default();
    for attribute in attributes {
        if attribute.path().is_ident("serde") && mentions(attribute, "deny_unknown_fields") {
            errors.add(
                attribute,
                "`#[serde(deny_unknown_fields)]` would refuse events written by newer code",
            );
        }
        if !attribute.path().is_ident("event") {
            continue;
        }
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("category") {
                found.category = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("crate") {
                found.krate = Some(names::crate_path(meta.input)?);
            } else if meta.path.is_ident("reserved") {
                let list;
                syn::parenthesized!(list in meta.input);
                let list = list.parse_terminated(reserved, Token![,])?;
                found.reserved.extend(list);
            } else {
                return Err(unknown(
                    &meta.path,
                    "key",
                    PLACE,
                    &["category", "reserved", "crate"],
                ));
            }
            Ok(())
        });
        errors.take(parsed);
    }
    found
}

fn mentions(attribute: &Attribute, name: &str) -> bool {
    attribute.meta.require_list().is_ok_and(|list| {
        let mut tokens = list.tokens.clone().into_iter();
        tokens.any(|token| matches!(token, TokenTree::Ident(ident) if ident == name))
    })
}

fn reserved(input: ParseStream<'_>) -> syn::Result<Reserved> {
    let first: LitInt = input.parse()?;
    let last = if input.parse::<Option<Token![..=]>>()?.is_some() {
        input.parse()?
    } else {
        first.clone()
    };
    let was = match input.parse::<Option<Token![=]>>()? {
        Some(_) => Some(input.parse()?),
        None => None,
    };
    Ok(Reserved { first, last, was })
}

fn category(literal: &LitInt, errors: &mut Errors) -> u8 {
    match literal.base10_parse::<u8>() {
        Ok(0x0 | 0xD) => {
            errors.add(
                literal,
                format_args!(
                    "category {literal} is reserved for the store; use 0x1 to 0xC, 0xE or 0xF"
                ),
            );
            ANY
        }
        Ok(category) if category <= 0xF => category,
        _ => {
            errors.add(
                literal,
                format_args!(
                    "category {literal} does not fit in 4 bits; use 0x1 to 0xC, 0xE or 0xF"
                ),
            );
            ANY
        }
    }
}

/// What an id is taken by: the variant that has it, or what it was reserved for.
enum Taken {
    Variant(Ident, LitInt),
    Reserved(Option<String>),
}

fn reserved_ids(reserved: &[Reserved], errors: &mut Errors) -> BTreeMap<u16, Taken> {
    let mut ids = BTreeMap::new();
    for Reserved { first, last, was } in reserved {
        let (Some(from), Some(to)) = (id_value(first, errors), id_value(last, errors)) else {
            continue;
        };
        if from > to {
            errors.add(first, format_args!("the range {first}..={last} has no ids"));
        }
        for id in from..=to {
            let was = was.as_ref().map(LitStr::value);
            if ids.insert(id, Taken::Reserved(was)).is_some() {
                errors.add(
                    first,
                    format_args!("reserved id 0x{id:03X} is listed twice"),
                );
                break;
            }
        }
    }
    ids
}

/// The value of an id's literal, if it fits.
fn id_value(literal: &LitInt, errors: &mut Errors) -> Option<u16> {
    match literal.base10_parse::<u64>() {
        Ok(id) if id <= u64::from(MAX_ID) => u16::try_from(id).ok(),
        _ => {
            errors.add(
                literal,
                format_args!("id {literal} does not fit in 12 bits (0x000 to 0xFFF)"),
            );
            None
        }
    }
}

/// The id literal of a variant; `None` if it has none, or one that is not understood.
fn id_literal(variant: &Variant, errors: &mut Errors) -> Option<LitInt> {
    let mut id = None;
    for attribute in variant.attrs.iter().filter(|a| a.path().is_ident("event")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("id") {
                id = Some(meta.value()?.parse()?);
                Ok(())
            } else {
                Err(unknown(&meta.path, "key", PLACE, &["id"]))
            }
        });
        errors.take(parsed);
    }
    id
}

/// One more than the highest id that was ever used or reserved.
fn next_free<'v>(
    variants: impl IntoIterator<Item = &'v Variant>,
    reserved: &BTreeMap<u16, Taken>,
) -> u16 {
    // Mistakes in the ids are reported where the variants are read.
    let mut unreported = Errors::default();
    let highest = variants
        .into_iter()
        .filter_map(|variant| id_literal(variant, &mut unreported)?.base10_parse().ok())
        .chain(reserved.keys().copied())
        .max();
    highest.map_or(1, |id: u16| id.saturating_add(1))
}

fn event(
    variant: Variant,
    free: u16,
    used: &mut BTreeMap<u16, Taken>,
    errors: &mut Errors,
) -> EventVariant {
    let name = variant.ident.clone();
    let before = errors.count();
    let literal = id_literal(&variant, errors);
    let id = match &literal {
        Some(literal) => id_value(literal, errors),
        None => {
            if errors.count() == before {
                errors.add(
                    &name,
                    format_args!(
                        "event `{name}` has no id; the next free one is `#[event(id = 0x{free:03X})]`\n\
                         help: ids are written to the log, so they are never assigned for you"
                    ),
                );
            }
            None
        }
    };
    if let (Some(id), Some(literal)) = (id, &literal) {
        match used.get(&id) {
            Some(Taken::Variant(other, first)) => {
                let message = format!("id {literal} is already used by `{other}`");
                errors.add(literal, message);
                errors.add(first, format_args!("id {first} is also used by `{name}`"));
            }
            Some(Taken::Reserved(was)) => {
                let was = was
                    .as_ref()
                    .map_or_else(String::new, |was| format!(" (was `{was}`)"));
                errors.add(literal, format_args!("id {literal} is reserved{was}"));
            }
            None => {
                used.insert(id, Taken::Variant(name.clone(), literal.clone()));
            }
        }
    }
    let fields = match variant.fields {
        Fields::Unit => Some(Vec::new()),
        Fields::Named(fields) => {
            let fields = fields.named.into_iter();
            Some(fields.filter_map(|f| Some((f.ident?, f.ty))).collect())
        }
        Fields::Unnamed(fields) => {
            errors.add(
                fields,
                format_args!("name the fields of `{name}`: `{name} {{ .. }}`"),
            );
            None
        }
    };
    EventVariant {
        name,
        id: id.unwrap_or(0),
        fields,
    }
}
