//! The `key = value` lists in the parentheses of attributes.

use proc_macro2::{TokenStream, TokenTree};
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Path, Token};

use crate::errors::{Errors, closest, unknown};
use crate::names;

/// The keys that a list may have, and where it stands, as messages call it.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) keys: &'static [&'static str],
    pub(crate) place: &'static str,
}

/// One key of a list, read up to its name.
pub(crate) struct Key<'m> {
    /// The name, one of the known ones.
    pub(crate) name: &'static str,
    /// Whether it is written so, and not only meant.
    is_exact: bool,
    meta: &'m ParseNestedMeta<'m>,
    errors: &'m mut Errors,
}

/// Reads the list of an attribute. Whether all of it could be read.
pub(crate) fn of_attribute(
    attribute: &Attribute,
    known: Known,
    errors: &mut Errors,
    mut key: impl FnMut(Key<'_>) -> syn::Result<()>,
) -> bool {
    let before = errors.count();
    let parsed = attribute.parse_nested_meta(|meta| one(&meta, known, errors, &mut key));
    errors.take(parsed);
    errors.count() == before
}

/// Reads a list by itself. Whether all of it could be read.
pub(crate) fn of_list(
    list: TokenStream,
    known: Known,
    errors: &mut Errors,
    mut key: impl FnMut(Key<'_>) -> syn::Result<()>,
) -> bool {
    let before = errors.count();
    let parsed = syn::meta::parser(|meta| one(&meta, known, errors, &mut key)).parse2(list);
    errors.take(parsed);
    errors.count() == before
}

/// Reads one key. One that is not known is reported, and taken for the one that may have been meant, so
/// that what is said with it is not missed elsewhere.
fn one(
    meta: &ParseNestedMeta<'_>,
    known: Known,
    errors: &mut Errors,
    key: &mut impl FnMut(Key<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let name = meta.path.get_ident().map(names::plain).unwrap_or_default();
    let mut keys = known.keys.iter().copied();
    let exact = keys.find(|key| *key == name);
    let meant = match exact {
        Some(key) => Some(key),
        None => {
            errors.push(unknown(&meta.path, "key", known.place, known.keys));
            let close = closest(&name, known.keys.iter().copied());
            close.filter(|close| !follows(close, meta.input))
        }
    };
    if let Some(name) = meant {
        let is_exact = exact.is_some();
        let said = key(Key {
            name,
            is_exact,
            meta,
            errors,
        });
        errors.take(said);
    }
    // What is left of a value that cannot be read does not hide the keys behind it.
    skip_value(meta)
}

/// Whether the key itself is further on in the list.
fn follows(key: &str, input: ParseStream<'_>) -> bool {
    let rest = input.fork();
    while let Ok(token) = rest.parse::<TokenTree>() {
        if matches!(token, TokenTree::Ident(name) if name == key) {
            return true;
        }
    }
    false
}

/// Passes over whatever is said of a key.
pub(crate) fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        meta.input.parse::<TokenTree>()?;
    }
    Ok(())
}

impl<'m> Key<'m> {
    /// Where the key stands.
    pub(crate) fn path(&self) -> &'m Path {
        &self.meta.path
    }

    /// Reads `= value`, if there is one.
    pub(crate) fn optional_value<T: Parse>(&self) -> syn::Result<Option<T>> {
        match self.meta.input.peek(Token![=]) {
            true => self.meta.value()?.parse().map(Some),
            false => Ok(None),
        }
    }

    /// Reads `= value` into its slot, which it may have once.
    pub(crate) fn value<T: Parse>(self, slot: &mut Option<T>) -> syn::Result<()> {
        self.value_with(slot, T::parse)
    }

    /// Reads `= value` by `parse`.
    pub(crate) fn value_with<T>(
        self,
        slot: &mut Option<T>,
        parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    ) -> syn::Result<()> {
        let value = parse(self.meta.value()?)?;
        self.keep(slot, value);
        Ok(())
    }

    /// Reads the path of `crate = path` or the like.
    pub(crate) fn path_value(self, slot: &mut Option<Path>) -> syn::Result<()> {
        self.value_with(slot, Path::parse_mod_style)
    }

    /// Reads a list in parentheses, its elements by `parse`.
    pub(crate) fn list<T>(
        &self,
        parse: impl FnMut(ParseStream<'_>) -> syn::Result<T>,
    ) -> syn::Result<Vec<T>> {
        let list;
        syn::parenthesized!(list in self.meta.input);
        let mut parse = parse;
        let mut elements = Vec::new();
        while !list.is_empty() {
            elements.push(parse(&list)?);
            if !list.is_empty() {
                list.parse::<Token![,]>()?;
            }
        }
        Ok(elements)
    }

    /// Keeps what the key says, and reports it if it is said twice.
    pub(crate) fn keep<T>(self, slot: &mut Option<T>, value: T) {
        if slot.replace(value).is_some() && self.is_exact {
            let (path, name) = (&self.meta.path, self.name);
            let message = format!("`{name}` is given twice");
            self.errors.add(path, message);
        }
    }
}
