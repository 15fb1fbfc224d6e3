//! Whether the methods can handle the events that they name.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{
    FnArg, ImplItemFn, Pat, PatIdent, ReceiverKind, ReturnType, Safety, Signature, Type,
    TypeReference,
};

use super::{Argument, Event, Handler};
use crate::errors::Errors;
use crate::names;

/// What the handler is to be called with.
pub(super) fn arguments(
    method: &ImplItemFn,
    events: &[Event],
    errors: &mut Errors,
) -> Vec<Argument> {
    for attribute in &method.attrs {
        if attribute.path().is_ident("cfg") {
            errors.add(
                attribute,
                "`#[cfg]` on a handler would change what one version of the projection folds; \
                 put it on the whole `impl`",
            );
        }
    }
    plain_method(&method.sig, errors);
    let inputs = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    });
    let arguments: Vec<Argument> = inputs
        .filter_map(|input| argument(&input.pat, &input.ty, errors))
        .collect();
    refuse_beside_payload(&arguments, events, errors);
    arguments
}

/// Checks all but the parameters behind the receiver.
fn plain_method(signature: &Signature, errors: &mut Errors) {
    let mut refuse = |found: Option<&dyn ToTokens>, what: &str| {
        if let Some(found) = found {
            let message = format!("a handler is a plain method: it cannot be `{what}`");
            errors.add(found.to_token_stream(), message);
        }
    };
    refuse(signature.asyncness.as_ref().map(|t| t as _), "async");
    refuse(signature.abi.as_ref().map(|t| t as _), "extern");
    if let Safety::Unsafe(keyword) = &signature.safety {
        refuse(Some(keyword), "unsafe");
    }
    if let ReturnType::Type(_, ty) = &signature.output
        && matches!(**ty, Type::ImplTrait(_))
    {
        errors.add(ty, "a handler returns nothing or a `Result<(), E>`");
    }
    let is_exclusive = |kind: &ReceiverKind| match kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => matches!(&**ty, Type::Reference(TypeReference {
            mutability: Some(_),
            elem,
            ..
        }) if matches!(&**elem, Type::Path(path) if path.path.is_ident("Self"))),
        _ => false,
    };
    match signature.receiver() {
        Some(receiver) if is_exclusive(&receiver.kind) => {}
        Some(receiver) => errors.add(receiver, "a handler takes `&mut self`"),
        None => errors.push(syn::Error::new(
            signature.paren_token.span.open(),
            "a handler takes `&mut self`",
        )),
    }
}

/// What a parameter stands for: the field of its name, or the header.
fn argument(pattern: &Pat, ty: &Type, errors: &mut Errors) -> Option<Argument> {
    let is_meta = |ty: &Type| {
        matches!(ty, Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "EventMeta"))
    };
    let elem = match ty {
        Type::Reference(reference) => &*reference.elem,
        other => other,
    };
    if !matches!(ty, Type::Reference(reference) if reference.mutability.is_none()) {
        let (wanted, text) = (names::type_text(elem), names::type_text(ty));
        errors.add(
            ty,
            format_args!("a handler only reads the event: take `&{wanted}`, not `{text}`"),
        );
    }
    match pattern {
        _ if is_meta(elem) => Some(Argument::Meta),
        Pat::Ident(PatIdent {
            ident,
            by_ref: None,
            subpat: None,
            ..
        }) => Some(Argument::Field(ident.clone())),
        other => {
            errors.add(other, "name a field of the event");
            None
        }
    }
}

/// A tuple event has its payload and nothing else.
fn refuse_beside_payload(arguments: &[Argument], events: &[Event], errors: &mut Errors) {
    let Some(event) = events.iter().find(|event| event.payload.is_some()) else {
        return;
    };
    for argument in arguments {
        if let (Argument::Field(field), Some(payload)) = (argument, &event.payload)
            && field != payload
        {
            let name = event.variant.as_ref().or_else(|| {
                let last = event.owner.segments.last();
                last.map(|last| &last.ident)
            });
            let name = name.map(names::plain).unwrap_or_default();
            errors.add(
                field,
                format_args!("`{name}({payload})` gives `{payload}`, and no `{field}`"),
            );
        }
    }
}

/// An event goes to one handler: the first that names it.
pub(super) fn refuse_repeats(handlers: &mut [Handler], errors: &mut Errors) {
    let mut seen = HashSet::new();
    for handler in handlers {
        handler.events.retain(|event| {
            let path = event.path();
            let is_first = seen.insert(path.to_string());
            if !is_first {
                let last = event.variant.as_ref();
                let last = last.or_else(|| event.owner.segments.last().map(|last| &last.ident));
                if let Some(last) = last {
                    errors.add(last, format_args!("`#[on]` names `{last}` twice"));
                }
            }
            is_first
        });
    }
}
