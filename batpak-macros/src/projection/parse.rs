//! What `#[projection(..)]` and the `#[on(..)]`s say.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Ident, ImplItem, ItemImpl, LitInt, Meta, Path, ReturnType, Signature, Token, Type,
    parse_quote,
};

use super::{Event, Handler, check};
use crate::errors::Errors;
use crate::keys::{self, Known};
use crate::names::plain;

const KNOWN: Known = Known {
    keys: &["version", "snapshot", "crate"],
    place: "in `#[projection]`",
};

#[derive(Default)]
pub(super) struct Settings {
    pub(super) version: Option<LitInt>,
    /// That states may be kept.
    pub(super) snapshot: Option<()>,
    pub(super) krate: Option<Path>,
}

/// `#[projection(..)]` on the `impl`.
pub(super) fn settings(attribute: TokenStream, errors: &mut Errors) -> Settings {
    let mut settings = Settings::default();
    keys::of_list(attribute, KNOWN, errors, |key| match key.name {
        "version" => key.value(&mut settings.version),
        "snapshot" => {
            key.keep(&mut settings.snapshot, ());
            Ok(())
        }
        _ => key.path_value(&mut settings.krate),
    });
    let version = settings.version.take();
    settings.version = version.filter(|version| {
        let fits = version.base10_parse::<u32>();
        errors.take(fits).is_some()
    });
    settings
}

/// Takes the `#[on]`s off the methods; `None` if there are none.
pub(super) fn handlers(block: &mut ItemImpl, errors: &mut Errors) -> Option<Vec<Handler>> {
    let mut handlers = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let is_on = |attribute: &Attribute| attribute.path().is_ident("on");
        let (on, others): (Vec<_>, _) = method.attrs.drain(..).partition(is_on);
        method.attrs = others;
        if on.is_empty() {
            continue;
        }
        let before = errors.count();
        let events: Vec<Event> = on
            .iter()
            .flat_map(|attribute| errors.take(events(attribute)).unwrap_or_default())
            .collect();
        let arguments = check::arguments(method, &events, errors);
        let is_sound = errors.count() == before;
        // That a handler takes references is not its author's choice.
        let lint = parse_quote!(#[allow(clippy::trivially_copy_pass_by_ref)]);
        method.attrs.push(lint);
        if !is_sound {
            // It is not called, but that is not what is to be said of it.
            method.attrs.push(parse_quote!(#[allow(dead_code)]));
        }
        handlers.push(Handler {
            method: method.sig.ident.clone(),
            events,
            arguments,
            output: output(&method.sig),
            is_sound,
        });
    }
    (!handlers.is_empty()).then_some(handlers)
}

/// What the method returns, if that is not nothing.
fn output(signature: &Signature) -> Option<Type> {
    match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => match &**ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => None,
            other => Some(other.clone()),
        },
    }
}

/// `Enum::Variant | Enum::Tuple(payload) | Struct`.
fn events(attribute: &Attribute) -> syn::Result<Vec<Event>> {
    let named = match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => list.tokens.clone(),
        _ => {
            return Err(syn::Error::new_spanned(
                attribute,
                "name the event: `#[on(Enum::Variant)]`",
            ));
        }
    };
    let events = Punctuated::<Event, Token![|]>::parse_separated_nonempty_with;
    let events = |input: ParseStream<'_>| events(input, event);
    Ok(events.parse2(named)?.into_iter().collect())
}

fn event(input: ParseStream<'_>) -> syn::Result<Event> {
    let mut owner = input.call(Path::parse_mod_style)?;
    let payload = if input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in input);
        let payload = content.call(Ident::parse_any)?;
        if !content.is_empty() {
            return Err(content.error("a tuple event has one payload: `Paid(payload)`"));
        }
        Some(payload)
    } else {
        None
    };
    // `Enum::Variant` and `module::Struct` are told apart as readers do it: types begin in upper case.
    let mut before_last = owner.segments.iter().rev().skip(1);
    let has_enum = before_last
        .next()
        .is_some_and(|segment| plain(&segment.ident).starts_with(char::is_uppercase));
    let variant = if has_enum {
        let variant = owner.segments.pop().map(|last| last.ident);
        owner.segments.pop_punct();
        variant
    } else {
        None
    };
    Ok(Event {
        owner,
        variant,
        payload,
    })
}
