//! `state_machine!`: the states, the events and the arms of one machine.
//!
//! [`parse`] reads the items and [`arms`] the arms of `evolve`, with every name resolved ([`patterns`]
//! those left of the arrow, [`target`] those right of it); [`graph`]
//! checks the table as a whole; [`expand`] and its neighbours write it out.

mod arms;
mod attributes;
mod commands;
mod diagram;
mod expand;
mod graph;
mod mentions;
mod parse;
mod patterns;
mod table;
mod target;
mod wrapper;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Expr, Item, ItemEnum, Type, Visibility};

use crate::errors::Errors;
use crate::names::{pascal_case, plain};

/// A machine whose every name is known.
struct Machine {
    name: Ident,
    visibility: Visibility,
    krate: TokenStream,
    attributes: attributes::MachineAttributes,
    /// The enum of states as the user wrote it, without the attributes that are ours.
    states_item: ItemEnum,
    states: Vec<State>,
    /// The enum of events as the user wrote it.
    events_item: ItemEnum,
    events: Vec<Event>,
    arms: Vec<Arm>,
    /// Whatever else stood in the call.
    others: Vec<Item>,
}

struct State {
    name: Ident,
    fields: Vec<Field>,
    attributes: Vec<Attribute>,
    initial: bool,
    terminal: bool,
    groups: Vec<Ident>,
}

struct Event {
    name: Ident,
    fields: Vec<Field>,
}

struct Field {
    name: Ident,
    ty: Type,
    docs: Vec<Attribute>,
}

/// One arm of `evolve`.
struct Arm {
    docs: Vec<Attribute>,
    command: Option<Ident>,
    gates: Vec<GateCall>,
    /// The user's own words for the states, to name and point at.
    from_tokens: TokenStream,
    /// The states that the pattern means, by index, with those of earlier arms that are not left to it.
    from: Vec<usize>,
    /// A name for the state as a whole, if it has one.
    bound: Option<Ident>,
    /// Fields of the state that are bound, with the name that each is bound to.
    state_bindings: Vec<Binding>,
    event: usize,
    event_tokens: Ident,
    event_bindings: Vec<Binding>,
    guard: Option<Expr>,
    target: Target,
}

/// A field of a state or event, bound to a name.
#[derive(Clone)]
struct Binding {
    field: Ident,
    /// The states, by index, of which it is another field.
    elsewhere: Vec<(usize, Ident)>,
    name: Ident,
    mutable: bool,
    ty: Type,
}

impl Binding {
    /// The field of this state that is bound.
    fn field_of(&self, state: usize) -> &Ident {
        let other = self.elsewhere.iter().find(|(other, _)| *other == state);
        other.map_or(&self.field, |(_, field)| field)
    }
}

struct GateCall {
    path: syn::Path,
    arguments: Vec<Expr>,
}

enum Target {
    /// The state stays as it is.
    Same,
    /// A state, by index, and the expression that makes it.
    State(usize, Expr),
}

/// A pair of state and event, and the arms that handle it, in the order in which they are tried.
struct Pair {
    state: usize,
    event: usize,
    arms: Vec<usize>,
}

impl Machine {
    /// All pairs that some arm handles: by state, then by the first arm.
    fn pairs(&self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        for state in 0..self.states.len() {
            let begin = pairs.len();
            for (i, arm) in self.arms.iter().enumerate() {
                if !arm.from.contains(&state) {
                    continue;
                }
                let known = pairs[begin..]
                    .iter_mut()
                    .find(|pair| pair.event == arm.event);
                match known {
                    Some(pair) => pair.arms.push(i),
                    None => pairs.push(Pair {
                        state,
                        event: arm.event,
                        arms: vec![i],
                    }),
                }
            }
        }
        pairs
    }

    /// The struct that wraps a committed machine, `OrderIn`.
    fn wrapper(&self) -> Ident {
        format_ident!("{}In", self.name, span = self.name.span())
    }

    /// The enum over all states of it, `AnyOrderIn`.
    fn any(&self) -> Ident {
        format_ident!("Any{}In", self.name, span = self.name.span())
    }

    /// The enum of where a guarded command may lead, `OrderCancel`.
    fn outcome(&self, command: &Ident) -> Ident {
        let command_name = pascal_case(&plain(command));
        format_ident!("{}{command_name}", self.name, span = command.span())
    }

    fn data(&self) -> TokenStream {
        match &self.attributes.data {
            Some(data) => quote!(#data),
            None => quote!(()),
        }
    }

    fn context(&self) -> TokenStream {
        match &self.attributes.context {
            Some(context) => quote!(#context),
            None => quote!(()),
        }
    }
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(items) = errors.take(parse::items(input)) else {
        return errors.into_tokens();
    };
    let fallback = parse::fallback(&items);
    let machine = parse::machine(items, &mut errors);
    // If there is no machine, why not has been said, here or by the derive of the events, which the
    // fallback has.
    if let Some(machine) = machine {
        if errors.is_empty() {
            graph::check(&machine, &mut errors);
        }
        if errors.is_empty() {
            return expand::expand(&machine);
        }
    }
    let errors = errors.into_tokens();
    quote!(#fallback #errors)
}
