//! Names and attributes that several macros share.

use proc_macro2::{Ident, Literal, Span};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// `LineAdded` as `line_added`.
pub(crate) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (i, c) in chars.iter().enumerate() {
        let after_lower = i > 0 && !chars[i - 1].is_uppercase() && chars[i - 1] != '_';
        let before_lower = i > 0
            && chars[i - 1].is_uppercase()
            && chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// `LineAdded` as `LINE_ADDED`.
pub(crate) fn screaming_case(name: &str) -> String {
    snake_case(name).to_uppercase()
}

/// `line_added` as `LineAdded`.
pub(crate) fn pascal_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string());
            first.into_iter().chain(std::iter::once(chars.collect()))
        })
        .collect()
}

/// The name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The constant that holds the kind of an event variant: `LINE_ADDED`, or `OK_KIND` where that would
/// be the name of the variant itself.
pub(crate) fn kind_const(variant: &Ident) -> Ident {
    let plain = plain(variant);
    let mut name = screaming_case(&plain);
    if name == plain {
        name.push_str("_KIND");
    }
    syn::parse_str(&name)
        .map(|ident: Ident| Ident::new(&ident.to_string(), variant.span()))
        .unwrap_or_else(|_| Ident::new(&format!("{name}_"), variant.span()))
}

/// The method that is named after a state or event: `LineAdded` as `line_added`, `Move` as `r#move`.
pub(crate) fn method_name(name: &Ident) -> Ident {
    let snake = snake_case(&plain(name));
    // `gen` is reserved since the edition of 2024.
    if syn::parse_str::<Ident>(&snake).is_ok() && snake != "gen" {
        Ident::new(&snake, name.span())
    } else if matches!(snake.as_str(), "self" | "super" | "crate") {
        Ident::new(&format!("{snake}_"), name.span())
    } else {
        Ident::new_raw(&snake, name.span())
    }
}

/// A type as it is usually written.
pub(crate) fn type_text(ty: &syn::Type) -> String {
    let mut text = quote!(#ty).to_string();
    for (spaced, close) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
        ("' ", "'"),
    ] {
        text = text.replace(spaced, close);
    }
    text
}

/// A path as it is usually written.
pub(crate) fn path_text(path: &syn::Path) -> String {
    quote!(#path).to_string().replace(' ', "")
}

/// `a`, `b` or `c`.
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [names @ .., last] => format!("`{}` or `{last}`", names.join("`, `")),
    }
}

/// The doc attributes among others.
pub(crate) fn docs(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .collect()
}

/// The first line of the doc comment.
pub(crate) fn first_doc_line(attributes: &[Attribute]) -> Option<String> {
    docs(attributes)
        .into_iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(doc) => match &doc.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value().trim().to_owned()).filter(|text| !text.is_empty()),
                _ => None,
            },
            _ => None,
        })
}

/// Where batpak is: what `crate = path` says, or else `::batpak`.
pub(crate) fn krate(path: Option<&syn::Path>) -> syn::Path {
    let default = || syn::parse_quote!(::batpak);
    path.cloned().unwrap_or_else(default)
}

/// The span of names that must not meet the user's: locals of generated functions.
pub(crate) fn hygienic(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// A number as it is written in attributes: `0x003`.
pub(crate) fn hex(number: u16, digits: usize) -> Literal {
    let text = format!("0x{number:0digits$X}");
    text.parse()
        .unwrap_or_else(|_| Literal::u16_unsuffixed(number))
}
