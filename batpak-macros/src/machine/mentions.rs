//! Where an arm's names are used.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, ExprPath, Macro};

use crate::names::plain;

/// Whether an expression uses the value that `name` is bound to.
pub(super) fn mentions(expression: &Expr, name: &Ident) -> bool {
    let mut mention = Mention { name, found: false };
    mention.visit_expr(expression);
    mention.found
}

struct Mention<'n> {
    name: &'n Ident,
    found: bool,
}

impl<'e> Visit<'e> for Mention<'_> {
    fn visit_expr_path(&mut self, path: &'e ExprPath) {
        self.found |= path.path.is_ident(self.name);
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, call: &'e Macro) {
        self.found |= stands_in(call.tokens.clone(), self.name);
    }
}

/// Whether `name` stands among the tokens of a macro call, or in the braces of a format string.
pub(super) fn stands_in(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => stands_in(group.stream(), name),
        TokenTree::Literal(literal) => formats(&literal.to_string(), &plain(name)),
        TokenTree::Punct(_) => false,
    })
}

/// Whether the literal has `{name}` in it, or `{name:..}`.
fn formats(literal: &str, name: &str) -> bool {
    let mut behind_braces = literal.split('{').skip(1);
    behind_braces.any(|rest| {
        rest.strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with(['}', ':']))
            || rest.contains(&format!("{name}$"))
    })
}
