//! The machine in a known state: `OrderIn<S>`.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::Member;

use super::Machine;
use crate::names::{hygienic, plain};

/// The methods that every wrapper has.
pub(super) const METHODS: &[&str] = &["state", "data", "cursor", "leading_to"];

/// The type parameters of what is generated: `S`, `P`, `T` and `D`, or others where the
/// user has types of these names.
pub(super) struct Parameters {
    pub(super) state: Ident,
    pub(super) phase: Ident,
    /// The state that a step leads to.
    pub(super) target: Ident,
    /// Why there is no step.
    pub(super) denial: Ident,
}

impl Parameters {
    /// Parameters whose names are not among the tokens.
    pub(super) fn beside(tokens: &TokenStream) -> Self {
        let mut taken = HashSet::new();
        collect_names(tokens, &mut taken);
        let free = |letter: &str| {
            let numbered = (2..).map(|n| format!("{letter}{n}"));
            let mut names = std::iter::once(letter.to_owned()).chain(numbered);
            let name = names.find(|name| !taken.contains(name));
            format_ident!("{}", name.unwrap_or_default(), span = Span::call_site())
        };
        Self {
            state: free("S"),
            phase: free("P"),
            target: free("T"),
            denial: free("D"),
        }
    }
}

/// The names that stand among the tokens.
fn collect_names(tokens: &TokenStream, names: &mut HashSet<String>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(name) => {
                names.insert(name.to_string());
            }
            TokenTree::Group(group) => collect_names(&group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// `OrderIn<S>`: a machine in a known state.
pub(super) fn expand(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        ..
    } = machine;
    let wrapper = machine.wrapper();
    let data = machine.data();
    let Parameters {
        state: s, phase: p, ..
    } = &machine.parameters;
    let doc = format!(
        "\n[`{name}`] in the state `{s}`, as it was read from a store or committed to one.\n\n\
         Its methods are the commands of that state, and the state's fields."
    );
    let traits = traits(machine);
    let step = (!machine.is_fold_only()).then(|| step(machine));
    // All of it at the machine's name, which is where an error about a missing command then points.
    let item = quote_spanned! {name.span()=>
        #visibility struct #wrapper<#s: #krate::State<Machine = #name>, #p = #krate::Committed>(
            #krate::expansion::In<#s, #p>,
        );
    };
    quote! {
        #[doc = #doc]
        #item

        #traits

        #[automatically_derived]
        #[allow(dead_code)]
        impl<#s: #krate::State<Machine = #name>, #p> #wrapper<#s, #p> {
            /// The state.
            #visibility fn state(&self) -> &#s {
                self.0.state()
            }

            /// What all states share.
            #visibility fn data(&self) -> &#data {
                self.0.data()
            }

            #step
        }

        #[automatically_derived]
        #[allow(dead_code)]
        impl<#s: #krate::State<Machine = #name>> #wrapper<#s> {
            /// Where it was read: store, stream, revision and position.
            #visibility fn cursor(&self) -> &#krate::Cursor {
                self.0.cursor()
            }
        }
    }
}

/// What the commands end in. That its types are those of this machine makes them quick to check.
fn step(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        krate,
        events_path,
        ..
    } = machine;
    let wrapper = machine.wrapper();
    let Parameters {
        target: t,
        denial: d,
        ..
    } = &machine.parameters;
    let event = hygienic("event");
    quote! {
        /// The step over an event, to the state that the table leads to.
        fn leading_to<#t: #krate::State<Machine = #name>, #d>(
            self,
            #event: #events_path,
        ) -> ::core::result::Result<#krate::Step<Self, #wrapper<#t>>, #krate::Denied<Self, #d>> {
            ::core::result::Result::Ok(#krate::expansion::step(self, #event))
        }
    }
}

/// The traits of `OrderIn<S>`.
fn traits(machine: &Machine) -> TokenStream {
    let Machine { name, krate, .. } = machine;
    let wrapper = machine.wrapper();
    let Parameters {
        state: s, phase: p, ..
    } = &machine.parameters;
    let [f, within] = ["f", "within"].map(hygienic);
    quote! {
        #[automatically_derived]
        impl<#s: #krate::State<Machine = #name>, #p> ::core::clone::Clone for #wrapper<#s, #p> {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl<#s: #krate::State<Machine = #name>, #p> ::core::fmt::Debug for #wrapper<#s, #p> {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, #f)
            }
        }

        #[automatically_derived]
        impl<#s: #krate::State<Machine = #name>, #p> #krate::expansion::Instance for #wrapper<#s, #p> {
            type State = #s;
            type Phase = #p;
            type Pending = #wrapper<#s, #krate::Pending>;

            fn new(#within: #krate::expansion::In<#s, #p>) -> Self {
                Self(#within)
            }

            fn within(&self) -> &#krate::expansion::In<#s, #p> {
                &self.0
            }

            fn into_within(self) -> #krate::expansion::In<#s, #p> {
                self.0
            }
        }
    }
}

/// The accessors of a state's fields, except those whose names are taken: by the wrapper itself, or by
/// a command, which has been reported.
pub(super) fn accessors(machine: &Machine, state: usize) -> Vec<TokenStream> {
    let visibility = &machine.visibility;
    let pairs = machine.pairs_of(state).iter();
    let arms = pairs.map(|pair| &machine.arms[pair.arms[0]]);
    let commands: Vec<String> = arms
        .filter_map(|arm| Some(plain(arm.command.as_ref()?)))
        .collect();
    let fields = machine.states[state].fields.list.iter();
    let accessors = fields.filter_map(|field| {
        let Member::Named(name) = &field.member else {
            return None;
        };
        let text = plain(name);
        if METHODS.contains(&text.as_str()) || commands.contains(&text) {
            return None;
        }
        let (ty, docs) = (&field.ty, &field.docs);
        let default = docs.is_empty().then(|| {
            let doc = format!(" The field `{name}` of the state.");
            quote!(#[doc = #doc])
        });
        Some(quote! {
            #default
            #(#docs)*
            #visibility fn #name(&self) -> &#ty {
                &self.0.state().#name
            }
        })
    });
    accessors.collect()
}
