//! Programs that call the macros, and the calls in them.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A call of one of the macros.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) which: Macro,
    /// What stands in the parentheses of an attribute.
    pub(super) attribute: TokenStream,
    pub(super) item: TokenStream,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Macro {
    Event,
    Machine,
    Gate,
    Projection,
}

impl Call {
    pub(super) fn expand(&self) -> TokenStream {
        let (attribute, item) = (self.attribute.clone(), self.item.clone());
        match self.which {
            Macro::Event => crate::event::derive(item),
            Macro::Machine => crate::machine::expand(item),
            Macro::Gate => crate::gate::expand(attribute, item),
            Macro::Projection => crate::projection::expand(attribute, item),
        }
    }
}

/// The repository's directory of this name.
pub(super) fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The source files below a directory, in order.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The calls in a source file, whole items as they stand there.
pub(super) fn calls(source: &str) -> Vec<Call> {
    let Ok(tokens) = source.parse::<TokenStream>() else {
        return Vec::new();
    };
    let mut calls = Vec::new();
    collect(tokens, &mut calls);
    calls
}

fn collect(tokens: TokenStream, calls: &mut Vec<Call>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(name) if name == "state_machine" => {
                if let Some(TokenTree::Group(call)) = tokens.get(i + 2) {
                    push(calls, Macro::Machine, TokenStream::new(), call.stream());
                    collect(call.stream(), calls);
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                if let Some((which, attribute)) = called(group) {
                    let item = item(&tokens[i + 1..]);
                    push(calls, which, attribute, item);
                }
            }
            TokenTree::Group(group) => collect(group.stream(), calls),
            _ => {}
        }
    }
}

fn push(calls: &mut Vec<Call>, which: Macro, attribute: TokenStream, item: TokenStream) {
    calls.push(Call {
        which,
        attribute,
        item,
    });
}

/// The macro that an attribute calls, and its argument.
fn called(attribute: &Group) -> Option<(Macro, TokenStream)> {
    let mut tokens = attribute.stream().into_iter();
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        return None;
    };
    let argument = match tokens.next() {
        Some(TokenTree::Group(argument)) => argument.stream(),
        _ => TokenStream::new(),
    };
    match name.to_string().as_str() {
        "gate" => Some((Macro::Gate, argument)),
        "projection" => Some((Macro::Projection, argument)),
        "derive" => argument
            .into_iter()
            .any(|token| token.to_string() == "Event")
            .then(|| (Macro::Event, TokenStream::new())),
        _ => None,
    }
}

/// The item that the tokens begin with: up to its block, or a semicolon.
fn item(tokens: &[TokenTree]) -> TokenStream {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let end = tokens
        .iter()
        .position(is_end)
        .map_or(tokens.len(), |end| end + 1);
    tokens[..end].iter().cloned().collect()
}
