//! The target of an arm: the state that it ends in.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Expr, ExprGroup, ExprParen, Ident, Member, Path, Stmt};

use super::Target;
use super::arms::{Scope, only_the_target};
use super::fields::Style;
use super::patterns::{From, is_binding, respanned};
use super::split::RawArm;
use crate::errors::{Errors, closest, did_you_mean};
use crate::names::plain;

impl Scope<'_> {
    /// The target of an arm with this body; `from` is the first half of its pattern, if that was understood.
    pub(super) fn target(
        &self,
        raw: &RawArm,
        body: Option<Expr>,
        from: Option<&From>,
        errors: &mut Errors,
    ) -> Target {
        let Some(mut body) = body else {
            // A body that does not parse has been reported.
            if let Some(arrow) = raw.arrow {
                errors.push(syn::Error::new(arrow, "expected the target state"));
            }
            return Target::Unknown(None);
        };
        let guess = || Target::Unknown(self.some_state_in(&raw.body));
        let bound = from.and_then(|from| from.bound.as_ref());
        let whole: *const Expr = &raw const body;
        let end = tail(&mut body);
        let is_whole = std::ptr::eq(whole, end);
        let Some(path) = constructor(end).cloned() else {
            errors.add(
                end,
                "a transition must end in a state, such as `Placed { total }`, so that the target is \
                 known at compile time",
            );
            return guess();
        };
        let Some(name) = path.segments.last().map(|last| &last.ident) else {
            return guess();
        };
        if path.segments.len() > 1 {
            errors.add(&*end, format_args!("write the state alone: `{name}`"));
        } else if is_binding(name) {
            if bound == Some(name) && is_whole {
                return Target::Same;
            }
            // What the name is bound to is not known if the pattern was not understood.
            if from.is_some() {
                errors.add(
                    name,
                    format_args!("`{name}` is not the name of the state; end in a state, or in the name bound to it"),
                );
            }
            return guess();
        } else if let Some(bound) = bound {
            errors.push(only_the_target(bound));
        }
        let Some(state) = self.state(name, errors) else {
            return guess();
        };
        self.check_constructor(end, state, errors);
        if let Some(path) = constructor_mut(end) {
            *path = respanned(&self.states[state].structure, name.span()).into();
        }
        Target::State(state, body)
    }

    /// The first state that is named in what could not be understood: it may be the target, and the rest of
    /// the program may count on it.
    pub(super) fn some_state_in(&self, tokens: &TokenStream) -> Option<usize> {
        tokens.clone().into_iter().find_map(|token| match token {
            TokenTree::Ident(name) => self.states_by_name.get(&plain(&name)).copied(),
            TokenTree::Group(group) => self.some_state_in(&group.stream()),
            _ => None,
        })
    }

    /// The state of that name, or the one that may have been meant.
    fn state(&self, name: &Ident, errors: &mut Errors) -> Option<usize> {
        let text = plain(name);
        let position = |text: &str| self.states_by_name.get(text).copied();
        if let Some(state) = position(&text) {
            return Some(state);
        }
        if self.groups.iter().any(|(group, _)| *group == text) {
            let message = format!("`{text}` is a group; a transition must end in one state");
            errors.add(name, message);
            return None;
        }
        let known: Vec<String> = self.states.iter().map(|state| plain(&state.name)).collect();
        let known = || known.iter().map(String::as_str);
        let (hint, machine) = (did_you_mean(&text, known()), self.machine);
        errors.add(name, format_args!("no state `{text}` in `{machine}`{hint}"));
        position(closest(&text, known())?)
    }

    /// That a constructor names the fields of its state.
    fn check_constructor(&self, end: &Expr, state: usize, errors: &mut Errors) {
        let state = &self.states[state];
        let name = &state.name;
        match (end, state.fields.style) {
            (Expr::Struct(made), Style::Named) => {
                let names = state.fields.names();
                for field in &made.fields {
                    if let Member::Named(field) = &field.member
                        && !names.contains(&plain(field))
                    {
                        let hint = did_you_mean(&plain(field), names.iter().map(String::as_str));
                        errors.add(
                            field,
                            format_args!("state `{name}` has no field `{field}`{hint}"),
                        );
                    }
                }
            }
            (Expr::Call(_) | Expr::Path(_), Style::Named) => errors.add(
                end,
                format_args!("the fields of state `{name}` have names: `{name} {{ .. }}`"),
            ),
            (Expr::Struct(_) | Expr::Path(_), Style::Tuple) => errors.add(
                end,
                format_args!("state `{name}` has fields without names: `{name}(..)`"),
            ),
            (Expr::Struct(_) | Expr::Call(_), Style::Unit) => {
                errors.add(end, format_args!("state `{name}` has no fields"));
            }
            _ => {}
        }
    }
}

/// The expression that the value of `body` comes from.
fn tail(body: &mut Expr) -> &mut Expr {
    if let Expr::Group(ExprGroup { expr, .. }) | Expr::Paren(ExprParen { expr, .. }) = body {
        return tail(expr);
    }
    let ends_in_value = matches!(body, Expr::Block(block)
        if matches!(block.block.stmts.last(), Some(Stmt::Expr(_, None))));
    if !ends_in_value {
        return body;
    }
    let Expr::Block(block) = body else {
        unreachable!("it is a block")
    };
    let Some(Stmt::Expr(end, None)) = block.block.stmts.last_mut() else {
        unreachable!("it ends in a value")
    };
    tail(end)
}

/// The path of what may be a constructor: `Placed { .. }`, `Placed(..)` or `Placed`.
fn constructor(end: &Expr) -> Option<&Path> {
    match end {
        Expr::Path(path) if path.qself.is_none() => Some(&path.path),
        Expr::Struct(made) if made.qself.is_none() => Some(&made.path),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) if path.qself.is_none() => {
                let last = path.path.segments.last();
                last.is_some_and(|last| !is_binding(&last.ident))
                    .then_some(&path.path)
            }
            _ => None,
        },
        _ => None,
    }
}

fn constructor_mut(end: &mut Expr) -> Option<&mut Path> {
    match end {
        Expr::Path(path) => Some(&mut path.path),
        Expr::Struct(made) => Some(&mut made.path),
        Expr::Call(call) => match &mut *call.func {
            Expr::Path(path) => Some(&mut path.path),
            _ => None,
        },
        _ => None,
    }
}
