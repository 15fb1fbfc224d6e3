//! The module beside a gate, and its `Gate`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Attribute, FnArg, ItemFn, LitStr, Pat, PatWild, ReturnType, Safety, Signature, Token,
    Visibility, parse_quote,
};

use super::{GateFn, check};
use crate::names::{self, hygienic, plain, screaming_case};

impl GateFn<'_> {
    fn code(&self) -> String {
        self.settings.code.as_ref().map_or_else(
            || screaming_case(&plain(&self.signature.ident)),
            LitStr::value,
        )
    }

    fn message(&self) -> String {
        self.settings
            .message
            .as_ref()
            .map(LitStr::value)
            .or_else(|| names::first_doc_line(self.attributes))
            .unwrap_or_else(|| format!("`{}` does not permit it", plain(&self.signature.ident)))
    }

    /// What the function returns.
    pub(super) fn decision(&self) -> TokenStream {
        match &self.signature.output {
            ReturnType::Type(_, ty) => quote!(#ty),
            ReturnType::Default => quote!(()),
        }
    }

    /// The conditions under which there is this gate: they hold for all that is made of it.
    pub(super) fn conditions(&self) -> Vec<&Attribute> {
        let attributes = self.attributes.iter();
        attributes.filter(|a| a.path().is_ident("cfg")).collect()
    }
}

/// The module of a gate function.
pub(super) fn module(gate: &GateFn<'_>) -> TokenStream {
    let name = plain(&gate.signature.ident);
    let doc = format!(" The gate [`{name}`](fn@{name}) as a value.");
    let value = quote! {
        /// The gate.
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
        pub struct Gate;
    };
    module_of(gate, &doc, &value)
}

/// The module of a gate, whose `Gate` is `value`.
pub(super) fn module_of(gate: &GateFn<'_>, doc: &str, value: &TokenStream) -> TokenStream {
    let (name, visibility) = (&gate.signature.ident, gate.visibility);
    let (code, message, conditions) = (gate.code(), gate.message(), gate.conditions());
    quote! {
        #(#conditions)*
        #[doc = #doc]
        #[allow(dead_code, unreachable_pub)]
        #visibility mod #name {
            /// The code that its denials carry.
            pub const CODE: &::core::primitive::str = #code;
            /// The message that its denials carry, unless the gate gives its own.
            pub const MESSAGE: &::core::primitive::str = #message;
            #value
        }
    }
}

/// The `impl Gate` of a gate function.
pub(super) fn implementation(gate: &GateFn<'_>) -> TokenStream {
    let name = &gate.signature.ident;
    let value = quote!(#name::Gate);
    let Some(parameters) = &gate.parameters else {
        return stand_in(gate, None, &value);
    };
    let context = Context::of(parameters.iter().map(ToTokens::to_token_stream).collect());
    let arguments = &context.arguments;
    let call = quote!(#name(#(#arguments),*));
    context.implementation(gate, None, &value, &call)
}

/// What a gate looks at: the one that its parameter points to, or a tuple of references.
pub(super) struct Context {
    lifetime: Option<TokenStream>,
    ty: TokenStream,
    arguments: Vec<TokenStream>,
}

impl Context {
    /// The context of a gate whose parameters point to these.
    pub(super) fn of(parameters: Vec<TokenStream>) -> Self {
        let ctx = hygienic("ctx");
        match &parameters[..] {
            [] => Self {
                lifetime: None,
                ty: quote!(AnyContext),
                arguments: Vec::new(),
            },
            [ty] => Self {
                lifetime: None,
                ty: ty.clone(),
                arguments: vec![quote!(#ctx)],
            },
            several => Self {
                lifetime: Some(quote!('gate,)),
                ty: quote!((#(&'gate #several),*)),
                arguments: (0..several.len())
                    .map(syn::Index::from)
                    .map(|field| quote!(#ctx.#field))
                    .collect(),
            },
        }
    }

    pub(super) fn arguments(&self) -> &[TokenStream] {
        &self.arguments
    }

    /// `impl Gate<context> for value`, which decides by `call`.
    pub(super) fn implementation(
        &self,
        gate: &GateFn<'_>,
        generic: Option<&TokenStream>,
        value: &TokenStream,
        call: &TokenStream,
    ) -> TokenStream {
        let Self {
            lifetime,
            ty,
            arguments,
        } = self;
        let any = arguments
            .is_empty()
            .then(|| quote!(AnyContext: ?::core::marker::Sized));
        let generics = quote!(#lifetime #generic #any);
        let generics = (!generics.is_empty()).then(|| quote!(<#generics>));
        let name = &gate.signature.ident;
        let krate = names::krate(gate.settings.krate.as_ref());
        let (decision, conditions) = (gate.decision(), gate.conditions());
        let ctx = if arguments.is_empty() {
            quote!(_)
        } else {
            hygienic("ctx").to_token_stream()
        };
        quote! {
            #(#conditions)*
            #[automatically_derived]
            impl #generics #krate::Gate<#ty> for #value {
                fn code(&self) -> &'static ::core::primitive::str {
                    #name::CODE
                }

                fn evaluate(&self, #ctx: &#ty) -> ::core::result::Result<(), #krate::Denial> {
                    <#decision as #krate::expansion::Decision>::decide(#call, #name::CODE, #name::MESSAGE)
                }
            }
        }
    }
}

/// Stands in for the `impl Gate` of what is no gate, so that its uses are no errors as well.
pub(super) fn stand_in(
    gate: &GateFn<'_>,
    generic: Option<&TokenStream>,
    value: &TokenStream,
) -> TokenStream {
    let name = &gate.signature.ident;
    let krate = names::krate(gate.settings.krate.as_ref());
    let conditions = gate.conditions();
    quote! {
        #(#conditions)*
        #[automatically_derived]
        impl<#generic AnyContext: ?::core::marker::Sized> #krate::Gate<AnyContext> for #value {
            fn code(&self) -> &'static ::core::primitive::str {
                #name::CODE
            }

            fn evaluate(&self, _: &AnyContext) -> ::core::result::Result<(), #krate::Denial> {
                ::core::unreachable!()
            }
        }
    }
}

/// A function that is no gate, under a signature with which it could be one: the arms of machines
/// call it with references. What was written stands inside, so that it is still checked.
pub(super) fn repaired(function: &ItemFn) -> TokenStream {
    let (attributes, visibility) = (&function.attrs, &function.vis);
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        return quote!(#function);
    }
    let mut written = function.clone();
    written.vis = Visibility::Inherited;
    let signature = repaired_signature(signature);
    quote! {
        #(#attributes)*
        #visibility #signature {
            #[allow(dead_code)]
            #written
            ::core::unreachable!()
        }
    }
}

/// The signature with shared references for parameters, and without what a gate cannot be.
pub(super) fn repaired_signature(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    signature.asyncness = None;
    signature.abi = None;
    signature.safety = Safety::Default;
    signature.variadic = None;
    for input in &mut signature.inputs {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        let elem = check::referent(&argument.ty);
        *argument.ty = parse_quote!(&#elem);
        *argument.pat = Pat::Wild(PatWild {
            attrs: Vec::new(),
            underscore_token: <Token![_]>::default(),
        });
    }
    let decides = match &signature.output {
        ReturnType::Default => false,
        ReturnType::Type(_, ty) => check::impl_trait(ty).is_none(),
    };
    if !decides {
        signature.output = parse_quote!(-> ::core::primitive::bool);
    }
    signature
}
