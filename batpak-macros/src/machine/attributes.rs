//! The attributes that only `state_machine!` knows.

use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitInt, LitStr, Path, Token, Type};

use super::GateCall;
use crate::errors::{Errors, did_you_mean};
use crate::names::{self, one_of};

/// `#[machine(..)]` on the enum of states.
#[derive(Default)]
pub(super) struct MachineAttributes {
    pub(super) entity: Option<LitStr>,
    pub(super) data: Option<Type>,
    pub(super) context: Option<Type>,
    pub(super) version: Option<LitInt>,
    pub(super) krate: Option<Path>,
}

const MACHINE_KEYS: &[&str] = &["entity", "data", "context", "version", "crate"];

/// Takes the `#[machine]` off the attributes.
pub(super) fn machine(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> MachineAttributes {
    let mut found = MachineAttributes::default();
    attributes.retain(|attribute| {
        if !attribute.path().is_ident("machine") {
            return true;
        }
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("entity") {
                found.entity = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("data") {
                found.data = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("context") {
                found.context = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("version") {
                let version: LitInt = meta.value()?.parse()?;
                version.base10_parse::<u32>()?;
                found.version = Some(version);
            } else if meta.path.is_ident("crate") {
                found.krate = Some(names::crate_path(meta.input)?);
            } else {
                return Err(unknown(&meta.path, "key", "in `#[machine]`", MACHINE_KEYS));
            }
            Ok(())
        });
        errors.take(parsed);
        false
    });
    if let Some(entity) = &found.entity
        && (entity.value().is_empty()
            || entity
                .value()
                .contains(|c: char| c == ':' || c.is_control()))
    {
        errors.add(
            entity,
            "an entity prefix is a name without `:`, such as \"order\"",
        );
    }
    found
}

/// What the attributes on a state say.
#[derive(Default)]
pub(super) struct StateAttributes {
    pub(super) initial: bool,
    pub(super) terminal: bool,
    pub(super) groups: Vec<Ident>,
}

/// Takes `#[initial]`, `#[terminal]` and `#[group]` off the attributes.
pub(super) fn state(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> StateAttributes {
    let mut found = StateAttributes::default();
    attributes.retain(|attribute| {
        let path = attribute.path();
        if path.is_ident("initial") {
            found.initial = true;
        } else if path.is_ident("terminal") {
            found.terminal = true;
        } else if path.is_ident("group") {
            let list = attribute.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated);
            found.groups.extend(errors.take(list).into_iter().flatten());
        } else {
            if path.is_ident("cfg") || path.is_ident("cfg_attr") {
                errors.add(
                    attribute,
                    "`#[cfg]` on a state or event would change the graph between builds",
                );
            }
            return true;
        }
        false
    });
    found
}

/// What the attributes on an arm say.
#[derive(Default)]
pub(super) struct ArmAttributes {
    pub(super) docs: Vec<Attribute>,
    pub(super) command: Option<Ident>,
    pub(super) gates: Vec<GateCall>,
}

pub(super) fn arm(attributes: &[Attribute], errors: &mut Errors) -> ArmAttributes {
    let mut found = ArmAttributes::default();
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("doc") {
            found.docs.push(attribute.clone());
        } else if path.is_ident("command") {
            found.command = errors.take(attribute.parse_args()).or(found.command);
        } else if path.is_ident("gate") {
            let calls =
                attribute.parse_args_with(Punctuated::<syn::ExprCall, Token![,]>::parse_terminated);
            for call in errors.take(calls).into_iter().flatten() {
                match *call.func {
                    syn::Expr::Path(path) => found.gates.push(GateCall {
                        path: path.path,
                        arguments: call.args.into_iter().collect(),
                    }),
                    other => errors.add(other, "name a function under `#[gate]`"),
                }
            }
        } else {
            let error = unknown(path, "attribute", "on a transition", &["command", "gate"]);
            errors.push(error);
        }
    }
    found
}

fn unknown(path: &Path, what: &str, place: &str, known: &[&str]) -> syn::Error {
    let name = path
        .get_ident()
        .map_or_else(String::new, ToString::to_string);
    let hint = did_you_mean(&name, known.iter().copied());
    let known = one_of(known);
    syn::Error::new_spanned(
        path,
        format_args!("unknown {what} `{name}` {place}; expected {known}{hint}"),
    )
}
