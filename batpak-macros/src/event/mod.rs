//! `#[derive(Event)]`: a type's kinds, and how its payloads are written and read.

mod attributes;
mod codec;
mod expand;
mod fields;
mod ids;
mod parse;
mod serde;
mod shape;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{ExprPath, Ident, LitStr, Path, Type};

use crate::errors::Errors;

/// An event type, as far as it could be understood.
struct EventType {
    name: Ident,
    visibility: syn::Visibility,
    krate: syn::Path,
    category: Category,
    /// The reserved ids, rising.
    retired: Vec<u16>,
    /// One per variant, or the struct itself.
    events: Vec<Event>,
}

/// Where the category of all kinds comes from.
enum Category {
    Number(u8),
    /// A type declared by `category!`.
    Declared(Path),
}

/// One kind of event.
struct Event {
    /// How its values are written: `Self::Paid`, or `Self` for a struct.
    constructor: TokenStream,
    /// The variant's or struct's name.
    name: Ident,
    /// The constant that holds its kind.
    kind: Ident,
    id: u16,
    /// Where the id is written; `None` if it has none of its own, which is an error.
    id_span: Option<Span>,
    /// The name in the table.
    recorded: String,
    version: u16,
    /// The payload types of the earlier versions, oldest first.
    earlier: Vec<Type>,
    shape: u16,
    body: Body,
}

/// What an event carries.
enum Body {
    Fields(Vec<Field>),
    /// One payload struct, whose fields are the event's.
    Payload(Box<Type>),
    /// It has an error.
    Unknown,
}

struct Field {
    name: Ident,
    /// What its value is bound to: its name, unless that is also the name of a function that is called.
    local: Ident,
    ty: Type,
    /// Its name in the payload.
    key: String,
    /// Further names that it is read by.
    aliases: Vec<LitStr>,
    /// What it is where it is missing.
    missing: Option<Missing>,
    /// The module through which it is written and read.
    with: Option<ExprPath>,
    /// Neither written nor read.
    skip: bool,
    /// The function that says when not to write it.
    skip_if: Option<ExprPath>,
    tag: Option<Tag>,
}

impl Field {
    /// The pattern that binds it.
    fn pattern(&self) -> TokenStream {
        let Self { name, local, .. } = self;
        match name == local {
            true => quote!(#name),
            false => quote!(#name: #local),
        }
    }
}

/// The value of a field that is not in the payload.
enum Missing {
    Default,
    Call(ExprPath),
}

/// `#[event(tag)]`: the value is a tag of the event.
struct Tag {
    name: String,
    /// How many collections lie around the value: one for `Option<T>` and `Vec<T>`.
    depth: usize,
}

impl Event {
    fn fields(&self) -> &[Field] {
        match &self.body {
            Body::Fields(fields) => fields,
            Body::Payload(_) | Body::Unknown => &[],
        }
    }
}

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = errors
        .take(syn::parse2(input))
        .and_then(|input| parse::parse(input, &mut errors));
    // What could be understood is expanded even if something is wrong, so that a missing id does not
    // also make every use of the type an error.
    let expansion = parsed
        .map(|events| expand::expand(&events))
        .unwrap_or_default();
    let errors = errors.into_tokens();
    quote!(#errors #expansion)
}
