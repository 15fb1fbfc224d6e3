//! `#[projection]`: an `impl` whose methods handle events.

mod check;
mod expand;
mod parse;
mod snapshot;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, ItemImpl, Path, Type};

use crate::errors::{Errors, refuse_generics};

/// A method under `#[on]`, as far as it could be understood.
struct Handler {
    method: Ident,
    events: Vec<Event>,
    arguments: Vec<Argument>,
    /// What it returns, if it says so: then it may refuse an event.
    output: Option<Type>,
    /// Whether it can be called with the arguments: a broken one still names its events.
    is_sound: bool,
}

/// An event that is named in an `#[on(..)]`.
struct Event {
    /// The event enum, or the event itself if it is a struct.
    owner: Path,
    /// The variant of the enum.
    variant: Option<Ident>,
    /// The name for the payload of a tuple: `payload` in `Paid(payload)`.
    payload: Option<Ident>,
}

enum Argument {
    /// A field of the event.
    Field(Ident),
    /// The `&EventMeta`.
    Meta,
}

impl Handler {
    fn takes_meta(&self) -> bool {
        self.arguments
            .iter()
            .any(|argument| matches!(argument, Argument::Meta))
    }

    /// Whether it takes fields of the event alone, and takes every event: then it needs no header and no error.
    fn is_plain(&self) -> bool {
        !self.takes_meta() && self.output.is_none()
    }

    /// The parameters that are fields of the event.
    fn fields(&self) -> impl Iterator<Item = &Ident> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Field(field) => Some(field),
            Argument::Meta => None,
        })
    }
}

impl Event {
    /// As it is named.
    fn path(&self) -> TokenStream {
        let owner = &self.owner;
        match &self.variant {
            Some(variant) => quote!(#owner::#variant),
            None => quote!(#owner),
        }
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let settings = parse::settings(attribute, &mut errors);
    let Ok(mut block) = syn::parse2::<ItemImpl>(item.clone()) else {
        errors.add(&item, "`#[projection]` goes on an `impl`");
        let errors = errors.into_tokens();
        return quote!(#errors #item);
    };
    refuse_generics(&block.generics, "projections", &mut errors);
    if let Some((path, _)) = &block.trait_ {
        errors.add(
            path,
            "`#[projection]` goes on an inherent `impl`, not on that of a trait",
        );
    }
    let Some(mut handlers) = parse::handlers(&mut block, &mut errors) else {
        errors.add(
            &block.self_ty,
            "a projection needs at least one `#[on(..)]` method",
        );
        let errors = errors.into_tokens();
        return quote!(#errors #block);
    };
    check::refuse_repeats(&mut handlers, &mut errors);
    // What stands beside a generic `impl` could not name its parameters.
    let expansion = block.generics.params.is_empty().then(|| {
        let code = snapshot::code(&settings, item);
        expand::expand(&block.self_ty, &settings, &code, &handlers)
    });
    let errors = errors.into_tokens();
    quote!(#errors #block #expansion)
}
