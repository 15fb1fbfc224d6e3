//! What `#[gate(..)]` says.

use proc_macro2::TokenStream;
use syn::{Attribute, LitStr, Meta, Path};

use crate::errors::Errors;
use crate::keys::{self, Known};

const KNOWN: Known = Known {
    keys: &["code", "message", "crate"],
    place: "in `#[gate]`",
};

const OF_A_POLICY: Known = Known {
    keys: &["crate"],
    place: "in the `#[gate]` of an `impl`",
};

#[derive(Default)]
pub(super) struct Settings {
    pub(super) code: Option<LitStr>,
    pub(super) message: Option<LitStr>,
    pub(super) krate: Option<Path>,
}

/// `#[gate(..)]` on a function or a method.
pub(super) fn settings(attribute: TokenStream, errors: &mut Errors) -> Settings {
    let mut settings = Settings::default();
    keys::of_list(attribute, KNOWN, errors, |key| match key.name {
        "code" => key.value(&mut settings.code),
        "message" => key.value(&mut settings.message),
        _ => key.path_value(&mut settings.krate),
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
    keys::of_list(attribute, OF_A_POLICY, errors, |key| {
        key.path_value(&mut krate)
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
