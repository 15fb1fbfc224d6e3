//! The machine in a known state: `OrderIn<S>`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Member;

use super::Machine;
use crate::names::{hygienic, plain};

/// The methods that every wrapper has.
pub(super) const METHODS: &[&str] = &["state", "data", "cursor", "leading_to"];

/// `OrderIn<S>`: a machine in a known state.
pub(super) fn expand(machine: &Machine) -> TokenStream {
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
        "\n[`{name}`] in the state `S`, as it was read from a store or committed to one.\n\n\
         Its methods are the commands of that state, and the state's fields."
    );
    let accessors = (0..states.len()).filter_map(|state| accessors(machine, state));
    let traits = traits(machine);
    let step = (!machine.is_fold_only()).then(|| step(machine));
    // All of it at the machine's name, which is where an error about a missing command then points.
    let item = quote_spanned! {name.span()=>
        #visibility struct #wrapper<S: #krate::State<Machine = #name>, P = #krate::Committed>(
            #krate::expansion::In<S, P>,
        );
    };
    quote! {
        #[doc = #doc]
        #item

        #traits

        #[automatically_derived]
        #[allow(dead_code)]
        impl<S: #krate::State<Machine = #name>, P> #wrapper<S, P> {
            /// The state.
            #visibility fn state(&self) -> &S {
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
        impl<S: #krate::State<Machine = #name>> #wrapper<S> {
            /// Where it was read: store, stream, revision and position.
            #visibility fn cursor(&self) -> &#krate::Cursor {
                self.0.cursor()
            }
        }

        #(#accessors)*
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
    let event = hygienic("event");
    quote! {
        /// The step over an event, to the state that the table leads to.
        fn leading_to<T: #krate::State<Machine = #name>>(
            self,
            #event: #events_path,
        ) -> #krate::Step<Self, #wrapper<T>> {
            #krate::Step::of(self, #event)
        }
    }
}

/// The traits of `OrderIn<S>`.
fn traits(machine: &Machine) -> TokenStream {
    let Machine { name, krate, .. } = machine;
    let wrapper = machine.wrapper();
    let [f, within] = ["f", "within"].map(hygienic);
    quote! {
        #[automatically_derived]
        impl<S: #krate::State<Machine = #name>, P> ::core::clone::Clone for #wrapper<S, P> {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl<S: #krate::State<Machine = #name>, P> ::core::fmt::Debug for #wrapper<S, P> {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, #f)
            }
        }

        #[automatically_derived]
        impl<S: #krate::State<Machine = #name>, P> #krate::expansion::Instance for #wrapper<S, P> {
            type State = S;
            type Phase = P;
            type Pending = #wrapper<S, #krate::Pending>;

            fn new(#within: #krate::expansion::In<S, P>) -> Self {
                Self(#within)
            }

            fn within(&self) -> &#krate::expansion::In<S, P> {
                &self.0
            }

            fn into_within(self) -> #krate::expansion::In<S, P> {
                self.0
            }
        }
    }
}

/// The accessors of a state's fields, except those whose names are taken: by the wrapper itself, or by
/// a command, which has been reported.
fn accessors(machine: &Machine, state: usize) -> Option<TokenStream> {
    let (wrapper, visibility) = (machine.wrapper(), &machine.visibility);
    let pairs = machine.pairs_of(state).iter();
    let arms = pairs.map(|pair| &machine.arms[pair.arms[0]]);
    let commands: Vec<String> = arms
        .filter_map(|arm| Some(plain(arm.command.as_ref()?)))
        .collect();
    let state = &machine.states[state];
    let structure = &state.structure;
    let fields: Vec<TokenStream> = state
        .fields
        .list
        .iter()
        .filter_map(|field| {
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
        })
        .collect();
    (!fields.is_empty()).then(|| {
        quote! {
            #[automatically_derived]
            #[allow(dead_code)]
            impl<P> #wrapper<#structure, P> {
                #(#fields)*
            }
        }
    })
}
