//! The items that a machine becomes, in the order in which a person would write them.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Member, Meta, parse_quote};

use super::fields::{Style, of_serde};
use super::{Machine, State, any, commands, diagram, editor, snapshot, table, wrapper};
use crate::keys::skip_value;
use crate::names::{self, hygienic, kind_const, plain};

pub(super) fn expand(machine: &Machine) -> TokenStream {
    let (events, others) = (&machine.events_item, &machine.others);
    let mut states = machine.states_item.clone();
    let graph = diagram::markdown(machine);
    states.attrs.push(parse_quote!(#[doc = #graph]));
    let derives = Derives::of(machine);
    let structs = machine
        .states
        .iter()
        .map(|state| state_struct(machine, state, &derives));
    let editor = editor::copies(machine);
    let wrapper = wrapper::expand(machine);
    let any = any::expand(machine);
    let inherent = inherent(machine);
    let implementation = implementation(machine);
    let commands = commands::expand(machine);
    quote! {
        #editor
        #states
        #events
        #(#others)*
        #(#structs)*
        #wrapper
        #any
        #inherent
        #implementation
        #commands
    }
}

/// What the structs of all states derive.
struct Derives {
    attributes: Option<TokenStream>,
    has_serde: bool,
}

impl Derives {
    fn of(machine: &Machine) -> Self {
        let mut derives = state_derives(&machine.states_item.attrs);
        let further = machine.attributes.state_derive.iter();
        derives.extend(further.map(ToTokens::to_token_stream));
        let is_of_serde = |path: &TokenStream| {
            let last = path.clone().into_iter().last().map(|last| last.to_string());
            matches!(last.as_deref(), Some("Serialize" | "Deserialize"))
        };
        let has_serde = derives.iter().any(is_of_serde);
        let serde_crate = serde_crate(&machine.states_item.attrs);
        let serde_crate = serde_crate.filter(|_| has_serde);
        Self {
            attributes: (!derives.is_empty())
                .then(|| quote!(#[derive(#(#derives),*)] #serde_crate)),
            has_serde,
        }
    }
}

/// The struct of one state.
fn state_struct(machine: &Machine, state: &State, derives: &Derives) -> TokenStream {
    let Machine {
        name: machine_name,
        visibility,
        krate,
        ..
    } = machine;
    let (name, structure) = (&state.name, &state.structure);
    let text = plain(name);
    let docs = or_default_doc(&state.attributes, || {
        format!(" [`{machine_name}`] in the state `{text}`.")
    });
    let Derives {
        attributes,
        has_serde,
    } = derives;
    let body = declared(state, *has_serde);
    let all = state.fields.all();
    let into_any = match state.fields.style {
        Style::Unit => quote!(#machine_name::#name),
        _ => quote!(let Self #all = self; #machine_name::#name #all),
    };
    let other = hygienic("other");
    let is_only = machine.states.len() == 1;
    let unreachable = is_only.then(|| quote!(#[allow(unreachable_patterns)]));
    // At the state's name, which is where an error about another item of that name then points.
    let item = quote_spanned!(name.span()=> #visibility struct #structure #body);
    quote! {
        #docs
        #attributes
        #item

        #[automatically_derived]
        impl #krate::State for #structure {
            type Machine = #machine_name;
            const NAME: &'static ::core::primitive::str = #text;

            fn into_any(self) -> #machine_name {
                #into_any
            }

            fn from_any(
                any: #machine_name,
            ) -> ::core::result::Result<Self, #machine_name> {
                match any {
                    #machine_name::#name #all => ::core::result::Result::Ok(Self #all),
                    #unreachable
                    #other => ::core::result::Result::Err(#other),
                }
            }
        }
    }
}

/// The fields as the struct of the state declares them.
fn declared(state: &State, has_serde: bool) -> TokenStream {
    let declared = state.fields.list.iter().map(|field| {
        let (ty, docs) = (&field.ty, &field.docs);
        let serde = field.serde.iter().filter(|_| has_serde);
        let text = field.member.to_token_stream().to_string();
        let default = docs.is_empty().then(|| {
            let doc = format!(" The field `{text}` of the state.");
            quote!(#[doc = #doc])
        });
        // Spanned, so that what is wrong with the field is said of it.
        let (name, span) = match &field.member {
            Member::Named(name) => (Some(quote!(#name:)), name.span()),
            Member::Unnamed(_) => (None, ty.span()),
        };
        let public = quote_spanned!(span=> pub);
        quote!(#default #(#docs)* #(#serde)* #public #name #ty)
    });
    let span = state.name.span();
    match state.fields.style {
        Style::Unit | Style::Unknown => quote_spanned!(span=> ;),
        Style::Named => quote_spanned!(span=> { #(#declared),* }),
        Style::Tuple => quote_spanned!(span=> (#(#declared),*);),
    }
}

fn or_default_doc(attributes: &[Attribute], default: impl FnOnce() -> String) -> TokenStream {
    let docs = names::docs(attributes);
    if docs.is_empty() {
        let doc = default();
        quote!(#[doc = #doc])
    } else {
        quote!(#(#docs)*)
    }
}

/// Where serde is, if the enum of states tells its derives.
fn serde_crate(attributes: &[Attribute]) -> Option<TokenStream> {
    let mut found = None;
    for attribute in of_serde(attributes) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                let path: syn::LitStr = meta.value()?.parse()?;
                found = Some(quote!(#[serde(crate = #path)]));
                return Ok(());
            }
            skip_value(&meta)
        });
    }
    found
}

/// The derives of std and serde, which the structs of the states share with the enum.
fn state_derives(attributes: &[Attribute]) -> Vec<TokenStream> {
    const SHARED: &[&str] = &[
        "Debug",
        "Clone",
        "Copy",
        "PartialEq",
        "Eq",
        "PartialOrd",
        "Ord",
        "Hash",
        "Serialize",
        "Deserialize",
    ];
    let mut derives = Vec::new();
    for attribute in attributes {
        let Meta::List(list) = &attribute.meta else {
            continue;
        };
        if !list.path.is_ident("derive") {
            continue;
        }
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
        let tokens: Vec<TokenTree> = list.tokens.clone().into_iter().collect();
        derives.extend(tokens.split(is_comma).filter_map(|path| match path.last() {
            Some(TokenTree::Ident(name)) if SHARED.contains(&name.to_string().as_str()) => {
                Some(path.iter().cloned().collect::<TokenStream>())
            }
            _ => None,
        }));
    }
    derives
}

/// What the enum of states has by itself.
fn inherent(machine: &Machine) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        ..
    } = machine;
    let transitions = table::transitions(machine);
    let evolve = table::evolve(machine);
    let functions = table::functions(machine);
    let (mermaid, dot) = (diagram::mermaid(machine), diagram::dot(machine));
    let names = machine.states.iter().map(|state| {
        let (state, text, fields) = (&state.name, plain(&state.name), state.fields.ignored());
        quote!(Self::#state #fields => #text)
    });
    let [id, scope] = ["id", "scope"].map(hygienic);
    let at = machine.attributes.entity.as_ref().map(|entity| {
        let entity = entity.value();
        let doc = format!(" The coordinate of the entity `{entity}:<id>` in `scope`.");
        quote! {
            #[doc = #doc]
            ///
            /// # Errors
            /// If the names are not ones that a coordinate can have.
            #visibility fn at(
                #id: impl ::core::fmt::Display,
                #scope: impl ::core::convert::AsRef<::core::primitive::str>,
            ) -> ::core::result::Result<#krate::Coordinate, #krate::CoordinateError> {
                #krate::expansion::address(#entity, &#id, ::core::convert::AsRef::as_ref(&#scope))
            }
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code)]
        impl #name {
            /// The table: one line per state, event and target.
            #visibility const TRANSITIONS: &'static [#krate::Transition] = #transitions;

            /// The graph as a Mermaid state diagram.
            #visibility const DIAGRAM: &'static ::core::primitive::str = #mermaid;

            /// The graph in Graphviz's language.
            #visibility const fn dot() -> &'static ::core::primitive::str {
                #dot
            }

            #at

            /// The name of this state.
            #visibility fn name(&self) -> &'static ::core::primitive::str {
                match self { #(#names),* }
            }

            /// The lines of the table that leave this state.
            #visibility fn allowed(&self) -> &'static [#krate::Transition] {
                #krate::expansion::leaving(Self::TRANSITIONS, self.name())
            }

            #evolve
            #functions
        }
    }
}

/// The traits of the enum of states.
fn implementation(machine: &Machine) -> TokenStream {
    let Machine { name, krate, .. } = machine;
    let events = &machine.events_path;
    let (any, data) = (machine.any(), machine.data());
    let text = plain(name);
    let entity = match &machine.attributes.entity {
        Some(entity) => quote!(::core::option::Option::Some(#entity)),
        None => quote!(::core::option::Option::None),
    };
    let version = match &machine.attributes.version {
        Some(version) => quote!(#version),
        None => quote!(1),
    };
    let kinds = machine.events.iter().map(|event| {
        let kind = kind_const(&event.name);
        quote!(#events::#kind)
    });
    let [shared, event] = ["data", "event"].map(hygienic);
    let (shared, advance) = match machine.attributes.data {
        Some(_) => (quote!(#shared), quote!(self.evolve(#shared, #event))),
        None => (quote!(_), quote!(self.evolve(#event))),
    };
    let (admit, reads_data) = (table::admit(machine), table::reads_data(machine));
    let (default, enter) = (default(machine), enter(machine));
    let fold = fold(machine);
    let (told, kept) = (snapshot::constants(machine), snapshot::kept(machine));
    let types = types(machine);
    quote! {
        #default

        #[automatically_derived]
        impl #krate::Machine for #name {
            #(#types)*
            type Loaded = #any;

            const NAME: &'static ::core::primitive::str = #text;
            const ENTITY: ::core::option::Option<&'static ::core::primitive::str> = #entity;
            const VERSION: ::core::primitive::u32 = #version;
            const KINDS: &'static [#krate::EventKind] = &[#(#kinds),*];
            const TRANSITIONS: &'static [#krate::Transition] = #name::TRANSITIONS;
            #told
            #kept

            fn name(&self) -> &'static ::core::primitive::str {
                #name::name(self)
            }

            #admit

            fn advance(
                self,
                #shared: &#data,
                #event: #events,
            ) -> ::core::result::Result<Self, #krate::Illegal> {
                #advance
            }

            #reads_data
            #enter
        }

        #fold
    }
}

/// The types that the user gives to the machine; spanned, so that one which is not visible enough is pointed
/// at.
fn types(machine: &Machine) -> [TokenStream; 3] {
    let events = &machine.events_path;
    let types = [
        ("Event", quote!(#events)),
        ("Data", machine.data()),
        ("Context", machine.context()),
    ];
    types.map(|(name, ty)| {
        let span = ty.span().resolved_at(Span::call_site());
        let name = Ident::new(name, span);
        quote_spanned!(span=> type #name = #ty;)
    })
}

/// `Default`: the initial state.
fn default(machine: &Machine) -> TokenStream {
    let name = &machine.name;
    let mut states = machine.states.iter();
    let initial = states.find(|state| state.initial).map(|state| {
        // Spanned, so that a type without a default is pointed at.
        let values = state.fields.list.iter().map(|field| {
            let (member, ty) = (&field.member, &field.ty);
            let span = ty.span().resolved_at(Span::call_site());
            let value = quote_spanned!(span=> <#ty as ::core::default::Default>::default());
            match member {
                Member::Named(name) => quote!(#name: #value),
                Member::Unnamed(_) => value,
            }
        });
        let state_name = &state.name;
        match state.fields.style {
            Style::Unit | Style::Unknown => quote!(Self::#state_name),
            Style::Named => quote!(Self::#state_name { #(#values),* }),
            Style::Tuple => quote!(Self::#state_name(#(#values),*)),
        }
    });
    // That there is none has been reported.
    let initial = initial.unwrap_or_else(|| quote!(::core::unreachable!()));
    quote! {
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                #initial
            }
        }
    }
}

/// `Machine::enter`: from the enum to the machine in a known state.
fn enter(machine: &Machine) -> TokenStream {
    let krate = &machine.krate;
    let (name, any, wrapper, data) = (
        &machine.name,
        machine.any(),
        machine.wrapper(),
        machine.data(),
    );
    let s = &machine.parameters.state;
    let [shared, cursor, state, place] = ["data", "cursor", "state", "place"].map(hygienic);
    let lines = machine.states.iter().map(|state| {
        let (name, structure, all) = (&state.name, &state.structure, state.fields.all());
        quote!(Self::#name #all => #any::#name(known(#cursor, #structure #all, #shared)))
    });
    // That its types are those of this machine makes it quick to check, once per state.
    quote! {
        fn enter(self, #place: #krate::expansion::Place, #shared: #data) -> #any {
            fn known<#s: #krate::State<Machine = #name>>(
                #cursor: #krate::Cursor,
                #state: #s,
                #shared: #data,
            ) -> #wrapper<#s> {
                #wrapper(#krate::expansion::In::new(#cursor, #state, #shared))
            }

            let #cursor = #place.into_cursor();
            match self {
                #(#lines),*
            }
        }
    }
}

/// A name for the fold of a machine's stream, if there is more to it than the enum itself.
fn fold(machine: &Machine) -> Option<TokenStream> {
    let Machine {
        name,
        visibility,
        krate,
        ..
    } = machine;
    let fold = machine.fold()?;
    let doc =
        format!(" The fold of the stream of one [`{name}`]: its state, and what all states share.");
    Some(quote! {
        #[doc = #doc]
        #[allow(dead_code)]
        #visibility type #fold = #krate::Folded<#name>;
    })
}
