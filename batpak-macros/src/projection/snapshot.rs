//! How a projection is told from others, and kept.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::parse::Settings;
use crate::fingerprint::Fingerprint;
use crate::names::{self, hygienic};

/// What the handlers say, as a number. The version is in it, for the machines whose data this is.
pub(super) fn code(settings: &Settings, item: TokenStream) -> Literal {
    let mut print = Fingerprint::new();
    print.tokens(settings.version.to_token_stream());
    print.tokens(item);
    print.literal()
}

/// `NAME` and `CODE`.
pub(super) fn constants(ty: &Type, code: &Literal) -> TokenStream {
    let name = format!("::{}", names::type_text(ty));
    quote! {
        const NAME: &'static ::core::primitive::str =
            ::core::concat!(::core::module_path!(), #name);
        const CODE: ::core::primitive::u64 = #code;
    }
}

/// `save` and `restore`, if states may be kept.
pub(super) fn functions(ty: &Type, settings: &Settings, krate: &syn::Path) -> Option<TokenStream> {
    settings.snapshot?;
    let bytes = hygienic("bytes");
    // Spanned, so that a type which cannot be kept is pointed at.
    let span = ty.span().resolved_at(Span::call_site());
    let (save, restore) = (
        quote_spanned!(span=> <#ty as #krate::expansion::Snapshot>::save(self)),
        quote_spanned!(span=> <#ty as #krate::expansion::Snapshot>::restore(#bytes)),
    );
    Some(quote! {
        fn save(
            &self,
        ) -> ::core::option::Option<
            ::core::result::Result<#krate::expansion::Vec<::core::primitive::u8>, #krate::EncodeError>,
        > {
            ::core::option::Option::Some(#save)
        }

        fn restore(#bytes: &[::core::primitive::u8]) -> ::core::option::Option<Self> {
            #restore
        }
    })
}
