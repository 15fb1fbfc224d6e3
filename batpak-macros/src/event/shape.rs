//! The fingerprint of a payload: it changes when a field comes, goes, or gets another name or type.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::LitInt;

use super::{Body, Event, Field};
use crate::errors::Errors;
use crate::names::type_text;

/// The fingerprint of the names and types of what is written; never 0. The order is of no account,
/// since a payload is a map.
pub(super) fn of(body: &Body) -> u16 {
    let mut lines: Vec<String> = match body {
        Body::Fields(fields) => fields
            .iter()
            .filter(|field| !field.skip)
            .map(line)
            .collect(),
        Body::Payload(ty) => vec![text(quote!(#ty))],
        Body::Unknown => Vec::new(),
    };
    lines.sort();
    // FNV-1a, folded to 16 bits.
    let hash = lines
        .join("\n")
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    ((hash >> 16) as u16 ^ hash as u16).max(1)
}

fn line(Field { key, ty, with, .. }: &Field) -> String {
    let with = with
        .as_ref()
        .map_or_else(String::new, |with| text(quote!(as #with)));
    format!("{key}: {} {with}", text(quote!(#ty)))
}

/// The tokens with one space between any two: `to_string` leaves that to the compiler's version.
fn text(tokens: TokenStream) -> String {
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                proc_macro2::Delimiter::Brace => ("{", "}"),
                proc_macro2::Delimiter::Bracket => ("[", "]"),
                proc_macro2::Delimiter::None => ("", ""),
            };
            format!("{open}{}{close}", text(group.stream()))
        }
        token => token.to_string(),
    });
    tokens.collect::<Vec<_>>().join(" ")
}

/// That the shape is as `literal` says.
pub(super) fn check(event: &Event, literal: &LitInt, errors: &mut Errors) {
    let Event {
        name,
        version,
        earlier,
        shape,
        body,
        ..
    } = event;
    let stated = literal.base10_parse::<u16>();
    if matches!(body, Body::Unknown) || stated.as_ref().is_ok_and(|stated| stated == shape) {
        return;
    }
    match stated {
        Ok(0) => errors.add(
            literal,
            format_args!("the shape of `{name}` is 0x{shape:04X}: write `shape = 0x{shape:04X}`"),
        ),
        Ok(_) => {
            let mut earlier: Vec<String> = earlier.iter().map(type_text).collect();
            earlier.push(format!("{name}V{version}"));
            let (next, earlier) = (version.saturating_add(1), earlier.join(", "));
            errors.add(
                literal,
                format_args!(
                    "the shape of `{name}` changed: bump `version` to {next} and add the old fields as \
                     `from({earlier})`, or if old bytes still decode set `shape = 0x{shape:04X}`"
                ),
            );
        }
        Err(_) => errors.add(
            literal,
            format_args!(
                "shape {literal} does not fit in 16 bits; the shape of `{name}` is 0x{shape:04X}"
            ),
        ),
    }
}
