//! From handlers to `Projection`, and to a `Fold` per event type.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Path, Type};

use super::parse::Settings;
use super::{Argument, Event, Handler, snapshot};
use crate::names::{self, hygienic, plain};

pub(super) fn expand(
    ty: &Type,
    settings: &Settings,
    code: &Literal,
    handlers: &[Handler],
) -> TokenStream {
    let krate = names::krate(settings.krate.as_ref());
    let version = settings
        .version
        .as_ref()
        .map_or_else(|| quote!(1), |version| quote!(#version));
    let kinds = handlers
        .iter()
        .flat_map(|handler| &handler.events)
        .map(|event| kind(event, &krate));
    let owners = owners(handlers);
    let folds = owners
        .iter()
        .filter(|(_, handlers)| are_plain(handlers))
        .map(|(owner, handlers)| fold(ty, code, owner, handlers, &krate));
    let constants = snapshot::constants(ty, code);
    let functions = snapshot::functions(ty, settings, &krate);
    let [raw, event] = ["raw", "event"].map(hygienic);
    let applies = owners.iter().map(|(owner, handlers)| {
        let take = if are_plain(handlers) {
            quote!(#krate::Fold::<#owner>::fold(self, &#event);)
        } else {
            dispatch(&quote!(&#event), owner, handlers, &krate)
        };
        quote! {
            if let ::core::option::Option::Some(#event) =
                <#owner as #krate::EventPayload>::decode_if(#raw)?
            {
                #take
                return ::core::result::Result::Ok(());
            }
        }
    });
    quote! {
        #(#folds)*

        #[automatically_derived]
        impl #krate::Projection for #ty {
            const KINDS: &'static [#krate::EventKind] =
                &#krate::expansion::distinct_kinds([#(#kinds),*]);
            const VERSION: ::core::primitive::u32 = #version;
            #constants

            fn apply(
                &mut self,
                #raw: &#krate::RawEvent<'_>,
            ) -> ::core::result::Result<(), #krate::FoldError> {
                #(#applies)*
                ::core::result::Result::Ok(())
            }

            #functions
        }
    }
}

/// The kind of an event. That there is such an event is checked in the same expression, so that a
/// misspelled one is one error.
fn kind(event: &Event, krate: &syn::Path) -> TokenStream {
    let owner = &event.owner;
    let table = quote!(<#owner as #krate::EventPayload>::TABLE);
    let is_it = {
        let (alias, path) = (alias(owner), event.aliased());
        let event = hygienic("event");
        quote!({
            #alias
            |#event: &#owner| ::core::matches!(#event, #path { .. })
        })
    };
    match &event.variant {
        Some(variant) => {
            let name = plain(variant);
            quote!(#krate::expansion::kind_named(#table, #name, #is_it))
        }
        None => quote!(#krate::expansion::only_kind(#table, #is_it)),
    }
}

/// A name for an event type within a body. The path itself would be resolved as a type and as the
/// beginning of a pattern: two errors for one mistake.
fn alias(owner: &Path) -> TokenStream {
    let name = alias_name(owner);
    quote!(type #name = #owner;)
}

fn alias_name(owner: &Path) -> Ident {
    Ident::new("Event", Span::call_site().located_at(owner.span()))
}

impl Event {
    /// The event within the scope of [`alias`].
    fn aliased(&self) -> TokenStream {
        let name = alias_name(&self.owner);
        match &self.variant {
            Some(variant) => quote!(#name::#variant),
            None => quote!(#name),
        }
    }
}

fn are_plain(handlers: &[&Handler]) -> bool {
    handlers.iter().all(|handler| handler.is_plain())
}

/// The handlers of each event type, in the order of its first mention.
fn owners(handlers: &[Handler]) -> Vec<(&Path, Vec<&Handler>)> {
    let mut owners: Vec<(&Path, Vec<&Handler>)> = Vec::new();
    for handler in handlers {
        for event in &handler.events {
            let at = owners
                .iter()
                .position(|(known, _)| same(known, &event.owner))
                .unwrap_or_else(|| {
                    owners.push((&event.owner, Vec::new()));
                    owners.len() - 1
                });
            let known = &mut owners[at].1;
            if !known.iter().any(|known| std::ptr::eq(*known, handler)) {
                known.push(handler);
            }
        }
    }
    owners
}

/// Whether two paths are written alike.
fn same(a: &Path, b: &Path) -> bool {
    quote!(#a).to_string() == quote!(#b).to_string()
}

fn fold(
    ty: &Type,
    code: &Literal,
    owner: &Path,
    handlers: &[&Handler],
    krate: &syn::Path,
) -> TokenStream {
    let event = hygienic("event");
    let dispatch = dispatch(&quote!(#event), owner, handlers, krate);
    quote! {
        #[automatically_derived]
        impl #krate::Fold<#owner> for #ty {
            const CODE: ::core::primitive::u64 = #code;

            fn fold(&mut self, #event: &#owner) {
                #dispatch
            }
        }
    }
}

/// A `match` on the reference `event` that calls the handler of each of its events.
fn dispatch(event: &TokenStream, owner: &Path, handlers: &[&Handler], krate: &Path) -> TokenStream {
    let arms = handlers.iter().flat_map(|handler| {
        let events = handler.events.iter();
        events
            .filter(|event| same(&event.owner, owner))
            .map(|event| arm(event, handler, krate))
    });
    let alias = alias(owner);
    quote! {
        #alias
        #[allow(unreachable_patterns)]
        match #event {
            #(#arms)*
            _ => {}
        }
    }
}

fn arm(event: &Event, handler: &Handler, krate: &Path) -> TokenStream {
    let path = event.aliased();
    if !handler.is_sound {
        return quote!(#path { .. } => {});
    }
    let raw = hygienic("raw");
    let method = &handler.method;
    let arguments = handler.arguments.iter().map(|argument| match argument {
        Argument::Field(field) => quote!(#field),
        Argument::Meta => quote!(&#raw.meta),
    });
    let mut fields = handler.fields();
    let pattern = match &event.payload {
        Some(payload) => {
            let taken = fields.next().map(|field| quote!(#field));
            let taken = taken.unwrap_or_else(|| quote!(_));
            quote_spanned!(payload.span()=> { 0: #taken, .. })
        }
        None => quote!({ #(#fields,)* .. }),
    };
    let call = quote!(self.#method(#(#arguments),*));
    let call = match &handler.output {
        Some(output) => quote!(<#output as #krate::expansion::Handled>::into_result(#call)?),
        None => call,
    };
    quote!(#path #pattern => #call,)
}
