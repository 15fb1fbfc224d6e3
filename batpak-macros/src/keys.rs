//! The `key = value` lists in the parentheses of attributes.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, Parser};
use syn::{Expr, Path, Token};

use crate::errors::{Errors, unknown};
use crate::names;

/// One key of a list, read up to its name.
pub(crate) struct Key<'m, 'e> {
    meta: &'m ParseNestedMeta<'m>,
    errors: &'e mut Errors,
}

/// Reads a list; a mistake in one key does not hide those in the next ones.
pub(crate) fn read(
    list: TokenStream,
    errors: &mut Errors,
    mut key: impl FnMut(Key<'_, '_>) -> syn::Result<()>,
) {
    let parser = syn::meta::parser(|meta| {
        let meta = &meta;
        key(Key { meta, errors })
    });
    let result = parser.parse2(list);
    errors.take(result);
}

impl Key<'_, '_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.meta.path.is_ident(name)
    }

    /// Reads the value into its slot, which it may have once.
    pub(crate) fn value<T: Parse>(self, slot: &mut Option<T>) -> syn::Result<()> {
        let value = self.meta.value()?.parse()?;
        self.keep(slot, value);
        Ok(())
    }

    /// Reads the value of `crate = path`.
    pub(crate) fn crate_path(self, slot: &mut Option<Path>) -> syn::Result<()> {
        let path = names::crate_path(self.meta.input)?;
        self.keep(slot, path);
        Ok(())
    }

    /// Says that there is no such key, and passes over its value.
    pub(crate) fn unknown(self, place: &str, known: &[&str]) -> syn::Result<()> {
        self.errors
            .push(unknown(&self.meta.path, "key", place, known));
        if self.meta.input.parse::<Option<Token![=]>>()?.is_some() {
            self.meta.input.parse::<Expr>()?;
        }
        Ok(())
    }

    fn keep<T>(self, slot: &mut Option<T>, value: T) {
        if slot.replace(value).is_some() {
            let path = &self.meta.path;
            let key = path.get_ident().map(names::plain).unwrap_or_default();
            self.errors
                .add(path, format_args!("`{key}` is given twice"));
        }
    }
}
