//! `#[event(..)]` on a type, a variant and a field.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, LitInt, LitStr, Path, Token, Type};

use crate::errors::Errors;
use crate::keys::{self, Key, Known};

/// What `#[event(..)]` says on a type or variant.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) category: Option<CategorySetting>,
    pub(super) reserved: Vec<Reserved>,
    pub(super) krate: Option<Path>,
    pub(super) id: Option<LitInt>,
    pub(super) version: Option<LitInt>,
    pub(super) earlier: Option<Earlier>,
    pub(super) shape: Option<LitInt>,
    pub(super) name: Option<LitStr>,
    /// Something could not be read, so that what seems to be missing may be there.
    pub(super) incomplete: bool,
}

/// `category = 0x1` or `category = Orders`.
pub(super) enum CategorySetting {
    Number(LitInt),
    Declared(Path),
}

/// Ids that must not be used.
pub(super) struct Reserved {
    pub(super) first: LitInt,
    pub(super) last: LitInt,
    pub(super) was: Option<LitStr>,
}

/// `from(PaidV1, PaidV2)`.
pub(super) struct Earlier {
    pub(super) key: Span,
    pub(super) types: Vec<Type>,
}

/// What the attributes are on, and so which keys they take.
#[derive(Clone, Copy)]
pub(super) enum On {
    Enum,
    Variant,
    Struct,
}

impl On {
    fn known(self) -> Known {
        let keys: &[&str] = match self {
            Self::Enum => &["category", "reserved", "crate"],
            Self::Variant => &["id", "version", "from", "shape", "name"],
            Self::Struct => &[
                "category", "crate", "id", "version", "from", "shape", "name",
            ],
        };
        let place = "in `#[event]`";
        Known { keys, place }
    }
}

const ON_A_FIELD: Known = Known {
    keys: &["tag"],
    place: "in `#[event]` on a field",
};

pub(super) fn settings(attributes: &[Attribute], on: On, errors: &mut Errors) -> Settings {
    let mut found = Settings::default();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("event")) {
        let is_whole = keys::of_attribute(attribute, on.known(), errors, |key| {
            setting(key, &mut found)
        });
        found.incomplete |= !is_whole;
    }
    found
}

fn setting(key: Key<'_>, found: &mut Settings) -> syn::Result<()> {
    match key.name {
        "category" => key.value_with(&mut found.category, category),
        "crate" => key.path_value(&mut found.krate),
        "id" => key.value(&mut found.id),
        "version" => key.value(&mut found.version),
        "shape" => key.value(&mut found.shape),
        "name" => key.value(&mut found.name),
        "from" => {
            let types = key.list(Type::parse)?;
            let earlier = Earlier {
                key: key.path().span(),
                types,
            };
            key.keep(&mut found.earlier, earlier);
            Ok(())
        }
        _ => {
            found.reserved.extend(key.list(reserved)?);
            Ok(())
        }
    }
}

fn category(input: ParseStream<'_>) -> syn::Result<CategorySetting> {
    if input.peek(syn::Lit) {
        input.parse().map(CategorySetting::Number)
    } else {
        input
            .call(Path::parse_mod_style)
            .map(CategorySetting::Declared)
    }
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

/// `#[event(tag)]` or `#[event(tag = "course")]` on a field: where, and the name if there is one.
pub(super) fn tag(attributes: &[Attribute], errors: &mut Errors) -> Option<(Path, Option<LitStr>)> {
    let mut tag = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("event")) {
        keys::of_attribute(attribute, ON_A_FIELD, errors, |key| {
            let named = (key.path().clone(), key.optional_value()?);
            key.keep(&mut tag, named);
            Ok(())
        });
    }
    tag
}
