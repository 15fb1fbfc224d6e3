//! `fn evolve`: its signature, and the `match` that is its body.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, FnArg, Ident, Pat, ReturnType, Signature, Type};

use super::Machine;
use super::split::{self, RawArm};
use crate::errors::Errors;
use crate::names::{self, plain};

/// `fn evolve`, its arms not yet parsed.
pub(super) struct Evolve {
    pub(super) docs: Vec<Attribute>,
    pub(super) name: Ident,
    signature: Option<Signature>,
    /// `None` if it is not one `match`.
    pub(super) arms: Option<Vec<RawArm>>,
    /// The names that the `match` looks at.
    scrutinee: TokenStream,
}

/// Whether the item is `fn evolve`.
pub(super) fn is_evolve(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.windows(2).any(|two| {
        matches!(two, [TokenTree::Ident(keyword), TokenTree::Ident(name)] if keyword == "fn" && name == "evolve")
    })
}

/// Whether it is what `evolve` should be, under another name, which is then reported.
pub(super) fn is_like_evolve(tokens: &TokenStream, errors: &mut Errors) -> bool {
    let mut words = tokens.clone().into_iter();
    let is_fn = words.any(|token| matches!(token, TokenTree::Ident(keyword) if keyword == "fn"));
    let (Some(TokenTree::Ident(name)), true) = (words.next(), is_fn) else {
        return false;
    };
    let is_it = split::before_block(tokens)
        .and_then(|(_, body)| table_of(&body))
        .is_some_and(|(pair, _)| split::at_commas(pair).len() == 2);
    if is_it {
        let message = format!("the transitions are `fn evolve`, not `{name}`");
        errors.add(name, message);
    }
    is_it
}

/// `evolve`, as far as it can be understood.
pub(super) fn parse(tokens: &TokenStream, errors: &mut Errors) -> Evolve {
    let name = Ident::new("evolve", Span::call_site());
    let name = tokens
        .clone()
        .into_iter()
        .fold(name, |found, token| match token {
            TokenTree::Ident(name) if name == "evolve" => name,
            _ => found,
        });
    let mut evolve = Evolve {
        docs: Vec::new(),
        name,
        signature: None,
        arms: None,
        scrutinee: TokenStream::new(),
    };
    let Some((head, body)) = split::before_block(tokens) else {
        errors.add(
            &evolve.name,
            "`evolve` has no body: `{ match (state, event) { .. } }`",
        );
        return evolve;
    };
    let parser = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<syn::Visibility>()?;
        Ok((attributes, input.parse::<Signature>()?))
    };
    if let Some((attributes, signature)) = errors.take(Parser::parse2(parser, head)) {
        for cfg in attributes.iter().filter(|a| a.path().is_ident("cfg")) {
            errors.add(
                cfg,
                "`#[cfg]` on `evolve` would change the graph between builds",
            );
        }
        evolve.docs = names::docs(&attributes).into_iter().cloned().collect();
        evolve.signature = Some(signature);
    }
    let found = table_of(&body).map(|(scrutinee, arms)| (scrutinee, split::arms(arms)));
    match found {
        Some((scrutinee, arms)) => {
            evolve.scrutinee = scrutinee;
            evolve.arms = Some(arms);
        }
        None => errors.add(&body, "`evolve` must be one `match (state, event) { .. }`"),
    }
    evolve
}

/// The scrutinee and the arms of a body that is one `match` over a pair.
fn table_of(body: &Group) -> Option<(TokenStream, TokenStream)> {
    let (before, block) = split::before_block(&body.stream())?;
    let before: Vec<TokenTree> = before.into_iter().collect();
    match &before[..] {
        [TokenTree::Ident(keyword), TokenTree::Group(pair)]
            if keyword == "match" && pair.delimiter() == Delimiter::Parenthesis =>
        {
            Some((pair.stream(), block.stream()))
        }
        _ => None,
    }
}

/// That `evolve` takes the state and the event, looks at them in this order, and gives the state.
pub(super) fn check(evolve: &Evolve, machine: &Machine, errors: &mut Errors) {
    let Some(signature) = &evolve.signature else {
        return;
    };
    let (name, events) = (&machine.name, names::path_text(&machine.events_path));
    let expected = format!(
        "`evolve` is a plain function `fn evolve(state: {name}, event: {events}) -> {name}`"
    );
    let is_plain = signature.asyncness.is_none()
        && signature.constness.is_none()
        && signature.abi.is_none()
        && !matches!(signature.safety, syn::Safety::Unsafe(_))
        && signature.generics.params.is_empty()
        && signature.generics.where_clause.is_none();
    if !is_plain {
        errors.add(signature, &expected);
        return;
    }
    let parameters: Vec<(&Ident, &Type)> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(argument) => match &*argument.pat {
                Pat::Ident(name) => Some((&name.ident, &*argument.ty)),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect();
    let ([(state, state_type), (event, event_type)], ReturnType::Type(_, output)) =
        (&parameters[..], &signature.output)
    else {
        errors.add(signature, &expected);
        return;
    };
    let last = machine.events_path.segments.last();
    let events_name = last.map(|last| plain(&last.ident));
    for (ty, expected_name) in [
        (*state_type, Some(plain(name))),
        (*event_type, events_name),
        (&**output, Some(plain(name))),
    ] {
        if last_name(ty) != expected_name {
            errors.add(ty, &expected);
        }
    }
    let pair = quote!(#state, #event).to_string();
    let scrutinee = evolve.scrutinee.to_string();
    if evolve.arms.is_some() && scrutinee.trim_end_matches([',', ' ']) != pair {
        errors.add(
            &evolve.scrutinee,
            format_args!("`evolve` must be one `match ({state}, {event}) {{ .. }}`"),
        );
    }
}

/// The last name of a type that is a path.
fn last_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Group(inner) => last_name(&inner.elem),
        Type::Paren(inner) => last_name(&inner.elem),
        Type::Path(path) => path.path.segments.last().map(|last| plain(&last.ident)),
        _ => None,
    }
}
