//! `#[gate]` on an `impl`: its methods under `#[gate]` are gates that share what the policy holds.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::{ImplItem, ItemImpl, Lifetime, Type};

use super::expand::{Context, module_of, repaired_signature, stand_in};
use super::parse::{self, Settings};
use super::{GateFn, check};
use crate::errors::Errors;
use crate::names::{self, hygienic, plain};

pub(super) fn expand(
    attribute: TokenStream,
    mut block: ItemImpl,
    errors: &mut Errors,
) -> TokenStream {
    let krate = parse::policy_settings(attribute, errors);
    if let Some((path, _)) = &block.trait_ {
        errors.add(
            path,
            "`#[gate]` goes on an inherent `impl`, not on that of a trait",
        );
    }
    let generic = generic(&block);
    if let Some(found) = &generic {
        errors.add(found, "a gate is pure: it cannot be generic");
    }
    let mut settings = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let attribute = parse::take_attribute(&mut method.attrs, errors);
        if attribute.is_some() {
            // That a gate takes references is not its author's choice.
            let lint = syn::parse_quote!(#[allow(clippy::trivially_copy_pass_by_ref)]);
            method.attrs.push(lint);
        }
        settings.push(attribute.map(|attribute| {
            let mut settings = parse::settings(attribute, errors);
            settings.krate = settings.krate.take().or_else(|| krate.clone());
            settings
        }));
    }
    if settings.iter().all(Option::is_none) {
        errors.add(
            &block.self_ty,
            "a policy needs at least one method under `#[gate]`",
        );
    }
    let gates = gates(&block, settings, errors);
    let expansions = gates
        .iter()
        // What stands beside the `impl` could not name its parameters.
        .filter(|_| generic.is_none())
        .map(|gate| beside(&block.self_ty, gate));
    quote!(#block #(#expansions)*)
}

/// The first parameter of the block, or lifetime in its type.
fn generic(block: &ItemImpl) -> Option<TokenStream> {
    let mut borrowed = FirstLifetime(None);
    borrowed.visit_type(&block.self_ty);
    let parameter = block.generics.params.first();
    parameter
        .map(ToTokens::to_token_stream)
        .or_else(|| borrowed.0.map(ToTokens::to_token_stream))
}

struct FirstLifetime<'t>(Option<&'t Lifetime>);

impl<'t> Visit<'t> for FirstLifetime<'t> {
    fn visit_lifetime(&mut self, lifetime: &'t Lifetime) {
        if lifetime.ident != "static" {
            self.0 = self.0.or(Some(lifetime));
        }
        visit::visit_lifetime(self, lifetime);
    }
}

/// The methods that are gates; `settings` has an entry per method of the block.
fn gates<'b>(
    block: &'b ItemImpl,
    settings: Vec<Option<Settings>>,
    errors: &mut Errors,
) -> Vec<GateFn<'b>> {
    let methods = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    });
    methods
        .zip(settings)
        .filter_map(|(method, settings)| {
            let settings = settings?;
            let parameters = check::method(&method.sig, errors);
            check::message(&method.sig, &method.attrs, &settings, errors);
            Some(GateFn {
                attributes: &method.attrs,
                visibility: &method.vis,
                signature: &method.sig,
                settings,
                parameters,
            })
        })
        .collect()
}

/// What stands beside the `impl` for a method: a function, a module, and the module's `Gate`.
fn beside(policy: &Type, gate: &GateFn<'_>) -> TokenStream {
    let name = plain(&gate.signature.ident);
    let text = names::type_text(policy);
    let doc = format!(" The gate [`{text}::{name}`] as a value.");
    let value = quote! {
        /// The gate of the policy that it holds: one that is lent, shared or owned.
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
        pub struct Gate<P>(pub P);
    };
    let module = module_of(gate, &doc, &value);
    let function = function(policy, gate);
    let implementation = implementation(policy, gate);
    quote!(#function #module #implementation)
}

/// The method as a function whose first parameter is the policy.
fn function(policy: &Type, gate: &GateFn<'_>) -> TokenStream {
    let (name, visibility) = (&gate.signature.ident, gate.visibility);
    let (docs, conditions) = (names::docs(gate.attributes), gate.conditions());
    let head = quote! {
        #(#conditions)*
        #(#docs)*
        #[allow(dead_code, private_interfaces)]
        #visibility fn #name
    };
    let Some(parameters) = &gate.parameters else {
        let signature = repaired_signature(gate.signature);
        let (generics, output) = (&signature.generics, of(policy, &signature.output));
        let inputs = signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(argument) => Some(of(policy, argument)),
            syn::FnArg::Receiver(_) => None,
        });
        return quote! {
            #head #generics (_: &#policy #(, #inputs)*) #output {
                ::core::unreachable!()
            }
        };
    };
    let decision = of(policy, gate.decision());
    let receiver = hygienic("policy");
    let arguments: Vec<Ident> = (1..=parameters.len())
        .map(|number| hygienic(&format!("argument_{number}")))
        .collect();
    let parameters = parameters.iter().map(|ty| of(policy, ty));
    quote! {
        #head(#receiver: &#policy #(, #arguments: &#parameters)*) -> #decision {
            <#policy>::#name(#receiver #(, #arguments)*)
        }
    }
}

/// The `impl Gate` of a method.
fn implementation(policy: &Type, gate: &GateFn<'_>) -> TokenStream {
    let name = &gate.signature.ident;
    let value = quote!(#name::Gate<Held>);
    let generic = quote!(Held: ::core::borrow::Borrow<#policy>,);
    let Some(parameters) = &gate.parameters else {
        return stand_in(gate, Some(&generic), &value);
    };
    let context = Context::of(parameters.iter().map(|ty| of(policy, ty)).collect());
    let arguments = context.arguments();
    let call = quote! {
        <#policy>::#name(::core::borrow::Borrow::borrow(&self.0) #(, #arguments)*)
    };
    context.implementation(gate, Some(&generic), &value, &call)
}

/// Tokens of the `impl` as they have to be outside of it: with the policy for `Self`.
fn of(policy: &Type, tokens: impl ToTokens) -> TokenStream {
    let replace = |token: TokenTree| match token {
        TokenTree::Ident(ident) if ident == "Self" => policy.to_token_stream(),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), of(policy, group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner).into()
        }
        other => other.into(),
    };
    tokens
        .into_token_stream()
        .into_iter()
        .map(replace)
        .collect()
}
