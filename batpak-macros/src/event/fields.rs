//! What an event carries: named fields, or one payload struct.

use std::collections::HashMap;

use syn::{Data, Fields, GenericArgument, Ident, LitStr, PathArguments, Type};

use super::{Body, Field, Missing, Tag, attributes, serde};
use crate::errors::Errors;
use crate::names::{hygienic, plain, type_text};

/// Collections whose values are tags each, if the field is one.
const COLLECTIONS: &[&str] = &[
    "Option",
    "Vec",
    "VecDeque",
    "BTreeSet",
    "HashSet",
    "LinkedList",
];

/// Types that are no structs, so that a payload cannot be one of them.
const NO_STRUCTS: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool", "char", "String", "Option", "Vec",
];

pub(super) fn body(name: &Ident, sort: &str, fields: &Fields, errors: &mut Errors) -> Body {
    match fields {
        Fields::Unit => Body::Fields(Vec::new()),
        Fields::Named(fields) => {
            let fields = fields.named.iter();
            let fields: Vec<Option<Field>> = fields.map(|f| field(f, errors)).collect();
            match fields.into_iter().collect::<Option<Vec<_>>>() {
                Some(mut fields) => {
                    refuse_shared_keys(&fields, errors);
                    keep_functions_visible(&mut fields);
                    Body::Fields(fields)
                }
                None => Body::Unknown,
            }
        }
        Fields::Unnamed(fields) => {
            let mut types = fields.unnamed.iter();
            let Some(field) = types.next().filter(|field| {
                types.next().is_none() && matches!(&field.ty, Type::Path(_)) && is_struct(&field.ty)
            }) else {
                errors.add(
                    fields,
                    format_args!(
                        "tuple {sort} carry one payload struct: `{name}({name}Body)` or name the fields"
                    ),
                );
                return Body::Unknown;
            };
            if let Some((at, _)) = attributes::tag(&field.attrs, errors) {
                errors.add(
                    at,
                    format_args!("only a field with a name can be a tag: `{name} {{ .. }}`"),
                );
            }
            serde::check(&field.attrs, serde::On::Payload, errors);
            Body::Payload(Box::new(field.ty.clone()))
        }
    }
}

/// Whether a type may be a struct, as far as its name tells.
fn is_struct(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|(name, _)| !NO_STRUCTS.contains(&name.as_str()))
}

/// The last name of a type's path, and the type in its angle brackets.
fn last_segment(ty: &Type) -> Option<(String, Option<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    };
    Some((last.ident.to_string(), inner))
}

/// A field; `None` if its type cannot be one.
fn field(field: &syn::Field, errors: &mut Errors) -> Option<Field> {
    let name = field.ident.clone()?;
    let tag = attributes::tag(&field.attrs, errors);
    let settings = serde::field(&field.attrs, errors);
    let tag = tag.and_then(|(_, text)| {
        let named = text.as_ref().map_or_else(|| plain(&name), LitStr::value);
        let fits = !named.is_empty() && !named.contains(|c: char| c == ':' || c.is_control());
        if !fits && let Some(text) = text {
            errors.add(
                text,
                "a tag's name is not empty and has no colon and no control character",
            );
        }
        fits.then(|| Tag {
            name: named,
            depth: collections(&field.ty),
        })
    });
    if let Type::Reference(reference) = &field.ty {
        let owned = owned(&reference.elem).map_or_else(
            || format!("`{}`", type_text(&reference.elem)),
            str::to_owned,
        );
        errors.add(
            &field.ty,
            format_args!(
                "an event owns its fields: write {owned} instead of `{}`",
                type_text(&field.ty)
            ),
        );
        return None;
    }
    if let Some(path) = &settings.skip_if
        && settings.missing.is_none()
        && (settings.with.is_some() || !is_option(&field.ty))
    {
        errors.add(
            path,
            format_args!("where `{name}` is not written, it could not be read: add `default`"),
        );
    }
    Some(Field {
        key: settings
            .rename
            .map_or_else(|| plain(&name), |name| name.value()),
        aliases: settings.aliases,
        missing: settings.missing,
        with: settings.with,
        skip: settings.skip,
        skip_if: settings.skip_if,
        tag,
        ty: field.ty.clone(),
        local: name.clone(),
        name,
    })
}

/// Refuses fields whose size is not known.
pub(super) fn refuse_unsized(data: &Data, errors: &mut Errors) {
    let fields: Vec<&Fields> = match data {
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| &variant.fields)
            .collect(),
        Data::Struct(data) => vec![&data.fields],
        Data::Union(_) => Vec::new(),
    };
    for field in fields.into_iter().flatten() {
        if let Some(owned) = owned(&field.ty) {
            errors.add(
                &field.ty,
                format_args!(
                    "unsized fields are not supported: write {owned} instead of `{}`",
                    type_text(&field.ty)
                ),
            );
        }
    }
}

/// What to write instead of a type whose size is not known; `None` if it is known.
fn owned(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Slice(_) => Some("`Vec<..>`"),
        Type::TraitObject(_) => Some("an enum or a struct"),
        Type::Path(path) if path.path.is_ident("str") => Some("`String`"),
        _ => None,
    }
}

/// Whether a type is an `Option` by its name.
fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|(name, _)| name == "Option")
}

/// How many collections lie around the values.
fn collections(ty: &Type) -> usize {
    match ty {
        Type::Array(array) => 1 + collections(&array.elem),
        _ => match last_segment(ty) {
            Some((name, Some(inner))) if COLLECTIONS.contains(&name.as_str()) => {
                1 + collections(inner)
            }
            _ => 0,
        },
    }
}

/// That no two fields have a name in common.
fn refuse_shared_keys(fields: &[Field], errors: &mut Errors) {
    let mut owners: HashMap<String, &Ident> = HashMap::new();
    for field in fields.iter().filter(|field| !field.skip) {
        let own = (field.key.clone(), field.name.span());
        let aliases = field.aliases.iter().map(|a| (a.value(), a.span()));
        for (key, span) in std::iter::once(own).chain(aliases) {
            match owners.insert(key.clone(), &field.name) {
                Some(other) if *other != field.name => errors.push(syn::Error::new(
                    span,
                    format_args!("the name `{key}` is already that of the field `{other}`"),
                )),
                _ => {}
            }
        }
    }
}

/// Binds fields by another name where their own would hide a function that serde's attributes name.
fn keep_functions_visible(fields: &mut [Field]) {
    let called: Vec<Ident> = fields
        .iter()
        .flat_map(|field| {
            let default = match &field.missing {
                Some(Missing::Call(path)) => Some(path),
                _ => None,
            };
            [default, field.skip_if.as_ref()]
        })
        .filter_map(|path| path?.path.get_ident().cloned())
        .collect();
    for field in fields {
        if called.contains(&field.name) {
            field.local = hygienic(&format!("{}_value", plain(&field.name)));
        }
    }
}

/// The names in the payload, in declaration order.
pub(super) fn keys(fields: &[Field]) -> impl Iterator<Item = &str> {
    let written = fields.iter().filter(|field| !field.skip);
    written.map(|field| field.key.as_str())
}
