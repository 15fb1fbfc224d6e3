//! `#[derive(Event)]`: an enum's kinds, and how its payloads are written and read.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use crate::errors::Errors;

/// An event enum, as far as it could be understood.
struct EventEnum {
    name: Ident,
    visibility: syn::Visibility,
    krate: TokenStream,
    category: u8,
    /// The reserved ids, rising.
    retired: Vec<u16>,
    events: Vec<EventVariant>,
}

/// One kind of event.
struct EventVariant {
    name: Ident,
    id: u16,
    /// `None` if they have no names, which is an error.
    fields: Option<Vec<(Ident, syn::Type)>>,
}

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = errors
        .take(syn::parse2(input))
        .and_then(|input| parse::parse(input, &mut errors));
    // What could be understood is expanded even if something is wrong, so that a missing id does not
    // also make every use of the enum an error.
    let expansion = parsed
        .map(|events| expand::expand(&events))
        .unwrap_or_default();
    let errors = errors.into_tokens();
    quote!(#errors #expansion)
}
