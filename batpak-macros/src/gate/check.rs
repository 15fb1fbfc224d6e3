//! Whether a signature is that of a gate.

use quote::ToTokens;
use syn::visit::Visit;
use syn::{
    Attribute, FnArg, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type, TypeReference,
};

use super::parse::Settings;
use crate::errors::Errors;
use crate::names;

const RETURNS: &str = "a gate must return `bool`, `Verdict` or `Result<(), Denial>`";

/// What the parameters of a gate function point to; `None` and errors if it cannot be a gate.
pub(super) fn function<'f>(signature: &'f Signature, errors: &mut Errors) -> Option<Vec<&'f Type>> {
    let before = errors.count();
    if signature.inputs.is_empty() {
        errors.push(syn::Error::new(
            signature.paren_token.span.join(),
            "a gate must decide on something: add a parameter",
        ));
    }
    let pointees = pure(signature, errors);
    (errors.count() == before).then_some(pointees)
}

/// What the parameters of a gate method point to, without the receiver; `None` and errors if it
/// cannot be a gate.
pub(super) fn method<'f>(signature: &'f Signature, errors: &mut Errors) -> Option<Vec<&'f Type>> {
    let before = errors.count();
    match signature.receiver() {
        Some(receiver) => shared(receiver, errors),
        None => errors.add(
            &signature.ident,
            "a gate of a policy reads it: add `&self`, or move the function out of the `impl`",
        ),
    }
    let pointees = pure(signature, errors);
    (errors.count() == before).then_some(pointees)
}

/// A `bool` says nothing: something has to.
pub(super) fn message(
    signature: &Signature,
    attributes: &[Attribute],
    settings: &Settings,
    errors: &mut Errors,
) {
    let ReturnType::Type(_, ty) = &signature.output else {
        return;
    };
    let is_bool = matches!(&**ty, Type::Path(path) if path.path.is_ident("bool"));
    if is_bool && settings.message.is_none() && names::first_doc_line(attributes).is_none() {
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

/// Checks all but the receiver, and gives what the parameters point to.
fn pure<'f>(signature: &'f Signature, errors: &mut Errors) -> Vec<&'f Type> {
    let mut impure = |found: Option<&dyn ToTokens>, what: &str| {
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
    let pointees = signature
        .inputs
        .iter()
        .filter_map(|input| pointee(input, errors))
        .collect();
    match &signature.output {
        ReturnType::Default => {
            errors.push(syn::Error::new(signature.paren_token.span.close(), RETURNS));
        }
        ReturnType::Type(_, ty) => {
            if impl_trait(ty).is_some() {
                errors.add(ty, RETURNS);
            }
        }
    }
    pointees
}

/// The `T` of a parameter of type `&T`.
fn pointee<'f>(input: &'f FnArg, errors: &mut Errors) -> Option<&'f Type> {
    let FnArg::Typed(argument) = input else {
        return None;
    };
    let ty = &*argument.ty;
    if let Some(found) = impl_trait(ty) {
        errors.add(found, "a gate is pure: it cannot be generic");
        return None;
    }
    if let Some(elem) = lent(ty) {
        return Some(elem);
    }
    let wanted = names::type_text(referent(ty));
    let text = names::type_text(ty);
    errors.add(
        ty,
        format_args!("a gate only reads: take `&{wanted}`, not `{text}`"),
    );
    None
}

/// The `T` of `&T` with any lifetime.
pub(super) fn lent(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Reference(TypeReference {
            mutability: None,
            lifetime,
            elem,
            ..
        }) if lifetime.as_ref().is_none_or(|named| named.ident == "_") => Some(elem),
        _ => None,
    }
}

/// The type without a reference to it.
pub(super) fn referent(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

fn shared(receiver: &Receiver, errors: &mut Errors) {
    let is_shared = match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => {
            matches!(lent(ty), Some(Type::Path(path)) if path.path.is_ident("Self"))
        }
        _ => false,
    };
    if is_shared {
        return;
    }
    let text = match &receiver.kind {
        ReceiverKind::Reference(..) => "&mut self".to_owned(),
        ReceiverKind::Typed(_, ty) => format!("self: {}", names::type_text(ty)),
        _ => "self".to_owned(),
    };
    errors.add(
        receiver,
        format_args!("a gate only reads: take `&self`, not `{text}`"),
    );
}

/// The first `impl Trait` in a type.
pub(super) fn impl_trait(ty: &Type) -> Option<&syn::TypeImplTrait> {
    let mut first = ImplTrait(None);
    first.visit_type(ty);
    first.0
}

struct ImplTrait<'t>(Option<&'t syn::TypeImplTrait>);

impl<'t> Visit<'t> for ImplTrait<'t> {
    fn visit_type_impl_trait(&mut self, found: &'t syn::TypeImplTrait) {
        self.0 = self.0.or(Some(found));
    }
}
