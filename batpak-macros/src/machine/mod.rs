//! `state_machine!`: the states, the events and the arms of one machine.
//!
//! [`parse`] reads the items, [`evolve`] the function, and [`arms`] its arms, with every name resolved ([`patterns`]
//! those left of the arrow, [`target`] those right of it); [`graph`]
//! checks the table as a whole; [`expand`] and its neighbours write it out.

mod any;
mod arms;
mod attributes;
mod commands;
mod diagram;
mod editor;
mod evolve;
mod expand;
mod fields;
mod graph;
mod mentions;
mod outcome;
mod parse;
mod patterns;
mod snapshot;
mod split;
mod table;
mod target;
mod wrapper;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Expr, Item, ItemEnum, Member, Type, Visibility};

use self::fields::Fields;
use self::split::RawArm;
use self::wrapper::Parameters;
use crate::errors::Errors;

/// A machine, as far as it could be understood. What is wrong with it has been reported, and it is
/// expanded nevertheless, so that one mistake does not make every use of the machine another.
struct Machine {
    name: Ident,
    visibility: Visibility,
    krate: syn::Path,
    attributes: attributes::MachineAttributes,
    /// The enum of states as the user wrote it, without the attributes that are ours.
    states_item: ItemEnum,
    states: Vec<State>,
    /// The enum of events as the user wrote it; `None` if it is outside the call.
    events_item: Option<ItemEnum>,
    events_path: syn::Path,
    /// The events; of an enum outside the call, those that an arm names.
    events: Vec<Event>,
    evolve_docs: Vec<Attribute>,
    arms: Vec<Arm>,
    /// The name of each arm's function, `draft_placed`.
    functions: Vec<Ident>,
    /// All pairs that some arm handles: by state, then by the first arm.
    pairs: Vec<Pair>,
    /// The tokens of all arms, also of those that could not be understood.
    raw_arms: Vec<RawArm>,
    /// Whatever else stood in the call.
    others: Vec<Item>,
    parameters: Parameters,
    /// Whether every arm is in the table, so that the graph can be judged.
    is_whole: bool,
}

struct State {
    name: Ident,
    /// The name of its struct.
    structure: Ident,
    fields: Fields,
    attributes: Vec<Attribute>,
    initial: bool,
    terminal: bool,
    groups: Vec<Ident>,
}

struct Event {
    name: Ident,
    fields: Fields,
}

/// One arm of `evolve`.
struct Arm {
    docs: Vec<Attribute>,
    command: Option<Ident>,
    gates: Vec<GateCall>,
    /// The user's own words for the states, to name and point at.
    from_tokens: TokenStream,
    /// The states that the pattern means, by index, without those that earlier arms leave nothing of.
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
    /// Whether something is wrong with it: then its code is not emitted.
    is_broken: bool,
}

/// A field of a state or event, bound to a name.
#[derive(Clone)]
struct Binding {
    field: Member,
    /// The states, by index, of which it is another field.
    elsewhere: Vec<(usize, Member)>,
    name: Ident,
    mutable: bool,
    ty: Type,
}

impl Binding {
    /// The field of this state that is bound.
    fn field_of(&self, state: usize) -> &Member {
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
    /// It could not be understood, and may be this state.
    Unknown(Option<usize>),
}

/// A pair of state and event, and the arms that handle it, in the order in which they are tried.
struct Pair {
    state: usize,
    event: usize,
    arms: Vec<usize>,
}

impl Pair {
    /// The pairs that the arms handle, of so many states.
    fn all(arms: &[Arm], states: usize) -> Vec<Self> {
        let mut of_states: Vec<Vec<Self>> = Vec::new();
        of_states.resize_with(states, Vec::new);
        for (i, arm) in arms.iter().enumerate() {
            for state in &arm.from {
                let of_state = &mut of_states[*state];
                match of_state.iter_mut().find(|pair| pair.event == arm.event) {
                    Some(pair) => pair.arms.push(i),
                    None => of_state.push(Self {
                        state: *state,
                        event: arm.event,
                        arms: vec![i],
                    }),
                }
            }
        }
        of_states.into_iter().flatten().collect()
    }
}

impl Machine {
    /// The pairs of one state.
    fn pairs_of(&self, state: usize) -> &[Pair] {
        let begin = self.pairs.partition_point(|pair| pair.state < state);
        let end = self.pairs.partition_point(|pair| pair.state <= state);
        &self.pairs[begin..end]
    }

    /// The struct that wraps a machine in a known state, `OrderIn`.
    fn wrapper(&self) -> Ident {
        let default = || format_ident!("{}In", self.name, span = self.name.span());
        self.attributes.typestate.clone().unwrap_or_else(default)
    }

    /// The enum over all states of it, `AnyOrderIn`.
    fn any(&self) -> Ident {
        format_ident!("Any{}", self.wrapper(), span = self.name.span())
    }

    /// The name of the fold of the machine's stream, if it is not the machine itself: `OrderFold`.
    fn fold(&self) -> Option<Ident> {
        let data = self.attributes.data.as_ref();
        data.map(|_| format_ident!("{}Fold", self.name, span = self.name.span()))
    }

    /// Whether the enum of events is outside the call, its fields unknown.
    fn is_fold_only(&self) -> bool {
        self.events_item.is_none()
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
    let mut parts = parse::Parts::of(input, &mut errors);
    let expansion = match parts.machine(&mut errors) {
        Some(machine) => {
            graph::check(&machine, &mut errors);
            expand::expand(&machine)
        }
        None => parts.without_machine(),
    };
    let errors = errors.into_tokens();
    quote!(#expansion #errors)
}
