//! How one event's payload is written and read.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{Body, Event, Field, Missing};
use crate::names::{hygienic, plain};

/// The arm that writes the event.
pub(super) fn encode(event: &Event, krate: &syn::Path) -> TokenStream {
    let Event {
        constructor, name, ..
    } = event;
    let out = hygienic("out");
    match &event.body {
        Body::Unknown => quote!(#constructor { .. } => ::core::unreachable!(),),
        Body::Payload(ty) => {
            let (payload, name) = (hygienic("payload"), plain(name));
            quote! {
                #constructor(#payload) => {
                    <#ty as #krate::expansion::Value>::write_payload(#payload, #name, #out)
                }
            }
        }
        Body::Fields(fields) => {
            let patterns = fields.iter().map(|field| match field.skip {
                true => {
                    let name = &field.name;
                    quote!(#name: _)
                }
                false => field.pattern(),
            });
            let write = write(fields, krate);
            quote!(#constructor { #(#patterns),* } => { #write })
        }
    }
}

fn write(fields: &[Field], krate: &syn::Path) -> TokenStream {
    let [out, writer] = ["out", "writer"].map(hygienic);
    if fields.iter().all(|field| field.skip) {
        return quote!(#krate::expansion::FieldWriter::none(#out));
    }
    let written = || fields.iter().filter(|field| !field.skip);
    let conditions = written().filter_map(|field| {
        let (Field { local, .. }, skip_if) = (field, field.skip_if.as_ref()?);
        let present = present(field);
        Some(quote!(let #present = !#skip_if(#local);))
    });
    let always = written().filter(|field| field.skip_if.is_none()).count();
    let sometimes = written().filter(|field| field.skip_if.is_some()).map(|f| {
        let present = present(f);
        quote!(+ #present as ::core::primitive::u32)
    });
    // The last one's result is that of the whole.
    let last = written()
        .next_back()
        .filter(|field| field.skip_if.is_none());
    let is_last = |field: &Field| last.is_some_and(|last| std::ptr::eq(last, field));
    let writes = written().map(|field| {
        let Field { local, ty, key, .. } = field;
        let write = match &field.with {
            Some(with) => {
                let serializer = hygienic("serializer");
                quote!(#writer.field_with(#key, |#serializer| #with::serialize(#local, #serializer)))
            }
            None => {
                quote!(<#ty as #krate::expansion::Value>::write(#local, #key, &mut #writer))
            }
        };
        if is_last(field) {
            return write;
        }
        match &field.skip_if {
            None => quote!(#write?;),
            Some(_) => {
                let present = present(field);
                quote!(if #present { #write?; })
            }
        }
    });
    let done = last
        .is_none()
        .then(|| quote!(::core::result::Result::Ok(())));
    let always = Literal::usize_unsuffixed(always);
    quote! {
        #(#conditions)*
        let mut #writer = #krate::expansion::FieldWriter::new(#out, #always #(#sometimes)*);
        #(#writes)*
        #done
    }
}

/// Whether a field that may be left out is written.
fn present(field: &Field) -> Ident {
    hygienic(&format!("writes_{}", plain(&field.name)))
}

/// The arms that read the event: one per earlier version, and that of the newest.
pub(super) fn decode(event: &Event, krate: &syn::Path) -> TokenStream {
    let Event {
        constructor, kind, ..
    } = event;
    let bytes = hygienic("bytes");
    let newest = match &event.body {
        Body::Unknown => return TokenStream::new(),
        Body::Payload(ty) => quote! {
            <#ty as #krate::expansion::Value>::read_payload(#bytes).map(#constructor)
        },
        Body::Fields(fields) => read(constructor, fields, krate),
    };
    let earlier = earlier(event, krate);
    quote! {
        #earlier
        Self::#kind => { #newest }
    }
}

/// Each earlier version is read as its type, and goes up from one type to the next.
fn earlier(event: &Event, krate: &syn::Path) -> TokenStream {
    let [version, bytes] = ["version", "bytes"].map(hygienic);
    let types = &event.earlier;
    let arms = types.iter().enumerate().map(|(at, oldest)| {
        let number = at as u16 + 1;
        let read = quote!(<#oldest as #krate::expansion::Earlier>::read(#bytes)?);
        let value = types[at..]
            .iter()
            .enumerate()
            .fold(read, |value, (i, from)| {
                let into = types
                    .get(at + i + 1)
                    .map_or_else(|| quote!(Self), |ty| quote!(#ty));
                quote!(<#from as #krate::expansion::Upcast<#into>>::upcast(#value))
            });
        let kind = &event.kind;
        quote! {
            Self::#kind if #version == #number => ::core::result::Result::Ok(#value),
        }
    });
    quote!(#(#arms)*)
}

fn read(constructor: &TokenStream, fields: &[Field], krate: &syn::Path) -> TokenStream {
    let [bytes, reader, found, from] = ["bytes", "reader", "found", "from"].map(hygienic);
    let done = hygienic("done");
    let read = || fields.iter().filter(|field| !field.skip);
    let slots = read().map(
        |Field { local, ty, .. }| quote!(let mut #local = ::core::option::Option::<#ty>::None;),
    );
    let reads = read().map(|field| {
        let Field {
            local,
            ty,
            key,
            aliases,
            ..
        } = field;
        let read = match &field.with {
            Some(with) => {
                quote!(#reader.value_with(#key, &mut #local, |#from| #with::deserialize(#from)))
            }
            None => {
                quote!(<#ty as #krate::expansion::Value>::read(#key, &mut #local, &mut #reader))
            }
        };
        quote!(#key #(| #aliases)* => #read,)
    });
    let reads: Vec<TokenStream> = reads.collect();
    let values = fields.iter().map(|field| {
        let (name, value) = (&field.name, value(field, krate));
        quote!(#name: #value)
    });
    if reads.is_empty() {
        return quote! {
            #krate::expansion::FieldReader::none(#bytes, #constructor { #(#values),* })
        };
    }
    quote! {
        #(#slots)*
        let mut #reader = #krate::expansion::FieldReader::new(#bytes);
        while let ::core::option::Option::Some(#found) = #reader.next_name()? {
            let #done = match #found {
                #(#reads)*
                _ => #reader.skip(),
            };
            #done?;
        }
        ::core::result::Result::Ok(#constructor { #(#values),* })
    }
}

/// The field's value once all that is there was read.
fn value(field: &Field, krate: &syn::Path) -> TokenStream {
    let Field { local, ty, key, .. } = field;
    let default = match (&field.missing, field.skip) {
        (Some(Missing::Call(path)), _) => quote!(#path()),
        (Some(Missing::Default), _) | (None, true) => {
            quote!(<#ty as ::core::default::Default>::default())
        }
        (None, false) if field.with.is_some() => {
            return quote!(#krate::expansion::FieldReader::found(#key, #local)?);
        }
        (None, false) => {
            return quote!(<#ty as #krate::expansion::Value>::required(#key, #local)?);
        }
    };
    if field.skip {
        return default;
    }
    let value = hygienic("value");
    quote! {
        match #local {
            ::core::option::Option::Some(#value) => #value,
            ::core::option::Option::None => #default,
        }
    }
}
