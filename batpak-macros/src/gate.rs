//! `#[gate]`: a function that is a policy, and the module beside it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, Ident, ItemFn, LitStr, Path, ReturnType, Safety, Type};

use crate::errors::{Errors, did_you_mean};
use crate::names::{self, hygienic, one_of, plain, screaming_case};

const KEYS: &[&str] = &["code", "message", "crate"];

/// What `#[gate(..)]` says.
#[derive(Default)]
struct Settings {
    code: Option<LitStr>,
    message: Option<LitStr>,
    krate: Option<Path>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(function) = errors.take(syn::parse2::<ItemFn>(item.clone())) else {
        let errors = errors.into_tokens();
        return quote!(#item #errors);
    };
    let settings = settings(attribute, &mut errors);
    let parameters = check(&function, &settings, &mut errors);
    let errors = errors.into_tokens();
    let expansion = expansion(&function, &settings, &parameters);
    quote!(#function #errors #expansion)
}

fn settings(attribute: TokenStream, errors: &mut Errors) -> Settings {
    let mut settings = Settings::default();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("code") {
            settings.code = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("message") {
            settings.message = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("crate") {
            settings.krate = Some(names::crate_path(meta.input)?);
        } else {
            let name = meta
                .path
                .get_ident()
                .map_or_else(String::new, Ident::to_string);
            let hint = did_you_mean(&name, KEYS.iter().copied());
            let known = one_of(KEYS);
            return Err(meta.error(format_args!(
                "unknown key `{name}` in `#[gate]`; expected {known}{hint}"
            )));
        }
        Ok(())
    });
    errors.take(syn::parse::Parser::parse2(parser, attribute));
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(code) = &settings.code
        && (code.value().is_empty() || !code.value().chars().all(valid))
    {
        let text = code.value();
        errors.add(
            code,
            format_args!("gate code `{text}` must be ASCII letters, digits and `_`"),
        );
    }
    settings
}

/// Checks the function, and gives what its parameters point to.
fn check<'f>(function: &'f ItemFn, settings: &Settings, errors: &mut Errors) -> Vec<&'f Type> {
    let signature = &function.sig;
    let mut impure = |found: Option<&dyn quote::ToTokens>, keyword: &str| {
        if let Some(found) = found {
            let message = format!("a gate is pure: it cannot be `{keyword}`");
            errors.add(found.to_token_stream(), message);
        }
    };
    impure(signature.asyncness.as_ref().map(|t| t as _), "async");
    impure(signature.abi.as_ref().map(|t| t as _), "extern");
    let generic = signature.generics.params.first();
    impure(generic.map(|t| t as _), "generic");
    if let Safety::Unsafe(keyword) = &signature.safety {
        impure(Some(keyword), "unsafe");
    }
    if signature.inputs.is_empty() {
        errors.push(syn::Error::new(
            signature.paren_token.span.join(),
            "a gate must decide on something: add a parameter",
        ));
    }
    let pointees = signature
        .inputs
        .iter()
        .filter_map(|input| pointee(input, errors))
        .collect();
    match &signature.output {
        ReturnType::Default => errors.push(syn::Error::new(
            signature.paren_token.span.close(),
            "a gate must return `bool`, `Verdict` or `Result<(), Denial>`",
        )),
        ReturnType::Type(_, ty) => {
            let is_bool = matches!(&**ty, Type::Path(path) if path.path.is_ident("bool"));
            let documented = names::first_doc_line(&function.attrs).is_some();
            if is_bool && settings.message.is_none() && !documented {
                let name = &signature.ident;
                errors.add(
                    name,
                    format_args!(
                        "gate `{name}` returns `bool` and has no doc comment to use as its message: \
                         add one or `message = \"..\"`"
                    ),
                );
            }
        }
    }
    pointees
}

/// The `T` of a parameter of type `&T`.
fn pointee<'f>(input: &'f FnArg, errors: &mut Errors) -> Option<&'f Type> {
    let ty = match input {
        FnArg::Receiver(receiver) => {
            errors.add(receiver, "a gate only reads: take references, not `self`");
            return None;
        }
        FnArg::Typed(argument) => &*argument.ty,
    };
    match ty {
        Type::Reference(reference) if reference.mutability.is_none() => Some(&reference.elem),
        Type::Reference(reference) => {
            let elem = &reference.elem;
            let elem = quote!(#elem);
            errors.add(
                ty,
                format_args!("a gate only reads: take `&{elem}`, not `&mut {elem}`"),
            );
            None
        }
        other => {
            let text = quote!(#other);
            errors.add(
                ty,
                format_args!("a gate only reads: take `&{text}`, not `{text}`"),
            );
            None
        }
    }
}

fn expansion(function: &ItemFn, settings: &Settings, parameters: &[&Type]) -> TokenStream {
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let krate = names::krate(settings.krate.as_ref());
    let code = settings
        .code
        .as_ref()
        .map_or_else(|| screaming_case(&plain(name)), LitStr::value);
    let message = settings
        .message
        .as_ref()
        .map(LitStr::value)
        .or_else(|| names::first_doc_line(&function.attrs))
        .unwrap_or_else(|| format!("`{}` does not permit it", plain(name)));
    let module_doc = format!(
        "The gate [`{}`](fn@{}) as a value.",
        plain(name),
        plain(name)
    );
    let implementation = implementation(function, &krate, parameters);
    quote! {
        #[doc = #module_doc]
        #[allow(dead_code)]
        #visibility mod #name {
            /// The code that its denials carry.
            pub(crate) const CODE: &::core::primitive::str = #code;
            /// The message that its denials carry, unless the gate gives its own.
            pub(crate) const MESSAGE: &::core::primitive::str = #message;
            /// The gate.
            #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
            pub(crate) struct Gate;
        }
        #implementation
    }
}

fn implementation(function: &ItemFn, krate: &TokenStream, parameters: &[&Type]) -> TokenStream {
    let name = &function.sig.ident;
    if parameters.is_empty() || parameters.len() != function.sig.inputs.len() {
        // The parameters are wrong, which has been said.
        return TokenStream::new();
    }
    let ctx = hygienic("ctx");
    let (lifetime, ty, call) = match parameters {
        [ty] => (None, quote!(#ty), quote!(#name(#ctx))),
        _ => {
            let fields = (0..parameters.len()).map(syn::Index::from);
            (
                Some(quote!(<'gate>)),
                quote!((#(&'gate #parameters),*)),
                quote!(#name(#(#ctx.#fields),*)),
            )
        }
    };
    quote! {
        #[automatically_derived]
        impl #lifetime #krate::Gate<#ty> for #name::Gate {
            fn code(&self) -> &'static ::core::primitive::str {
                #name::CODE
            }

            fn evaluate(&self, #ctx: &#ty) -> ::core::result::Result<(), #krate::Denial> {
                #krate::Decision::decide(#call, #name::CODE, #name::MESSAGE)
            }
        }
    }
}
