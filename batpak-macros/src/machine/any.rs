//! The machine in whatever state it was read in: `AnyOrderIn`.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Machine;
use crate::names::{hygienic, method_name, plain};

/// The methods of the enum, which no accessor of a state may replace.
const METHODS: &[&str] = &[
    "chain",
    "typed",
    "cursor",
    "data",
    "parts",
    "into_parts",
    "clone",
    "into",
    "from",
];

pub(super) fn expand(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        visibility,
        states,
        ..
    } = machine;
    let (any, wrapper) = (machine.any(), machine.wrapper());
    let doc = format!(
        " [`{name}`] in whatever state it was read in: match on it, narrow it, or begin a chain."
    );
    let variants = states.iter().map(|state| {
        let (variant, structure) = (&state.name, &state.structure);
        let doc = format!(" It is in the state [`{structure}`].");
        quote!(#[doc = #doc] #variant(#wrapper<#structure>))
    });
    let whole = whole(machine);
    let narrowing = narrowing(machine);
    let traits = traits(machine);
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone)]
        #visibility enum #any {
            #(#variants),*
        }

        #[automatically_derived]
        #[allow(dead_code)]
        impl #any {
            #whole
            #(#narrowing)*
        }

        #traits
    }
}

/// What it has whatever the state is.
fn whole(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        states,
        ..
    } = machine;
    let (wrapper, data) = (machine.wrapper(), machine.data());
    let s = &machine.parameters.state;
    let typed = format!(" The machine in the state `{s}`.");
    let variants: Vec<&Ident> = states.iter().map(|state| &state.name).collect();
    let [found, cursor, state, shared] = ["found", "cursor", "state", "data"].map(hygienic);
    let each: Vec<&Ident> = vec![&found; variants.len()];
    // In a `known` all types but the state's are those of this machine, which makes it quick to check.
    quote! {
        /// Begins a chain of events that arrive as data, to be committed as one batch.
        #visibility fn chain(self) -> #krate::Chain<#name> {
            let (#cursor, #state, #shared) = self.into_parts();
            #krate::expansion::chain(#cursor, #state, #shared)
        }

        #[doc = #typed]
        ///
        /// # Errors
        /// The machine itself, if it is in another state.
        #visibility fn typed<#s: #krate::State<Machine = #name>>(
            self,
        ) -> ::core::result::Result<#wrapper<#s>, Self> {
            let (#cursor, #state, #shared) = self.into_parts();
            match <#s as #krate::State>::from_any(#state) {
                ::core::result::Result::Ok(#state) => ::core::result::Result::Ok(#wrapper(
                    #krate::expansion::In::new(#cursor, #state, #shared),
                )),
                ::core::result::Result::Err(#state) => ::core::result::Result::Err(
                    #krate::expansion::enter(#state, #cursor, #shared),
                ),
            }
        }

        /// Where it was read: store, stream, revision and position.
        #visibility fn cursor(&self) -> &#krate::Cursor {
            self.parts().0
        }

        /// What all states share.
        #visibility fn data(&self) -> &#data {
            self.parts().1
        }

        fn parts(&self) -> (&#krate::Cursor, &#data, &'static ::core::primitive::str) {
            fn known<#s: #krate::State<Machine = #name>>(
                #found: &#wrapper<#s>,
            ) -> (&#krate::Cursor, &#data, &'static ::core::primitive::str) {
                #krate::expansion::parts(#found)
            }

            match self {
                #(Self::#variants(#each) => known(#each)),*
            }
        }

        fn into_parts(self) -> (#krate::Cursor, #name, #data) {
            fn known<#s: #krate::State<Machine = #name>>(
                #found: #wrapper<#s>,
            ) -> (#krate::Cursor, #name, #data) {
                #krate::expansion::into_parts(#found)
            }

            match self {
                #(Self::#variants(#each) => known(#each)),*
            }
        }
    }
}

/// One method per state that gives the machine in that state: `draft()`.
fn narrowing(machine: &Machine) -> Vec<TokenStream> {
    let wrapper = machine.wrapper();
    let visibility = &machine.visibility;
    let mut taken = HashSet::new();
    let mut methods = Vec::new();
    for state in &machine.states {
        let name = method_name(&state.name);
        let text = plain(&name);
        if METHODS.contains(&text.as_str()) || !taken.insert(text) {
            continue;
        }
        let structure = &state.structure;
        let doc = format!(" The machine in the state [`{structure}`].");
        methods.push(quote! {
            #[doc = #doc]
            ///
            /// # Errors
            /// The machine itself, if it is in another state.
            #visibility fn #name(self) -> ::core::result::Result<#wrapper<#structure>, Self> {
                self.typed()
            }
        });
    }
    methods
}

/// Shows the machine as it is in its state, which is the error where it should be in another, and is
/// made of one.
fn traits(machine: &Machine) -> TokenStream {
    let Machine { name, krate, .. } = machine;
    let (any, wrapper) = (machine.any(), machine.wrapper());
    let s = &machine.parameters.state;
    let [known, cursor, state, shared] = ["known", "cursor", "state", "data"].map(hygienic);
    let f = hygienic("f");
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #any {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let (#cursor, _, #state) = self.parts();
                #krate::expansion::show(#cursor, #state, #f)
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for #any {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let (#cursor, _, #state) = self.parts();
                #krate::expansion::tell(#cursor, #state, #f)
            }
        }

        #[automatically_derived]
        impl ::core::error::Error for #any {}

        #[automatically_derived]
        impl<#s: #krate::State<Machine = #name>> ::core::convert::From<#wrapper<#s>> for #any {
            fn from(#known: #wrapper<#s>) -> Self {
                let (#cursor, #state, #shared) = #krate::expansion::into_parts(#known);
                #krate::expansion::enter(#state, #cursor, #shared)
            }
        }
    }
}
