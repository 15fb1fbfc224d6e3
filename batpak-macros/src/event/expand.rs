//! From the kinds of an enum to its `EventPayload`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{EventEnum, EventVariant};
use crate::names::{hygienic, kind_const, plain};

pub(super) fn expand(events: &EventEnum) -> TokenStream {
    let EventEnum { name, krate, .. } = events;
    let constants = constants(events);
    let retired = retired(events);
    let table = events.events.iter().map(|event| {
        let kind = kind_const(&event.name);
        let text = plain(&event.name);
        let fields = event.fields.iter().flatten().map(|(field, _)| plain(field));
        quote!(#krate::KindEntry::new(Self::#kind, #text, 1, &[#(#fields),*]))
    });
    let kinds = events.events.iter().map(|event| {
        let (variant, kind) = (&event.name, kind_const(&event.name));
        quote!(Self::#variant { .. } => Self::#kind)
    });
    let encode = events.events.iter().map(|event| encode(event, krate));
    let decode = events.events.iter().map(|event| decode(event, krate));
    let nothing = events.events.is_empty().then(|| quote!(match *self {}));
    let kind = nothing
        .clone()
        .unwrap_or_else(|| quote!(match self { #(#kinds),* }));
    let encode = nothing.unwrap_or_else(|| quote!(match self { #(#encode)* }));
    let [out, kind_of, version, bytes] = ["out", "kind", "version", "bytes"].map(hygienic);
    quote! {
        #constants

        #[automatically_derived]
        impl #krate::EventPayload for #name {
            const TABLE: &'static [#krate::KindEntry] = &[#(#table),*];
            #retired

            fn kind(&self) -> #krate::EventKind {
                #kind
            }

            fn version(&self) -> ::core::primitive::u16 {
                1
            }

            fn encode(
                &self,
                #out: &mut #krate::expansion::Vec<::core::primitive::u8>,
            ) -> ::core::result::Result<(), #krate::EncodeError> {
                #encode
            }

            fn decode(
                #kind_of: #krate::EventKind,
                #version: ::core::primitive::u16,
                #bytes: &[::core::primitive::u8],
            ) -> ::core::result::Result<Self, #krate::DecodeError> {
                #krate::expansion::check_version::<Self>(#kind_of, #version)?;
                match #kind_of {
                    #(#decode)*
                    _ => ::core::result::Result::Err(#krate::DecodeError::UnknownKind(#kind_of)),
                }
            }
        }
    }
}

/// The kinds of the reserved ids, as ranges; nothing if there are none.
fn retired(events: &EventEnum) -> Option<TokenStream> {
    let EventEnum {
        krate,
        category,
        retired,
        ..
    } = events;
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for id in retired {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *id => *last = *id,
            _ => ranges.push((*id, *id)),
        }
    }
    let kind = |id: u16| quote!(#krate::EventKind::custom(#category, #id));
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

/// A constant per variant, which holds its kind.
fn constants(events: &EventEnum) -> TokenStream {
    let EventEnum {
        name,
        visibility,
        krate,
        category,
        ..
    } = events;
    let constants = events.events.iter().map(|EventVariant { name, id, .. }| {
        let kind = kind_const(name);
        let doc = format!("The kind of [`{}`](Self::{}).", plain(name), plain(name));
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

fn encode(EventVariant { name, fields, .. }: &EventVariant, krate: &TokenStream) -> TokenStream {
    let Some(fields) = fields else {
        return quote!(Self::#name { .. } => ::core::unreachable!(),);
    };
    let [out, writer] = ["out", "writer"].map(hygienic);
    let count = fields.len() as u32;
    let idents = fields.iter().map(|(field, _)| field);
    let writes = fields.iter().map(|(field, _)| {
        let text = plain(field);
        quote!(#writer.field(#text, #field)?;)
    });
    let mutable = (!fields.is_empty()).then(|| quote!(mut));
    quote! {
        Self::#name { #(#idents),* } => {
            let #mutable #writer = #krate::expansion::FieldWriter::new(#out, #count);
            #(#writes)*
            let _ = #writer;
            ::core::result::Result::Ok(())
        }
    }
}

fn decode(EventVariant { name, fields, .. }: &EventVariant, krate: &TokenStream) -> TokenStream {
    let Some(fields) = fields else {
        return TokenStream::new();
    };
    let [bytes, reader, found] = ["bytes", "reader", "found"].map(hygienic);
    let kind = kind_const(name);
    let slots = fields
        .iter()
        .map(|(field, ty)| quote!(let mut #field = ::core::option::Option::<#ty>::None;));
    let reads = fields.iter().map(|(field, _)| {
        let text = plain(field);
        // Spanned, so that a type that cannot be read is pointed at.
        let slot = quote_spanned!(field.span()=> &mut #field);
        quote!(#text => #reader.value(#text, #slot)?,)
    });
    let values = fields.iter().map(|(field, _)| {
        let text = plain(field);
        quote!(#field: #krate::expansion::FieldReader::required(#text, #field)?)
    });
    quote! {
        Self::#kind => {
            #(#slots)*
            let mut #reader = #krate::expansion::FieldReader::new(#bytes)?;
            while let ::core::option::Option::Some(#found) = #reader.next_name()? {
                match #found {
                    #(#reads)*
                    _ => #reader.skip()?,
                }
            }
            ::core::result::Result::Ok(Self::#name { #(#values),* })
        }
    }
}
