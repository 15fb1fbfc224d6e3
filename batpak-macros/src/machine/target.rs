//! The target of an arm: the state that it ends in.

use syn::{Expr, Ident, Member, Stmt};

use super::Target;
use super::arms::{Scope, only_the_target};
use super::patterns::{From, is_binding};
use crate::errors::{Errors, did_you_mean};
use crate::names::plain;

impl Scope<'_> {
    /// The target; `from` is the first half of the pattern, if that was understood.
    pub(super) fn target(
        &self,
        body: &Expr,
        from: Option<&From>,
        errors: &mut Errors,
    ) -> Option<Target> {
        let bound = from.and_then(|from| from.bound.as_ref());
        let end = tail(body);
        let name = match end {
            Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
            Expr::Struct(made) => made.path.get_ident(),
            _ => None,
        };
        let Some(name) = name else {
            if let Some(last) = qualified(end) {
                errors.add(end, format_args!("write the state alone: `{last}`"));
                return None;
            }
            errors.add(
                end,
                "a transition must end in a state, such as `Placed { total }`, so that the target is \
                 known at compile time",
            );
            return None;
        };
        if is_binding(name) {
            if bound == Some(name) && std::ptr::eq(end, body) {
                return Some(Target::Same);
            }
            // What the name is bound to is not known if the pattern was not understood.
            if from.is_some() {
                errors.add(
                    name,
                    format_args!("`{name}` is not the name of the state; end in a state, or in the name bound to it"),
                );
            }
            return None;
        }
        if let Some(bound) = bound {
            errors.push(only_the_target(bound));
            return None;
        }
        let text = plain(name);
        let Some(state) = self
            .states
            .iter()
            .position(|state| plain(&state.name) == text)
        else {
            let known: Vec<String> = self.states.iter().map(|state| plain(&state.name)).collect();
            let hint = did_you_mean(&text, known.iter().map(String::as_str));
            let machine = self.machine;
            errors.add(name, format_args!("no state `{text}` in `{machine}`{hint}"));
            return None;
        };
        if let Expr::Struct(made) = end {
            self.check_constructor(made, state, errors);
        }
        Some(Target::State(state, body.clone()))
    }

    fn check_constructor(&self, made: &syn::ExprStruct, state: usize, errors: &mut Errors) {
        let state = &self.states[state];
        let names: Vec<String> = state
            .fields
            .iter()
            .map(|field| plain(&field.name))
            .collect();
        for field in &made.fields {
            if let Member::Named(field) = &field.member
                && !names.contains(&plain(field))
            {
                let hint = did_you_mean(&plain(field), names.iter().map(String::as_str));
                let state = &state.name;
                errors.add(
                    field,
                    format_args!("state `{state}` has no field `{field}`{hint}"),
                );
            }
        }
    }
}

/// The expression that the value of `body` comes from.
fn tail(body: &Expr) -> &Expr {
    match body {
        Expr::Block(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(end, None)) => tail(end),
            _ => body,
        },
        _ => body,
    }
}

/// The last name of a path of several, such as `Order::Placed`.
fn qualified(end: &Expr) -> Option<&Ident> {
    let path = match end {
        Expr::Path(path) => &path.path,
        Expr::Struct(made) => &made.path,
        _ => return None,
    };
    let last = path.segments.last()?;
    (path.segments.len() > 1).then_some(&last.ident)
}
