//! What `#[gate(..)]` says.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Attribute, Expr, LitStr, Meta, Path, Token};

use crate::errors::{Errors, unknown};
use crate::names;

const KEYS: &[&str] = &["code", "message", "crate"];

#[derive(Default)]
pub(super) struct Settings {
    pub(super) code: Option<LitStr>,
    pub(super) message: Option<LitStr>,
    pub(super) krate: Option<Path>,
}

/// `#[gate(..)]` on a function or a method.
pub(super) fn settings(attribute: TokenStream, errors: &mut Errors) -> Settings {
    let mut settings = Settings::default();
    keys(attribute, errors, |meta, errors| {
        if meta.path.is_ident("code") {
            once(&mut settings.code, meta, meta.value()?.parse()?, errors);
        } else if meta.path.is_ident("message") {
            once(&mut settings.message, meta, meta.value()?.parse()?, errors);
        } else if meta.path.is_ident("crate") {
            let path = names::crate_path(meta.input)?;
            once(&mut settings.krate, meta, path, errors);
        } else {
            pass_over(
                meta,
                unknown(&meta.path, "key", "in `#[gate]`", KEYS),
                errors,
            )?;
        }
        Ok(())
    });
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(code) = &settings.code
        && (code.value().is_empty() || !code.value().chars().all(valid))
    {
        let text = code.value();
        errors.add(
            code,
            format_args!("gate code `{text}` must be ASCII letters, digits and `_`"),
        );
    }
    settings
}

/// `#[gate(..)]` on an `impl`: where batpak is.
pub(super) fn policy_settings(attribute: TokenStream, errors: &mut Errors) -> Option<Path> {
    let mut krate = None;
    keys(attribute, errors, |meta, errors| {
        if meta.path.is_ident("crate") {
            let path = names::crate_path(meta.input)?;
            once(&mut krate, meta, path, errors);
            return Ok(());
        }
        let place = "in the `#[gate]` of an `impl`";
        let known = unknown(&meta.path, "key", place, &["crate"]);
        pass_over(meta, known, errors)
    });
    krate
}

/// Takes the `#[gate]` off a method, and gives what stands in its parentheses.
pub(super) fn take_attribute(
    attributes: &mut Vec<Attribute>,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let mut found = None;
    attributes.retain(|attribute| {
        let last = attribute.path().segments.last();
        if last.is_none_or(|last| last.ident != "gate") {
            return true;
        }
        let content = match &attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            Meta::Path(_) => TokenStream::new(),
            Meta::NameValue(_) => {
                errors.add(attribute, "write `#[gate(code = \"..\")]`");
                TokenStream::new()
            }
        };
        found = Some(content);
        false
    });
    found
}

/// Reads `key = value, ..`; a mistake in one key does not hide those in the next ones.
fn keys(
    attribute: TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(&ParseNestedMeta<'_>, &mut Errors) -> syn::Result<()>,
) {
    let result = syn::meta::parser(|meta| read(&meta, errors)).parse2(attribute);
    errors.take(result);
}

/// Adds the error of a key, and passes over its value.
fn pass_over(
    meta: &ParseNestedMeta<'_>,
    error: syn::Error,
    errors: &mut Errors,
) -> syn::Result<()> {
    errors.push(error);
    if meta.input.parse::<Option<Token![=]>>()?.is_some() {
        meta.input.parse::<Expr>()?;
    }
    Ok(())
}

/// Keeps the value of a key that may stand there once.
fn once<T>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T, errors: &mut Errors) {
    if slot.replace(value).is_some() {
        let key = meta.path.get_ident().map(names::plain).unwrap_or_default();
        errors.add(
            &meta.path,
            format_args!("`{key}` is given twice in `#[gate]`"),
        );
    }
}
