//! From the kinds of a type to its `EventPayload`.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

use super::{Category, Event, EventType, codec, fields};
use crate::names::{self, hygienic, plain};

pub(super) fn expand(events: &EventType) -> TokenStream {
    let EventType { name, krate, .. } = events;
    let constants = constants(events);
    let slots = slots(events);
    let table = events.events.iter().map(|event| entry(event, krate));
    let retired = retired(events);
    let kinds = events.events.iter().map(|event| {
        let Event {
            constructor, kind, ..
        } = event;
        quote!(#constructor { .. } => Self::#kind)
    });
    let encode = events.events.iter().map(|e| codec::encode(e, krate));
    let decode = events.events.iter().map(|e| codec::decode(e, krate));
    let nothing = events.events.is_empty().then(|| quote!(match *self {}));
    let kind = nothing
        .clone()
        .unwrap_or_else(|| quote!(match self { #(#kinds),* }));
    let encode = nothing.unwrap_or_else(|| quote!(match self { #(#encode)* }));
    let version = version(events);
    let tags = tags(events);
    let [out, kind_of, version_of, bytes] = ["out", "kind", "version", "bytes"].map(hygienic);
    quote! {
        #constants
        #slots

        #[automatically_derived]
        impl #krate::EventPayload for #name {
            const TABLE: &'static [#krate::KindEntry] = &[#(#table),*];
            #retired

            fn kind(&self) -> #krate::EventKind {
                #kind
            }

            fn version(&self) -> ::core::primitive::u16 {
                #version
            }

            fn encode(
                &self,
                #out: &mut #krate::expansion::Vec<::core::primitive::u8>,
            ) -> ::core::result::Result<(), #krate::EncodeError> {
                #encode
            }

            fn decode(
                #kind_of: #krate::EventKind,
                #version_of: ::core::primitive::u16,
                #bytes: &[::core::primitive::u8],
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                #krate::expansion::check_version::<Self>(#kind_of, #version_of)?;
                match #kind_of {
                    #(#decode)*
                    _ => ::core::result::Result::Err(#krate::DecodeError::UnknownKind(#kind_of)),
                }
            }

            #tags
        }
    }
}

fn entry(event: &Event, krate: &syn::Path) -> TokenStream {
    let Event {
        name,
        kind,
        recorded,
        version,
        shape,
        ..
    } = event;
    let fields = fields::keys(event.fields());
    let (version, shape) = (Literal::u16_unsuffixed(*version), names::hex(*shape, 4));
    let name = plain(name);
    let declared = (name != *recorded).then(|| quote!(.declared_as(#name)));
    quote! {
        #krate::KindEntry::new(Self::#kind, #recorded, #version, &[#(#fields),*], #shape) #declared
    }
}

fn version(events: &EventType) -> TokenStream {
    let mut newer = events
        .events
        .iter()
        .filter(|event| event.version != 1)
        .peekable();
    if newer.peek().is_none() {
        return quote!(1);
    }
    let first = events.events.iter().any(|event| event.version == 1);
    let first = first.then(|| quote!(_ => 1));
    let newer = newer.map(|event| {
        let Event {
            constructor,
            version,
            ..
        } = event;
        quote!(#constructor { .. } => #version,)
    });
    quote!(match self { #(#newer)* #first })
}

/// `tags`, if a field is one.
fn tags(events: &EventType) -> Option<TokenStream> {
    let krate = &events.krate;
    let tags = hygienic("tags");
    let is_tagged = |event: &&Event| event.fields().iter().any(|field| field.tag.is_some());
    let tagged: Vec<&Event> = events.events.iter().filter(is_tagged).collect();
    let others = (tagged.len() < events.events.len()).then(|| quote!(_ => {}));
    let arms: Vec<_> = tagged
        .into_iter()
        .map(|event| {
            let constructor = &event.constructor;
            let fields = || event.fields().iter().filter(|field| field.tag.is_some());
            let names = fields().map(|field| &field.name);
            let pushes = fields().filter_map(|field| {
                let (name, tag) = (&field.name, field.tag.as_ref()?);
                let text = &tag.name;
                let push = quote!(#tags.push(#krate::Tag::new(#text, #name)?););
                // `into_iter` by name: a loop over an `Option` itself is linted against.
                let each = |push, _| {
                    quote!(for #name in ::core::iter::IntoIterator::into_iter(#name) { #push })
                };
                Some((0..tag.depth).fold(push, each))
            });
            quote!(#constructor { #(#names,)* .. } => { #(#pushes)* })
        })
        .collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn tags(
                &self,
            ) -> ::core::result::Result<#krate::expansion::Vec<#krate::Tag>, #krate::TagError> {
                let mut #tags = #krate::expansion::Vec::new();
                match self {
                    #(#arms)*
                    #others
                }
                ::core::result::Result::Ok(#tags)
            }
        }
    })
}

/// The category of all kinds, as a number.
fn category(events: &EventType) -> TokenStream {
    let krate = &events.krate;
    match &events.category {
        Category::Number(number) => {
            let number = names::hex(u16::from(*number), 1);
            quote!(#number)
        }
        Category::Declared(path) => quote!(<#path as #krate::Category>::CATEGORY),
    }
}

/// Claims the ids in a declared category, so that two claims of one id are conflicting impls.
fn slots(events: &EventType) -> Option<TokenStream> {
    let EventType { name, krate, .. } = events;
    let Category::Declared(path) = &events.category else {
        return None;
    };
    let claims: Vec<_> = events
        .events
        .iter()
        .filter_map(|event| {
            let id = event.id;
            // Spanned, so that a conflict is shown at both ids.
            Some(quote_spanned! {event.id_span?=>
                impl #krate::expansion::KindSlot<#id, #path>
                    for #krate::expansion::Claimant<#path, #name, HERE> {}
            })
        })
        .collect();
    (!claims.is_empty()).then(|| {
        quote! {
            const _: () = {
                const HERE: ::core::primitive::bool = <#path as #krate::Category>::HOME.is(
                    #krate::expansion::Home::new(
                        ::core::module_path!(),
                        ::core::option_env!("CARGO_BIN_NAME"),
                    ),
                );
                #(#claims)*
            };
        }
    })
}

/// The kinds of the reserved ids, as ranges; nothing if there are none.
fn retired(events: &EventType) -> Option<TokenStream> {
    let EventType { krate, retired, .. } = events;
    let category = category(events);
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for id in retired {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *id => *last = *id,
            _ => ranges.push((*id, *id)),
        }
    }
    let kind = |id: u16| {
        let id = names::hex(id, 3);
        quote!(#krate::EventKind::custom(#category, #id))
    };
    let ranges: Vec<_> = ranges
        .into_iter()
        .map(|(first, last)| {
            let (first, last) = (kind(first), kind(last));
            quote!((#first, #last))
        })
        .collect();
    (!ranges.is_empty()).then(|| {
        quote! {
            const RETIRED: &'static [(#krate::EventKind, #krate::EventKind)] = &[#(#ranges),*];
        }
    })
}

/// A constant per kind.
fn constants(events: &EventType) -> TokenStream {
    let EventType {
        name,
        visibility,
        krate,
        ..
    } = events;
    let category = category(events);
    let constants = events.events.iter().map(|event| {
        let (kind, id) = (&event.kind, names::hex(event.id, 3));
        let doc = match event.name == *name && *kind == "KIND" {
            true => " The kind of this event.".to_owned(),
            false => {
                let variant = plain(&event.name);
                format!(" The kind of [`{variant}`](Self::{variant}).")
            }
        };
        quote! {
            #[doc = #doc]
            #visibility const #kind: #krate::EventKind = #krate::EventKind::custom(#category, #id);
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #name {
            #(#constants)*
        }
    }
}
