//! The attributes that only `state_machine!` knows.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitInt, LitStr, Meta, Path, Token, Type};

use super::GateCall;
use crate::errors::{Errors, closest, unknown};
use crate::keys::{self, Key, Known};
use crate::names;

/// `#[machine(..)]` on the enum of states.
#[derive(Default)]
pub(super) struct MachineAttributes {
    pub(super) entity: Option<LitStr>,
    pub(super) data: Option<Type>,
    pub(super) context: Option<Type>,
    pub(super) version: Option<LitInt>,
    /// The enum of events, if it is outside the call.
    pub(super) events: Option<Path>,
    /// The name of `OrderIn`, if it is another.
    pub(super) typestate: Option<Ident>,
    /// What the names of the states' structs begin with.
    pub(super) state_prefix: Option<Ident>,
    /// Further derives of the states' structs.
    pub(super) state_derive: Vec<Path>,
    /// That a terminal state must be reachable from every state.
    pub(super) must_finish: Option<()>,
    /// That the fold may be kept.
    pub(super) snapshot: Option<()>,
    pub(super) krate: Option<Path>,
}

const MACHINE: Known = Known {
    keys: &[
        "entity",
        "data",
        "context",
        "version",
        "events",
        "typestate",
        "state_prefix",
        "state_derive",
        "must_finish",
        "snapshot",
        "crate",
    ],
    place: "in `#[machine]`",
};

const STATE_ATTRIBUTES: &[&str] = &["initial", "terminal", "group"];

/// Takes the `#[machine]` off the attributes.
pub(super) fn machine(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> MachineAttributes {
    let mut found = MachineAttributes::default();
    attributes.retain(|attribute| {
        let is_ours = attribute.path().is_ident("machine");
        if is_ours {
            keys::of_attribute(attribute, MACHINE, errors, |key| setting(key, &mut found));
        }
        !is_ours
    });
    let version = found.version.take();
    found.version = version.filter(|version| {
        let fits = version.base10_parse::<u32>();
        errors.take(fits).is_some()
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

fn setting(key: Key<'_>, found: &mut MachineAttributes) -> syn::Result<()> {
    match key.name {
        "entity" => key.value(&mut found.entity),
        "data" => key.value(&mut found.data),
        "context" => key.value(&mut found.context),
        "version" => key.value(&mut found.version),
        "events" => key.path_value(&mut found.events),
        "typestate" => key.value(&mut found.typestate),
        "state_prefix" => key.value(&mut found.state_prefix),
        "state_derive" => {
            found.state_derive.extend(key.list(Path::parse_mod_style)?);
            Ok(())
        }
        "must_finish" => {
            key.keep(&mut found.must_finish, ());
            Ok(())
        }
        "snapshot" => {
            key.keep(&mut found.snapshot, ());
            Ok(())
        }
        _ => key.path_value(&mut found.krate),
    }
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
            mark(attribute, &mut found.initial, errors);
        } else if path.is_ident("terminal") {
            mark(attribute, &mut found.terminal, errors);
        } else if path.is_ident("group") {
            groups(attribute, &mut found.groups, errors);
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

/// Reads an attribute that has nothing to say but that it is there.
fn mark(attribute: &Attribute, found: &mut bool, errors: &mut Errors) {
    if !matches!(attribute.meta, Meta::Path(_)) {
        let name = attribute.path().get_ident().map(names::plain);
        let name = name.unwrap_or_default();
        errors.add(
            attribute,
            format_args!("`#[{name}]` stands alone, without arguments"),
        );
    }
    if std::mem::replace(found, true) {
        given_twice(attribute, errors);
    }
}

fn given_twice(attribute: &Attribute, errors: &mut Errors) {
    let name = attribute.path().get_ident().map(names::plain);
    let name = name.unwrap_or_default();
    errors.add(attribute.path(), format_args!("`#[{name}]` is given twice"));
}

fn groups(attribute: &Attribute, found: &mut Vec<Ident>, errors: &mut Errors) {
    let list = attribute.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated);
    let Some(list) = errors.take(list) else {
        return;
    };
    if list.is_empty() {
        errors.add(attribute, "name the groups of the state: `#[group(Open)]`");
    }
    for group in list {
        if found.contains(&group) {
            errors.add(&group, format_args!("group `{group}` is given twice"));
        } else {
            found.push(group);
        }
    }
}

/// Whether one of the attributes of a state was meant: others may be those of the user's derives.
fn is_misspelled(path: &Path) -> bool {
    path.get_ident()
        .is_some_and(|name| closest(&name.to_string(), STATE_ATTRIBUTES.iter().copied()).is_some())
}

/// Refuses `#[cfg]` on a state or event, or on a field of one, and takes it off.
pub(super) fn refuse_cfg(attributes: &mut Vec<Attribute>, errors: &mut Errors) {
    attributes.retain(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr");
        if is_cfg {
            errors.add(
                attribute,
                "`#[cfg]` on a state or event would change the graph between builds",
            );
        }
        !is_cfg
    });
}

/// What the attributes on an arm say.
#[derive(Default)]
pub(super) struct ArmAttributes {
    pub(super) docs: Vec<Attribute>,
    pub(super) command: Option<Ident>,
    pub(super) gates: Vec<GateCall>,
}

/// Reads the attributes of an arm; `outside` is the name of the enum of events if it is outside the call.
pub(super) fn arm(
    tokens: &TokenStream,
    outside: Option<&str>,
    errors: &mut Errors,
) -> ArmAttributes {
    let mut found = ArmAttributes::default();
    let attributes = errors.take(Attribute::parse_outer.parse2(tokens.clone()));
    for attribute in attributes.into_iter().flatten() {
        let path = attribute.path();
        if path.is_ident("doc") {
            found.docs.push(attribute);
            continue;
        }
        let known = ["command", "gate"];
        let name = path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        let meant = if known.contains(&name.as_str()) {
            Some(name.as_str())
        } else {
            errors.push(unknown(path, "attribute", "on a transition", &known));
            closest(&name, known)
        };
        match (meant, outside) {
            (Some("command"), Some(events)) => errors.add(
                &attribute,
                format_args!(
                    "the event enum is outside this machine, so it has no commands; move `enum {events}` into \
                     the macro or drop `#[command]`"
                ),
            ),
            (Some("command"), None) => {
                let command = errors.take(attribute.parse_args());
                if found.command.is_some() {
                    given_twice(&attribute, errors);
                }
                found.command = found.command.or(command);
            }
            (Some(_), _) => {
                let calls = Punctuated::<Expr, Token![,]>::parse_terminated;
                let calls = errors.take(attribute.parse_args_with(calls));
                if calls.as_ref().is_some_and(Punctuated::is_empty) {
                    let message = "name a gate and what it looks at, such as `covered(balance, amount)`";
                    errors.add(&attribute, message);
                }
                for call in calls.into_iter().flatten() {
                    found.gates.extend(errors.take(gate(call)));
                }
            }
            (None, _) => {}
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
