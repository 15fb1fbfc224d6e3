//! `#[event(..)]` on a type, a variant and a field.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, LitInt, LitStr, Path, Token, Type};

use crate::errors::{Errors, unknown};
use crate::names;

/// Where keys are looked for.
const PLACE: &str = "in `#[event]`";

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
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Enum => &["category", "reserved", "crate"],
            Self::Variant => &["id", "version", "from", "shape", "name"],
            Self::Struct => &[
                "category", "crate", "id", "version", "from", "shape", "name",
            ],
        }
    }
}

pub(super) fn settings(attributes: &[Attribute], on: On, errors: &mut Errors) -> Settings {
    let mut found = Settings::default();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("event")) {
        let parsed = attribute.parse_nested_meta(|meta| setting(&meta, on, &mut found));
        found.incomplete |= errors.take(parsed).is_none();
    }
    found
}

fn setting(meta: &ParseNestedMeta<'_>, on: On, found: &mut Settings) -> syn::Result<()> {
    let keys = on.keys();
    let key = meta.path.get_ident().map(ToString::to_string);
    match key.as_deref().filter(|key| keys.contains(key)) {
        Some("category") => once(meta, &mut found.category, category(meta.value()?)?),
        Some("crate") => once(meta, &mut found.krate, names::crate_path(meta.input)?),
        Some("id") => once(meta, &mut found.id, meta.value()?.parse()?),
        Some("version") => once(meta, &mut found.version, meta.value()?.parse()?),
        Some("shape") => once(meta, &mut found.shape, meta.value()?.parse()?),
        Some("name") => once(meta, &mut found.name, meta.value()?.parse()?),
        Some("from") => {
            let list;
            syn::parenthesized!(list in meta.input);
            let types = Punctuated::<Type, Token![,]>::parse_terminated(&list)?;
            let earlier = Earlier {
                key: meta.path.span(),
                types: types.into_iter().collect(),
            };
            once(meta, &mut found.earlier, earlier)
        }
        Some("reserved") => {
            let list;
            syn::parenthesized!(list in meta.input);
            let list = list.parse_terminated(reserved, Token![,])?;
            found.reserved.extend(list);
            Ok(())
        }
        _ => Err(unknown(&meta.path, "key", PLACE, keys)),
    }
}

/// Keeps a value, unless there is one.
fn once<T>(meta: &ParseNestedMeta<'_>, slot: &mut Option<T>, value: T) -> syn::Result<()> {
    if slot.is_some() {
        let key = meta.path.get_ident();
        let key = key.map_or_else(String::new, ToString::to_string);
        return Err(meta.error(format_args!("`{key}` is given twice")));
    }
    *slot = Some(value);
    Ok(())
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
        let parsed = attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("tag") {
                return Err(unknown(
                    &meta.path,
                    "key",
                    "in `#[event]` on a field",
                    &["tag"],
                ));
            }
            let name = match meta.input.peek(Token![=]) {
                true => Some(meta.value()?.parse()?),
                false => None,
            };
            once(&meta, &mut tag, (meta.path.clone(), name))
        });
        errors.take(parsed);
    }
    tag
}
