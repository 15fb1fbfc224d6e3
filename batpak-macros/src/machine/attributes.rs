//! The attributes that only `state_machine!` knows.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitInt, LitStr, Path, Token, Type};

use super::GateCall;
use crate::errors::{Errors, closest, unknown};
use crate::names;

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

const STATE_ATTRIBUTES: &[&str] = &["initial", "terminal", "group"];

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
        } else if is_misspelled(path) {
            errors.push(unknown(path, "attribute", "on a state", STATE_ATTRIBUTES));
        } else {
            return true;
        }
        false
    });
    refuse_cfg(attributes, errors);
    found
}

/// Whether one of the attributes of a state was meant: others may be those of the user's derives.
fn is_misspelled(path: &Path) -> bool {
    path.get_ident()
        .is_some_and(|name| closest(&name.to_string(), STATE_ATTRIBUTES.iter().copied()).is_some())
}

/// Refuses `#[cfg]` on a state or event.
pub(super) fn refuse_cfg(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.add(
                attribute,
                "`#[cfg]` on a state or event would change the graph between builds",
            );
        }
    }
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
            let calls = attribute.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated);
            for call in errors.take(calls).into_iter().flatten() {
                found.gates.extend(errors.take(gate(call)));
            }
        } else {
            let error = unknown(path, "attribute", "on a transition", &["command", "gate"]);
            errors.push(error);
        }
    }
    found
}

/// One call under `#[gate]`.
fn gate(call: Expr) -> syn::Result<GateCall> {
    let wrong = |at: &Expr| {
        let message = "name a gate and what it looks at, such as `covered(balance, amount)`";
        Err(syn::Error::new_spanned(at, message))
    };
    match call {
        Expr::Call(call) => match *call.func {
            Expr::Path(path) => Ok(GateCall {
                path: path.path,
                arguments: call.args.into_iter().collect(),
            }),
            other => wrong(&other),
        },
        other => wrong(&other),
    }
}
