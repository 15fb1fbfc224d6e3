//! All mistakes of one macro call, reported together.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Path;
use syn::spanned::Spanned;

use crate::names::one_of;

/// Collects errors; what is still in it when the expansion ends becomes `compile_error!`s.
#[derive(Default)]
pub(crate) struct Errors {
    combined: Option<syn::Error>,
    count: usize,
}

impl Errors {
    /// Adds an error at the tokens of `at`.
    pub(crate) fn add(&mut self, at: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    /// Adds an error that was made elsewhere.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.count += 1;
        match &mut self.combined {
            Some(errors) => errors.combine(error),
            None => self.combined = Some(error),
        }
    }

    /// The value, or `None` and its error added.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.combined.is_none()
    }

    /// How many there are so far: to see whether a part was free of them.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// `compile_error!` for each error, or nothing.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.combined
            .map(syn::Error::into_compile_error)
            .unwrap_or_default()
    }
}

/// `; did you mean `x`?` if a candidate is close to `name`, else nothing.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    closest(name, candidates).map_or_else(String::new, |close| format!("; did you mean `{close}`?"))
}

/// The candidate that is fewest edits away, if that is at most a third of the name.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= (name.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance: edits and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// Refuses generic parameters on `what`.
pub(crate) fn refuse_generics(generics: &syn::Generics, what: &str, errors: &mut Errors) {
    if !generics.params.is_empty() {
        errors.push(syn::Error::new(
            generics.span(),
            format_args!("generic {what} are not supported"),
        ));
    }
}

/// `unknown key `entiti` in `#[machine]`; expected ..; did you mean ..?`, at the path.
///
/// `what` is the sort of thing that it should have been, `place` where it stands.
pub(crate) fn unknown(path: &Path, what: &str, place: &str, known: &[&str]) -> syn::Error {
    let name = path.to_token_stream().to_string().replace(' ', "");
    let hint = match known {
        // The one that there is has just been named.
        [_] => String::new(),
        several => did_you_mean(&name, several.iter().copied()),
    };
    let known = one_of(known);
    syn::Error::new_spanned(
        path,
        format_args!("unknown {what} `{name}` {place}; expected {known}{hint}"),
    )
}
