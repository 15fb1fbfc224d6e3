//! `#[projection]`: an `impl` whose methods handle events.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, LitInt, Pat, Path, ReceiverKind, ReturnType,
    Token, Type,
};

use crate::errors::{Errors, refuse_generics, unknown};
use crate::names::{self, hygienic, kind_const};

const KEYS: &[&str] = &["version", "crate"];

/// What `#[projection(..)]` says.
#[derive(Default)]
struct Settings {
    version: Option<LitInt>,
    krate: Option<Path>,
}

/// A method under `#[on]`.
struct Handler {
    method: Ident,
    /// The events, each as the path of its enum and its variant.
    events: Vec<(Path, Ident)>,
    arguments: Vec<Argument>,
}

enum Argument {
    /// A field of the event.
    Field(Ident),
    /// The `&EventMeta`.
    Meta,
}

impl Handler {
    fn takes_meta(&self) -> bool {
        self.arguments
            .iter()
            .any(|argument| matches!(argument, Argument::Meta))
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let settings = settings(attribute, &mut errors);
    let Ok(mut block) = syn::parse2::<ItemImpl>(item.clone()) else {
        errors.add(&item, "`#[projection]` goes on an `impl`");
        let errors = errors.into_tokens();
        return quote!(#item #errors);
    };
    refuse_generics(&block.generics, "projections", &mut errors);
    if let Some((path, _)) = &block.trait_ {
        errors.add(
            path,
            "`#[projection]` goes on an inherent `impl`, not on that of a trait",
        );
    }
    let handlers = handlers(&mut block, &mut errors);
    if handlers.is_empty() && errors.is_empty() {
        errors.add(
            &block.self_ty,
            "a projection needs at least one `#[on(..)]` method",
        );
    }
    refuse_repeats(&handlers, &mut errors);
    let expansion = if errors.is_empty() {
        expansion(&block.self_ty, &settings, &handlers)
    } else {
        TokenStream::new()
    };
    let errors = errors.into_tokens();
    quote!(#block #errors #expansion)
}

fn settings(attribute: TokenStream, errors: &mut Errors) -> Settings {
    let mut settings = Settings::default();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("version") {
            let version: LitInt = meta.value()?.parse()?;
            version.base10_parse::<u32>()?;
            settings.version = Some(version);
        } else if meta.path.is_ident("crate") {
            settings.krate = Some(names::crate_path(meta.input)?);
        } else {
            return Err(unknown(&meta.path, "key", "in `#[projection]`", KEYS));
        }
        Ok(())
    });
    errors.take(syn::parse::Parser::parse2(parser, attribute));
    settings
}

/// Takes the `#[on]`s off the methods.
fn handlers(block: &mut ItemImpl, errors: &mut Errors) -> Vec<Handler> {
    let mut handlers = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let mut events = Vec::new();
        let mut is_handler = false;
        method.attrs.retain(|attribute| {
            if !attribute.path().is_ident("on") {
                return true;
            }
            is_handler = true;
            if let Some(paths) = errors.take(attribute.parse_args_with(event_paths)) {
                events.extend(paths);
            }
            false
        });
        if is_handler && let Some(arguments) = arguments(method, errors) {
            handlers.push(Handler {
                method: method.sig.ident.clone(),
                events,
                arguments,
            });
        }
    }
    handlers
}

/// `Enum::Variant | Enum::Other`.
fn event_paths(input: syn::parse::ParseStream<'_>) -> syn::Result<Vec<(Path, Ident)>> {
    let paths = syn::punctuated::Punctuated::<Path, Token![|]>::parse_separated_nonempty(input)?;
    paths
        .into_iter()
        .map(|path| {
            let whole = path.clone();
            let mut owner = path;
            let variant = owner.segments.pop().map(|last| last.ident);
            owner.segments.pop_punct();
            match variant {
                Some(variant) if !owner.segments.is_empty() => Ok((owner, variant)),
                _ => Err(syn::Error::new_spanned(
                    whole,
                    "name the event by its enum: `#[on(Enum::Variant)]`",
                )),
            }
        })
        .collect()
}

/// What the handler is to be called with; `None` if it is not one.
fn arguments(method: &ImplItemFn, errors: &mut Errors) -> Option<Vec<Argument>> {
    let signature = &method.sig;
    let before = errors.count();
    if let ReturnType::Type(_, ty) = &signature.output {
        errors.add(
            ty,
            "a handler returns nothing; decode failures are reported by the store",
        );
    }
    let mut inputs = signature.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver))
            if matches!(receiver.kind, ReceiverKind::Reference(_, _, Some(_))) => {}
        Some(other) => errors.add(other, "a handler takes `&mut self`"),
        None => errors.add(&signature.ident, "a handler takes `&mut self`"),
    }
    let mut arguments = Vec::new();
    for input in inputs {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        let Type::Reference(reference) = &*argument.ty else {
            errors.add(
                &argument.ty,
                "a handler takes the event's fields as references",
            );
            continue;
        };
        let is_meta = matches!(&*reference.elem, Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "EventMeta"));
        match &*argument.pat {
            _ if is_meta => arguments.push(Argument::Meta),
            Pat::Ident(name) => arguments.push(Argument::Field(name.ident.clone())),
            other => errors.add(other, "name a field of the event"),
        }
    }
    (errors.count() == before).then_some(arguments)
}

fn refuse_repeats(handlers: &[Handler], errors: &mut Errors) {
    let mut seen = std::collections::HashSet::new();
    for (path, variant) in handlers.iter().flat_map(|handler| &handler.events) {
        if !seen.insert(quote!(#path::#variant).to_string()) {
            errors.add(variant, format_args!("`#[on]` names `{variant}` twice"));
        }
    }
}

fn expansion(ty: &Type, settings: &Settings, handlers: &[Handler]) -> TokenStream {
    let krate = names::krate(settings.krate.as_ref());
    let version = settings
        .version
        .as_ref()
        .map_or_else(|| quote!(1), |version| quote!(#version));
    let kinds = handlers
        .iter()
        .flat_map(|handler| &handler.events)
        .map(|(path, variant)| {
            let kind = kind_const(variant);
            quote!(#path::#kind)
        });
    let enums = enums(handlers);
    let folds = enums
        .iter()
        .filter(|(_, handlers)| !handlers.iter().any(|handler| handler.takes_meta()))
        .map(|(path, handlers)| fold(ty, path, handlers, &krate));
    let [raw, event] = ["raw", "event"].map(hygienic);
    let applies = enums.iter().map(|(path, handlers)| {
        let take = if handlers.iter().any(|handler| handler.takes_meta()) {
            let take = dispatch(&quote!(&#event), path, handlers);
            quote!(#take)
        } else {
            quote!(#krate::Fold::<#path>::fold(self, &#event);)
        };
        quote! {
            if let ::core::option::Option::Some(#event) =
                <#path as #krate::EventPayload>::decode_if(#raw)?
            {
                #take
                return ::core::result::Result::Ok(());
            }
        }
    });
    quote! {
        #(#folds)*

        #[automatically_derived]
        impl #krate::Projection for #ty {
            const KINDS: &'static [#krate::EventKind] = &[#(#kinds),*];
            const VERSION: ::core::primitive::u32 = #version;

            fn apply(
                &mut self,
                #raw: &#krate::RawEvent<'_>,
            ) -> ::core::result::Result<(), #krate::FoldError> {
                #(#applies)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// The handlers of each event enum, in the order of its first mention.
fn enums(handlers: &[Handler]) -> Vec<(Path, Vec<&Handler>)> {
    let mut enums: Vec<(Path, Vec<&Handler>)> = Vec::new();
    for handler in handlers {
        for (path, _) in &handler.events {
            let at = enums
                .iter()
                .position(|(known, _)| same(known, path))
                .unwrap_or_else(|| {
                    enums.push((path.clone(), Vec::new()));
                    enums.len() - 1
                });
            let known = &mut enums[at].1;
            if !known.iter().any(|known| std::ptr::eq(*known, handler)) {
                known.push(handler);
            }
        }
    }
    enums
}

/// Whether two paths are written alike.
fn same(a: &Path, b: &Path) -> bool {
    quote!(#a).to_string() == quote!(#b).to_string()
}

fn fold(ty: &Type, path: &Path, handlers: &[&Handler], krate: &TokenStream) -> TokenStream {
    let event = hygienic("event");
    let dispatch = dispatch(&quote!(#event), path, handlers);
    quote! {
        #[automatically_derived]
        impl #krate::Fold<#path> for #ty {
            fn fold(&mut self, #event: &#path) {
                #dispatch
            }
        }
    }
}

/// A `match` on the reference `event` that calls the handler of each variant.
fn dispatch(event: &TokenStream, path: &Path, handlers: &[&Handler]) -> TokenStream {
    let raw = hygienic("raw");
    let arms = handlers.iter().flat_map(|handler| {
        let method = &handler.method;
        let fields = handler
            .arguments
            .iter()
            .filter_map(|argument| match argument {
                Argument::Field(field) => Some(field),
                Argument::Meta => None,
            });
        let arguments = handler.arguments.iter().map(|argument| match argument {
            Argument::Field(field) => quote!(#field),
            Argument::Meta => quote!(&#raw.meta),
        });
        let pattern = quote!({ #(#fields,)* .. });
        let call = quote!(self.#method(#(#arguments),*));
        handler
            .events
            .iter()
            .filter(|(owner, _)| same(owner, path))
            .map(move |(owner, variant)| quote!(#owner::#variant #pattern => #call,))
    });
    quote! {
        #[allow(unreachable_patterns)]
        match #event {
            #(#arms)*
            _ => {}
        }
    }
}
