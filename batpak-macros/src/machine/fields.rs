//! The fields of states and events, and how they are written in patterns and constructors.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Index, Member, Type};

use super::Binding;
use crate::names::{self, plain};

/// The fields of a state or event.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) list: Vec<Field>,
    pub(super) style: Style,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    #[default]
    Unit,
    Named,
    Tuple,
    /// They are declared where the macro does not see it, or wrongly.
    Unknown,
}

pub(super) struct Field {
    /// How it is named from outside: a name or an index.
    pub(super) member: Member,
    /// What a local of its value is called.
    pub(super) name: Ident,
    pub(super) ty: Type,
    pub(super) docs: Vec<Attribute>,
    /// What its derives of serde are told of it.
    pub(super) serde: Vec<Attribute>,
}

impl Fields {
    pub(super) fn unknown() -> Self {
        Self {
            list: Vec::new(),
            style: Style::Unknown,
        }
    }

    pub(super) fn of(fields: &syn::Fields) -> Self {
        let style = match fields {
            syn::Fields::Unit => Style::Unit,
            syn::Fields::Named(_) => Style::Named,
            syn::Fields::Unnamed(_) => Style::Tuple,
        };
        let count = fields.len();
        let list = fields.iter().enumerate().map(|(i, field)| {
            let name = match &field.ident {
                Some(name) => name.clone(),
                None if count == 1 => Ident::new("payload", proc_macro2::Span::call_site()),
                None => format_ident!("field_{i}"),
            };
            Field {
                member: match &field.ident {
                    Some(name) => Member::Named(name.clone()),
                    None => Member::Unnamed(Index::from(i)),
                },
                name,
                ty: field.ty.clone(),
                docs: names::docs(&field.attrs).into_iter().cloned().collect(),
                serde: of_serde(&field.attrs).cloned().collect(),
            }
        });
        Self {
            list: list.collect(),
            style,
        }
    }

    /// The names of the fields, for those that have one.
    pub(super) fn names(&self) -> Vec<String> {
        let named = self.list.iter().filter_map(|field| match &field.member {
            Member::Named(name) => Some(plain(name)),
            Member::Unnamed(_) => None,
        });
        named.collect()
    }

    pub(super) fn find(&self, member: &Member) -> Option<&Field> {
        self.list.iter().find(|field| same(&field.member, member))
    }

    /// A pattern or constructor of all fields, by the names of their locals; nothing if there are none.
    pub(super) fn all(&self) -> Option<TokenStream> {
        let names = self.list.iter().map(|field| &field.name);
        match self.style {
            Style::Unit => None,
            Style::Tuple => Some(quote!((#(#names),*))),
            Style::Named | Style::Unknown => Some(quote!({ #(#names),* })),
        }
    }

    /// A pattern of the fields that are bound, each as `(member, name)`; nothing if there are no fields.
    pub(super) fn pattern<'b>(
        &self,
        bound: impl Iterator<Item = (&'b Member, &'b Ident)>,
    ) -> Option<TokenStream> {
        let bound: Vec<(&Member, &Ident)> = bound.collect();
        if bound.is_empty() {
            return self.ignored();
        }
        if self.style == Style::Tuple {
            let names = self.list.iter().map(|field| {
                let bound = bound.iter().find(|(member, _)| same(member, &field.member));
                bound.map_or_else(|| quote!(_), |(_, name)| quote!(#name))
            });
            return Some(quote!((#(#names),*)));
        }
        let fields = bound.iter().map(|(member, name)| match member {
            Member::Named(field) if field == *name => quote!(#name,),
            _ => quote!(#member: #name,),
        });
        let others =
            (bound.len() < self.list.len() || self.style == Style::Unknown).then(|| quote!(..));
        Some(quote!({ #(#fields)* #others }))
    }

    /// A pattern that binds none; nothing if there are none.
    pub(super) fn ignored(&self) -> Option<TokenStream> {
        match self.style {
            Style::Unit => None,
            Style::Named | Style::Unknown => Some(quote!({ .. })),
            Style::Tuple => Some(quote!((..))),
        }
    }
}

/// The attributes of serde among others.
pub(super) fn of_serde(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    let mut all = attributes.iter();
    std::iter::from_fn(move || all.find(|attribute| attribute.path().is_ident("serde")))
}

/// Whether two members are the same, however their names are written.
pub(super) fn same(a: &Member, b: &Member) -> bool {
    match (a, b) {
        (Member::Named(a), Member::Named(b)) => plain(a) == plain(b),
        (Member::Unnamed(a), Member::Unnamed(b)) => a.index == b.index,
        _ => false,
    }
}

/// Those of `own` that are among `wanted`.
pub(super) fn chosen<'b>(
    own: &'b [Binding],
    wanted: &'b [&Binding],
) -> impl Iterator<Item = &'b Binding> {
    own.iter()
        .filter(|own| wanted.iter().any(|wanted| std::ptr::eq(*wanted, *own)))
}
