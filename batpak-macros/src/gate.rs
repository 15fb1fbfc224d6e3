//! `#[gate]`: a function that is a policy, and the module beside it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit::Visit;
use syn::{FnArg, ItemFn, LitStr, Path, ReturnType, Safety, Type};

use crate::errors::{Errors, unknown};
use crate::names::{self, hygienic, plain, screaming_case};

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
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        errors.add(&item, "`#[gate]` goes on a function");
        let errors = errors.into_tokens();
        return quote!(#item #errors);
    };
    let settings = settings(attribute, &mut errors);
    let parameters = check(&function, &settings, &mut errors);
    let implementation = errors
        .is_empty()
        .then(|| implementation(&function, &settings, &parameters));
    // In an `impl` there can be no module.
    let module = function.sig.receiver().is_none();
    let module = module.then(|| self::module(&function, &settings));
    let errors = errors.into_tokens();
    quote!(#function #errors #module #implementation)
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
            return Err(unknown(&meta.path, "key", "in `#[gate]`", KEYS));
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
    let mut impure = |found: Option<&dyn quote::ToTokens>, what: &str| {
        if let Some(found) = found {
            let message = format!("a gate is pure: it cannot be {what}");
            errors.add(found.to_token_stream(), message);
        }
    };
    impure(signature.asyncness.as_ref().map(|t| t as _), "`async`");
    impure(signature.abi.as_ref().map(|t| t as _), "`extern`");
    let parameter = signature.generics.params.first();
    impure(parameter.map(|t| t as _), "generic");
    if let Safety::Unsafe(keyword) = &signature.safety {
        impure(Some(keyword), "`unsafe`");
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
    let mut generic = ImplTrait(None);
    generic.visit_type(ty);
    if let Some(found) = generic.0 {
        errors.add(found, "a gate is pure: it cannot be generic");
        return None;
    }
    match ty {
        Type::Reference(reference) if reference.mutability.is_none() => Some(&reference.elem),
        Type::Reference(reference) => {
            let elem = names::type_text(&reference.elem);
            errors.add(
                ty,
                format_args!("a gate only reads: take `&{elem}`, not `&mut {elem}`"),
            );
            None
        }
        other => {
            let text = names::type_text(other);
            errors.add(
                ty,
                format_args!("a gate only reads: take `&{text}`, not `{text}`"),
            );
            None
        }
    }
}

/// The first `impl Trait` in a type.
struct ImplTrait<'t>(Option<&'t syn::TypeImplTrait>);

impl<'t> Visit<'t> for ImplTrait<'t> {
    fn visit_type_impl_trait(&mut self, found: &'t syn::TypeImplTrait) {
        self.0 = self.0.or(Some(found));
    }
}

/// The module beside the function.
fn module(function: &ItemFn, settings: &Settings) -> TokenStream {
    let (name, visibility) = (&function.sig.ident, &function.vis);
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
    quote! {
        #[doc = #module_doc]
        #[allow(dead_code, unreachable_pub)]
        #visibility mod #name {
            /// The code that its denials carry.
            pub const CODE: &::core::primitive::str = #code;
            /// The message that its denials carry, unless the gate gives its own.
            pub const MESSAGE: &::core::primitive::str = #message;
            /// The gate.
            #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
            pub struct Gate;
        }
    }
}

fn implementation(function: &ItemFn, settings: &Settings, parameters: &[&Type]) -> TokenStream {
    let name = &function.sig.ident;
    let krate = names::krate(settings.krate.as_ref());
    let decision = match &function.sig.output {
        ReturnType::Type(_, ty) => quote!(#ty),
        ReturnType::Default => quote!(()),
    };
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
                <#decision as #krate::expansion::Decision>::decide(#call, #name::CODE, #name::MESSAGE)
            }
        }
    }
}
