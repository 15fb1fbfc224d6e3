//! From the type's tokens to its kinds.

use quote::quote;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Fields, Ident, LitInt, LitStr};

use super::attributes::{CategorySetting, On, Settings, settings};
use super::ids::{self, Ids};
use super::{Category, Event, EventType, fields, serde, shape};
use crate::errors::{Errors, refuse_generics};
use crate::names::{self, kind_const, plain};

/// Stands in for a missing category, so that the rest can be checked.
const ANY: Category = Category::Number(0xF);

pub(super) fn parse(input: DeriveInput, errors: &mut Errors) -> Option<EventType> {
    refuse_generics(&input.generics, "events", errors);
    if let Data::Union(data) = &input.data {
        errors.add(
            data.union_token,
            "`#[derive(Event)]` goes on an enum, one variant per kind of event, or on a struct",
        );
    }
    fields::refuse_unsized(&input.data, errors);
    // A type that is none of the right sort would make every line of an expansion an error.
    if !errors.is_empty() {
        return None;
    }
    match input.data {
        Data::Enum(ref data) => Some(of_enum(&input, data, errors)),
        Data::Struct(ref data) => Some(of_struct(&input, data, errors)),
        Data::Union(_) => None,
    }
}

fn of_enum(input: &DeriveInput, data: &DataEnum, errors: &mut Errors) -> EventType {
    let own = settings(&input.attrs, On::Enum, errors);
    serde::check(&input.attrs, serde::On::Enum, errors);
    let category = category(&input.ident, &own, errors);
    let variants: Vec<_> = data
        .variants
        .iter()
        .map(|variant| (variant, settings(&variant.attrs, On::Variant, errors)))
        .collect();
    let literals = variants
        .iter()
        .filter_map(|(_, settings)| settings.id.as_ref());
    let mut ids = Ids::new(&own.reserved, literals, errors);
    let retired = ids.reserved();
    let mut events = Vec::new();
    for (variant, settings) in variants {
        let name = &variant.ident;
        serde::check(&variant.attrs, serde::On::Variant, errors);
        let id = match &settings.id {
            Some(literal) => ids.take(name, literal, errors),
            None => {
                if !settings.incomplete {
                    ids.missing(name, errors);
                }
                None
            }
        };
        let mut event = event(name, "variants", &settings, &variant.fields, errors);
        event.constructor = quote!(Self::#name);
        event.kind = kind_const(name);
        event.id = id.unwrap_or(0);
        event.id_span = id.and(settings.id).map(|literal| literal.span());
        refuse_shared_name(&events, &event, settings.name.as_ref(), errors);
        events.push(event);
    }
    EventType {
        name: input.ident.clone(),
        visibility: input.vis.clone(),
        krate: names::krate(own.krate.as_ref()),
        category,
        retired,
        events,
    }
}

fn of_struct(input: &DeriveInput, data: &DataStruct, errors: &mut Errors) -> EventType {
    let name = &input.ident;
    let settings = settings(&input.attrs, On::Struct, errors);
    serde::check(&input.attrs, serde::On::Struct, errors);
    let category = category(name, &settings, errors);
    let id = match &settings.id {
        Some(literal) => ids::value(literal, errors),
        None => {
            if !settings.incomplete {
                errors.add(
                    name,
                    format_args!(
                        "event `{name}` has no id: `#[event(category = .., id = 0x001)]`\n\
                         help: ids are written to the log, so they are never assigned for you"
                    ),
                );
            }
            None
        }
    };
    let mut event = event(name, "structs", &settings, &data.fields, errors);
    event.id = id.unwrap_or(0);
    event.id_span = id.and(settings.id).map(|literal| literal.span());
    EventType {
        name: name.clone(),
        visibility: input.vis.clone(),
        krate: names::krate(settings.krate.as_ref()),
        category,
        retired: Vec::new(),
        events: vec![event],
    }
}

/// The event of a struct, or of a variant but for what tells it from others; `sort` is which.
fn event(
    name: &Ident,
    sort: &str,
    settings: &Settings,
    fields: &Fields,
    errors: &mut Errors,
) -> Event {
    let body = fields::body(name, sort, fields, errors);
    let mut event = Event {
        constructor: quote!(Self),
        name: name.clone(),
        kind: Ident::new("KIND", name.span()),
        id: 0,
        id_span: None,
        recorded: settings
            .name
            .as_ref()
            .map_or_else(|| plain(name), LitStr::value),
        version: 1,
        earlier: Vec::new(),
        shape: shape::of(&body),
        body,
    };
    versions(&mut event, settings, errors);
    if let Some(literal) = &settings.shape {
        shape::check(&event, literal, errors);
    }
    event
}

/// The version and the types of those before it, which must be as many.
fn versions(event: &mut Event, settings: &Settings, errors: &mut Errors) {
    let name = &event.name;
    let earlier = settings.earlier.as_ref();
    let listed = earlier.map_or(0, |earlier| earlier.types.len());
    let Some(version) = version(settings.version.as_ref(), errors) else {
        return;
    };
    event.version = version;
    let missing = usize::from(version - 1).checked_sub(listed);
    let message = match (version, missing) {
        (_, Some(0)) => {
            let types = earlier.map(|earlier| earlier.types.clone());
            event.earlier = types.unwrap_or_default();
            return;
        }
        (1, _) => format!("`{name}` lists earlier versions but is version 1"),
        (_, Some(missing)) => {
            let listed = match listed {
                0 => "no earlier version".to_owned(),
                1 => "1 earlier version".to_owned(),
                _ => format!("{listed} earlier versions"),
            };
            let add = match missing {
                1 => "the missing payload type".to_owned(),
                _ => format!("the {missing} missing payload types"),
            };
            format!("`{name}` is version {version} but lists {listed}: add {add} to `from(..)`")
        }
        (_, None) => format!(
            "`{name}` is version {version} but lists {listed} earlier versions: \
             take {} out of `from(..)`, or set `version = {}`",
            listed - usize::from(version - 1),
            listed + 1
        ),
    };
    match (earlier, &settings.version) {
        (Some(earlier), _) => errors.push(syn::Error::new(earlier.key, message)),
        (None, Some(literal)) => errors.add(literal, message),
        (None, None) => errors.add(name, message),
    }
}

/// The version that a literal says, 1 without one; `None` if it is not one.
fn version(literal: Option<&LitInt>, errors: &mut Errors) -> Option<u16> {
    let Some(literal) = literal else {
        return Some(1);
    };
    match literal.base10_parse::<u16>() {
        Ok(0) => {
            let message = "version 0 means \"untyped\"; versions start at 1";
            errors.add(literal, message);
            None
        }
        Ok(version) => Some(version),
        Err(_) => {
            let message = format_args!("version {literal} does not fit in 16 bits");
            errors.add(literal, message);
            None
        }
    }
}

/// That no event before has the same name in the table.
fn refuse_shared_name(
    before: &[Event],
    event: &Event,
    stated: Option<&LitStr>,
    errors: &mut Errors,
) {
    let Some(other) = before.iter().find(|e| e.recorded == event.recorded) else {
        return;
    };
    let message = format!(
        "the name `{}` is already that of the event `{}`",
        event.recorded, other.name
    );
    match stated {
        Some(stated) => errors.add(stated, message),
        None => errors.add(&event.name, message),
    }
}

fn category(name: &Ident, settings: &Settings, errors: &mut Errors) -> Category {
    match &settings.category {
        Some(CategorySetting::Declared(path)) => Category::Declared(path.clone()),
        Some(CategorySetting::Number(literal)) => number(literal, errors),
        None => {
            // It may be in what could not be read.
            if !settings.incomplete {
                errors.add(
                    name,
                    format_args!("`#[derive(Event)]` needs `#[event(category = ..)]` on `{name}`"),
                );
            }
            ANY
        }
    }
}

fn number(literal: &LitInt, errors: &mut Errors) -> Category {
    let problem = match literal.base10_parse::<u8>() {
        Ok(0x0 | 0xD) => "is reserved for the store",
        Ok(category) if category <= 0xF => return Category::Number(category),
        _ => "does not fit in 4 bits",
    };
    errors.add(
        literal,
        format_args!("category {literal} {problem}; use 0x1 to 0xC, 0xE or 0xF"),
    );
    ANY
}
