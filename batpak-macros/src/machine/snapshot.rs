//! How the fold of a machine is told from others, and kept.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::Machine;
use crate::fingerprint::Fingerprint;
use crate::names::plain;

/// What the states and the arms say, as a number. Gates and commands are not in it: a replay asks none.
fn fingerprint(machine: &Machine) -> Literal {
    let mut print = Fingerprint::new();
    print.tokens(machine.states_item.variants.to_token_stream());
    for state in machine.states.iter().filter(|state| state.initial) {
        print.tokens(state.name.to_token_stream());
    }
    for arm in &machine.raw_arms {
        print.tokens(arm.pattern.clone());
        print.tokens(arm.guard.clone().unwrap_or_default());
        print.tokens(arm.body.clone());
    }
    print.literal()
}

/// `PATH` and `CODE`.
pub(super) fn constants(machine: &Machine) -> TokenStream {
    let name = format!("::{}", plain(&machine.name));
    let fingerprint = fingerprint(machine);
    quote! {
        const PATH: &'static ::core::primitive::str =
            ::core::concat!(::core::module_path!(), #name);
        const CODE: ::core::primitive::u64 = #fingerprint;
    }
}

/// `SNAPSHOT`, if the fold may be kept.
pub(super) fn kept(machine: &Machine) -> Option<TokenStream> {
    machine.attributes.snapshot?;
    let Machine { name, krate, .. } = machine;
    // Spanned, so that a type which cannot be kept is pointed at.
    let spanned = |ty: TokenStream| {
        let span = ty.span().resolved_at(Span::call_site());
        quote_spanned!(span=> #ty)
    };
    let (state, data) = (spanned(quote!(#name)), spanned(machine.data()));
    Some(quote! {
        const SNAPSHOT: ::core::option::Option<#krate::expansion::Kept<Self>> =
            ::core::option::Option::Some(#krate::expansion::kept::<#state, #data>());
    })
}
