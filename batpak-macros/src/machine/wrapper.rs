//! The machines that were read or committed: `OrderIn<S>`, and `AnyOrderIn` over its states.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{Field, Machine, State};
use crate::names::{hygienic, plain};

/// `OrderIn<S>`: a machine in a known state.
pub(super) fn wrapper(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        states,
        ..
    } = machine;
    let wrapper = machine.wrapper();
    let data = machine.data();
    let doc = format!(
        "[`{name}`] in the state `S`, as it was read from a store or committed to one.\n\n\
         Its methods are the commands of that state, and the state's fields."
    );
    let accessors = states.iter().filter_map(|state| accessors(machine, state));
    let traits = wrapper_traits(machine);
    // All of it at the machine's name, which is where an error about a missing command then points.
    let item = quote_spanned! {name.span()=>
        #visibility struct #wrapper<S: #krate::State<Machine = #name>>(#krate::expansion::In<S>);
    };
    quote! {
        #[doc = #doc]
        #item

        #traits

        #[automatically_derived]
        #[allow(dead_code)]
        impl<S: #krate::State<Machine = #name>> #wrapper<S> {
            /// The state.
            #visibility fn state(&self) -> &S {
                &self.0.state
            }

            /// What all states share.
            #visibility fn data(&self) -> &#data {
                &self.0.data
            }

            /// Where it was read: store, stream, revision and position.
            #visibility fn cursor(&self) -> &#krate::Cursor {
                &self.0.cursor
            }
        }

        #(#accessors)*
    }
}

/// The methods that every wrapper has.
pub(super) const METHODS: &[&str] = &["state", "data", "cursor"];

/// The traits of `OrderIn<S>`.
fn wrapper_traits(machine: &Machine) -> TokenStream {
    let Machine { name, krate, .. } = machine;
    let wrapper = machine.wrapper();
    let [f, within] = ["f", "within"].map(hygienic);
    quote! {
        #[automatically_derived]
        impl<S: #krate::State<Machine = #name>> ::core::clone::Clone for #wrapper<S> {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl<S: #krate::State<Machine = #name>> ::core::fmt::Debug for #wrapper<S> {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, #f)
            }
        }

        #[automatically_derived]
        impl<S: #krate::State<Machine = #name>> #krate::expansion::Instance for #wrapper<S> {
            type State = S;

            fn new(#within: #krate::expansion::In<S>) -> Self {
                Self(#within)
            }

            fn within(&self) -> &#krate::expansion::In<S> {
                &self.0
            }

            fn into_within(self) -> #krate::expansion::In<S> {
                self.0
            }
        }
    }
}

/// The accessors of a state's fields, except those whose names the wrapper has for itself.
fn accessors(machine: &Machine, state: &State) -> Option<TokenStream> {
    let (wrapper, visibility) = (machine.wrapper(), &machine.visibility);
    let name = &state.name;
    let fields: Vec<TokenStream> = state
        .fields
        .iter()
        .filter(|field| !METHODS.contains(&plain(&field.name).as_str()))
        .map(
            |Field {
                 name: field,
                 ty,
                 docs,
             }| {
                let default = docs.is_empty().then(|| {
                    let doc = format!("The field `{field}` of the state.");
                    quote!(#[doc = #doc])
                });
                quote! {
                    #default
                    #(#docs)*
                    #visibility fn #field(&self) -> &#ty {
                        &self.0.state.#field
                    }
                }
            },
        )
        .collect();
    (!fields.is_empty()).then(|| {
        quote! {
            #[automatically_derived]
            #[allow(dead_code)]
            impl #wrapper<#name> {
                #(#fields)*
            }
        }
    })
}

/// `AnyOrderIn`: a machine in whatever state it was read in.
pub(super) fn any(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        states,
        ..
    } = machine;
    let (any, wrapper, data) = (machine.any(), machine.wrapper(), machine.data());
    let doc =
        format!("[`{name}`] in whatever state it was read in: match on it, or begin a chain.");
    let variants = states.iter().map(|state| {
        let state = &state.name;
        let doc = format!("It is in the state [`{state}`].");
        quote!(#[doc = #doc] #state(#wrapper<#state>))
    });
    let states: Vec<_> = states.iter().map(|state| &state.name).collect();
    let [found, within] = ["found", "within"].map(hygienic);
    let count = states.len();
    let each = std::iter::repeat_n(&found, count);
    let each_again = each.clone();
    let each_cursor = each.clone();
    let within_each = std::iter::repeat_n(&within, count);
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::clone::Clone)]
        #visibility enum #any {
            #(#variants),*
        }

        #[automatically_derived]
        #[allow(dead_code)]
        impl #any {
            /// Begins a chain of events that arrive as data, to be committed as one batch.
            #visibility fn chain(self) -> #krate::Chain<#name> {
                match self {
                    #(Self::#states(#each) => {
                        let #within_each = #krate::expansion::Instance::into_within(#each);
                        #krate::Chain::new(
                            #within_each.cursor,
                            #krate::State::into_any(#within_each.state),
                            #within_each.data,
                        )
                    })*
                }
            }

            /// Where it was read: store, stream, revision and position.
            #visibility fn cursor(&self) -> &#krate::Cursor {
                match self {
                    #(Self::#states(#each_cursor) => &#krate::expansion::Instance::within(#each_cursor).cursor),*
                }
            }

            /// What all states share.
            #visibility fn data(&self) -> &#data {
                match self {
                    #(Self::#states(#each_again) => &#krate::expansion::Instance::within(#each_again).data),*
                }
            }
        }
    }
}
