//! `#[gate]`: a function that is a policy and the module beside it, or an `impl` of such methods.

mod check;
mod expand;
mod parse;
mod policy;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Item, ItemFn, Signature, Type, Visibility};

use crate::errors::Errors;
use parse::Settings;

/// A function or method under `#[gate]`, as far as it could be understood.
struct GateFn<'f> {
    attributes: &'f [Attribute],
    visibility: &'f Visibility,
    signature: &'f Signature,
    settings: Settings,
    /// What the parameters point to, behind the receiver if there is one; `None` if the signature
    /// is not that of a gate.
    parameters: Option<Vec<&'f Type>>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let expansion = match errors.take(syn::parse2(item.clone())) {
        Some(Item::Fn(item)) => function(attribute, &item, &mut errors),
        Some(Item::Impl(block)) => policy::expand(attribute, block, &mut errors),
        Some(_) => {
            errors.add(
                &item,
                "`#[gate]` goes on a function, or on an `impl` and its methods",
            );
            item
        }
        None => item,
    };
    let errors = errors.into_tokens();
    quote!(#errors #expansion)
}

fn function(attribute: TokenStream, function: &ItemFn, errors: &mut Errors) -> TokenStream {
    let settings = parse::settings(attribute, errors);
    if let Some(receiver) = function.sig.receiver() {
        errors.add(
            receiver,
            "a method is a gate only in an `impl` that is under `#[gate]` too: `#[gate] impl Policy { .. }`",
        );
        // In an `impl` there can be no module.
        return quote!(#function);
    }
    let parameters = check::function(&function.sig, errors);
    check::message(&function.sig, &function.attrs, &settings, errors);
    let gate = GateFn {
        attributes: &function.attrs,
        visibility: &function.vis,
        signature: &function.sig,
        settings,
        parameters,
    };
    let written = match gate.parameters {
        // That a gate takes references is not its author's choice.
        Some(_) => quote!(#[allow(clippy::trivially_copy_pass_by_ref)] #function),
        None => expand::repaired(function),
    };
    let module = expand::module(&gate);
    let implementation = expand::implementation(&gate);
    quote!(#written #module #implementation)
}
