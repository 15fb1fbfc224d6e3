//! From the tokens of the call to its parts.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, GenericParam, Ident, Item, ItemEnum, Path, Token};

use super::evolve::{self, Evolve, is_evolve, is_like_evolve};
use super::fields::{Fields, Style};
use super::mentions::stands_in;
use super::patterns::is_binding;
use super::split;
use super::wrapper::Parameters;
use super::{Event, Machine, State, arms, attributes, graph};
use crate::errors::{Errors, refuse_generics};
use crate::names::{self, plain};

/// The items of the call, each in its place.
#[derive(Default)]
pub(super) struct Parts {
    enums: Vec<ItemEnum>,
    evolve: Option<Evolve>,
    others: Vec<Item>,
    /// Whether an item was lost, and with it perhaps one that is missed.
    incomplete: bool,
}

impl Parts {
    pub(super) fn of(input: TokenStream, errors: &mut Errors) -> Self {
        let mut parts = Self::default();
        let items = split::items(split::visible(input));
        let has_evolve = items.iter().any(is_evolve);
        for tokens in items {
            if is_evolve(&tokens) || (!has_evolve && is_like_evolve(&tokens, errors)) {
                let evolve = evolve::parse(&tokens, errors);
                match &mut parts.evolve {
                    Some(first) => {
                        let message = "a second `evolve`: put all transitions into the first";
                        errors.add(&evolve.name, message);
                        let arms = evolve.arms.into_iter().flatten();
                        first.arms.get_or_insert_default().extend(arms);
                    }
                    None => parts.evolve = Some(evolve),
                }
                continue;
            }
            match syn::parse2(tokens.clone()) {
                Ok(Item::Enum(item)) => parts.enums.push(item),
                Ok(other) => parts.others.push(other),
                Err(error) => match whole_variants(&tokens, errors) {
                    Some(item) => parts.enums.push(item),
                    None => {
                        errors.push(error);
                        parts.incomplete = true;
                    }
                },
            }
        }
        parts
    }

    /// What is emitted where there can be no machine: the enums and other items, so that the names that
    /// they declare are there.
    pub(super) fn without_machine(mut self) -> TokenStream {
        let mut ignored = Errors::default();
        for item in &mut self.enums {
            attributes::machine(&mut item.attrs, &mut ignored);
            let is_event = derives(item, "Event");
            let is_ours = |a: &Attribute| is_event || !a.path().is_ident("event");
            item.attrs.retain(is_ours);
            for variant in &mut item.variants {
                attributes::state(&mut variant.attrs, &mut ignored);
                variant.attrs.retain(is_ours);
            }
            forget_unused_parameters(item);
        }
        let Self { enums, others, .. } = self;
        quote!(#(#enums)* #(#others)*)
    }

    /// Where the enum of states is: the one marked so, or else the first that is not of events; the first
    /// with an initial state, if one has that.
    fn states_at(&self) -> Option<usize> {
        let is_marked = |item: &ItemEnum| item.attrs.iter().any(|a| a.path().is_ident("machine"));
        let has_initial = |item: &ItemEnum| {
            let mut attributes = item.variants.iter().flat_map(|variant| &variant.attrs);
            attributes.any(|attribute| attribute.path().is_ident("initial"))
        };
        let of_states = |item: &ItemEnum| !derives(item, "Event");
        let first = |is_it: &dyn Fn(&ItemEnum) -> bool| self.enums.iter().position(is_it);
        first(&is_marked)
            .or_else(|| first(&|item| of_states(item) && has_initial(item)))
            .or_else(|| first(&of_states))
    }

    /// Takes the enum of states and that of events, which may be elsewhere; `None` if there is no machine
    /// of them.
    fn take_enums(&mut self, errors: &mut Errors) -> Option<(ItemEnum, Option<ItemEnum>)> {
        let Some(at) = self.states_at() else {
            if !self.incomplete {
                errors.push(syn::Error::new(
                    Span::call_site(),
                    "a machine needs an enum of states: `enum Order { #[initial] Draft, .. }`",
                ));
            }
            return None;
        };
        let name = &self.enums[at].ident;
        let outside =
            attributes::machine(&mut self.enums[at].attrs.clone(), &mut Errors::default());
        let name = name.clone();
        let events_at = (0..self.enums.len())
            .find(|i| *i != at && outside.events.is_none() && derives(&self.enums[*i], "Event"))
            .or_else(|| self.underived_events(at, errors));
        if events_at.is_none() && outside.events.is_none() {
            if !self.incomplete {
                errors.add(
                    &name,
                    format_args!(
                        "`{name}` has no events: add an enum with `#[derive(Event)]` to the same `state_machine!`"
                    ),
                );
            }
            return None;
        }
        let before = errors.count();
        refuse_generics(&self.enums[at].generics, "machines", errors);
        let of_events = events_at.map(|i| &self.enums[i].generics.params);
        // Those of the events are for their derive to refuse.
        if errors.count() > before || of_events.is_some_and(|generics| !generics.is_empty()) {
            return None;
        }
        let events = events_at.map(|i| self.enums.remove(i));
        let at = self.states_at()?;
        Some((self.enums.remove(at), events))
    }

    /// Where an enum is that is one of events but for its derive, which it gets.
    fn underived_events(&mut self, states: usize, errors: &mut Errors) -> Option<usize> {
        let is_event = |attribute: &Attribute| attribute.path().is_ident("event");
        let is_ours =
            |(i, item): &(usize, &ItemEnum)| *i != states && item.attrs.iter().any(is_event);
        let (at, item) = self.enums.iter().enumerate().find(is_ours)?;
        let name = &item.ident;
        errors.add(
            name,
            format_args!("`{name}` is no event: add `#[derive(Event)]`"),
        );
        let settings = attributes::machine(
            &mut self.enums[states].attrs.clone(),
            &mut Errors::default(),
        );
        let krate = names::krate(settings.krate.as_ref());
        let derive = syn::parse_quote!(#[derive(#krate::Event)]);
        self.enums[at].attrs.insert(0, derive);
        Some(at)
    }

    /// The machine; `None` if there is no enum of states, or no events.
    pub(super) fn machine(&mut self, errors: &mut Errors) -> Option<Machine> {
        let (mut states_item, mut events_item) = self.take_enums(errors)?;
        let (name, before) = (states_item.ident.clone(), errors.count());
        let attributes = attributes::machine(&mut states_item.attrs, errors);
        require_clone(&mut states_item, errors);
        refuse_default(&mut states_item, errors);
        let states = states(&mut states_item, &attributes, errors);
        let events = events_item
            .as_mut()
            .map_or_else(Vec::new, |item| events(item, errors));
        let events_path = match (&events_item, &attributes.events) {
            (None, Some(path)) => path.clone(),
            (Some(item), _) => item.ident.clone().into(),
            (None, None) => return None,
        };
        let data = &attributes.data;
        let parameters = Parameters::beside(&quote!(#states_item #events_item #data));
        let mut machine = Machine {
            parameters,
            visibility: states_item.vis.clone(),
            krate: names::krate(attributes.krate.as_ref()),
            name,
            attributes,
            states_item,
            states,
            events_item,
            events_path,
            events,
            evolve_docs: Vec::new(),
            arms: Vec::new(),
            functions: Vec::new(),
            pairs: Vec::new(),
            raw_arms: Vec::new(),
            others: std::mem::take(&mut self.others),
            is_whole: false,
        };
        machine.others.extend(self.enums.drain(..).map(Item::Enum));
        check_names(&mut machine, errors);
        let is_sound = errors.count() == before && !self.incomplete;
        if is_sound {
            graph::initial(&machine, errors);
        }
        self.read_evolve(&mut machine, errors);
        machine.is_whole &= is_sound;
        Some(machine)
    }

    /// Reads the arms of `evolve` into the machine.
    fn read_evolve(&mut self, machine: &mut Machine, errors: &mut Errors) {
        if let Some(evolve) = self.evolve.take() {
            evolve::check(&evolve, machine, errors);
            machine.evolve_docs = evolve.docs;
            let is_match = evolve.arms.is_some();
            machine.raw_arms = evolve.arms.unwrap_or_default();
            arms::read(machine, errors);
            machine.is_whole &= is_match;
        } else if !self.incomplete {
            let (name, events) = (&machine.name, names::path_text(&machine.events_path));
            let message = format!(
                "`{name}` has no transitions: add `fn evolve(state: {name}, event: {events}) -> {name} {{ .. }}`"
            );
            errors.add(name, message);
        }
    }
}

/// Whether a derive of this name, by whatever path, is on the enum.
fn derives(item: &ItemEnum, name: &str) -> bool {
    item.attrs.iter().any(|attribute| {
        let mut found = false;
        if attribute.path().is_ident("derive") {
            let _ = attribute.parse_nested_meta(|meta| {
                let last = meta.path.segments.last();
                found |= last.is_some_and(|last| last.ident == name);
                Ok(())
            });
        }
        found
    })
}

/// That the enum derives `Clone`; if not, it does from here on.
fn require_clone(item: &mut ItemEnum, errors: &mut Errors) {
    if !derives(item, "Clone") {
        let name = &item.ident;
        errors.add(
            name,
            format_args!("the states of a machine are cloned: add `#[derive(Clone)]` to `{name}`"),
        );
        item.attrs.push(syn::parse_quote!(#[derive(Clone)]));
    }
}

/// That the enum does not derive `Default`, which it gets; if it does, it does not from here on.
fn refuse_default(item: &mut ItemEnum, errors: &mut Errors) {
    for attribute in &mut item.attrs {
        let list = Punctuated::<Path, Token![,]>::parse_terminated;
        if !attribute.path().is_ident("derive") {
            continue;
        }
        let Ok(derives) = attribute.parse_args_with(list) else {
            continue;
        };
        let (own, others): (Vec<Path>, Vec<Path>) = derives
            .into_iter()
            .partition(|path| path.is_ident("Default"));
        for path in &own {
            errors.add(
                path,
                "the initial state is the default, and the machine says so: remove `Default`",
            );
        }
        if !own.is_empty() {
            *attribute = syn::parse_quote!(#[derive(#(#others),*)]);
        }
    }
    let is_default = |a: &Attribute| a.path().is_ident("default");
    for variant in &mut item.variants {
        variant.attrs.retain(|attribute| !is_default(attribute));
    }
}

/// Of an enum that does not parse, the variants that do; `None` if it is no enum.
fn whole_variants(tokens: &TokenStream, errors: &mut Errors) -> Option<ItemEnum> {
    let (head, block) = split::before_block(tokens)?;
    let mut item: ItemEnum = syn::parse2(quote!(#head {})).ok()?;
    for piece in split::at_commas(block.stream()) {
        let parser = |input: ParseStream<'_>| {
            item.variants.push(input.parse()?);
            while !input.is_empty() {
                errors.push(input.error("expected `,`"));
                item.variants.push(input.parse()?);
            }
            Ok(())
        };
        let parsed = Parser::parse2(parser, piece);
        errors.take(parsed);
    }
    Some(item)
}

fn states(
    item: &mut ItemEnum,
    attributes: &attributes::MachineAttributes,
    errors: &mut Errors,
) -> Vec<State> {
    let mut states: Vec<State> = Vec::new();
    let mut declared = HashSet::new();
    let mut variants = syn::punctuated::Punctuated::new();
    for mut variant in std::mem::take(&mut item.variants) {
        let found = attributes::state(&mut variant.attrs, errors);
        refuse_cfg_of_fields(&mut variant.fields, errors);
        if !declared.insert(variant.ident.to_string()) {
            let name = &variant.ident;
            errors.add(name, format_args!("state `{name}` is declared twice"));
            continue;
        }
        if is_binding(&variant.ident) {
            let name = &variant.ident;
            errors.add(
                name,
                format_args!(
                    "the name of state `{name}` begins in lower case, so a pattern would bind it"
                ),
            );
        }
        if let Some((_, discriminant)) = variant.discriminant.take() {
            errors.add(discriminant, "a state has no number: remove the `= ..`");
        }
        let name = variant.ident.clone();
        let structure = match &attributes.state_prefix {
            Some(prefix) => format_ident!("{prefix}{}", plain(&name), span = name.span()),
            None => name.clone(),
        };
        states.push(State {
            name,
            structure,
            fields: Fields::of(&variant.fields),
            attributes: variant.attrs.clone(),
            initial: found.initial,
            terminal: found.terminal,
            groups: found.groups,
        });
        variants.push(variant);
    }
    item.variants = variants;
    states
}

fn refuse_cfg_of_fields(fields: &mut syn::Fields, errors: &mut Errors) {
    for field in fields {
        attributes::refuse_cfg(&mut field.attrs, errors);
    }
}

/// The events; what is wrong with their fields is for their derive to say.
fn events(item: &mut ItemEnum, errors: &mut Errors) -> Vec<Event> {
    let events = item.variants.iter_mut().map(|variant| {
        attributes::refuse_cfg(&mut variant.attrs, errors);
        refuse_cfg_of_fields(&mut variant.fields, errors);
        let fields = Fields::of(&variant.fields);
        let is_wrong = fields.style == Style::Tuple && fields.list.len() != 1;
        Event {
            name: variant.ident.clone(),
            fields: if is_wrong { Fields::unknown() } else { fields },
        }
    });
    events.collect()
}

/// That no struct of a state has the name of something else that the machine makes.
fn check_names(machine: &mut Machine, errors: &mut Errors) {
    let events = machine.events_item.as_ref().map(|item| item.ident.clone());
    if let Some(typestate) = &machine.attributes.typestate
        && (*typestate == machine.name || events.as_ref() == Some(typestate))
    {
        errors.add(
            typestate,
            format_args!(
                "`{typestate}` is already an enum of this machine: give the type another name"
            ),
        );
        machine.attributes.typestate = None;
    }
    let taken = [
        (Some(machine.name.clone()), "its machine"),
        (events, "the enum of events"),
        (
            Some(machine.wrapper()),
            "the type that the machine makes of its states",
        ),
        (
            Some(machine.any()),
            "the type that the machine makes of its states",
        ),
        (machine.fold(), "the machine's fold"),
    ];
    let mut clashing = Vec::new();
    for state in &machine.states {
        let clash = taken
            .iter()
            .find(|(name, _)| name.as_ref() == Some(&state.structure));
        if let Some((_, what)) = clash {
            let name = &state.name;
            errors.add(
                name,
                format_args!(
                    "state `{name}` has the name of {what}, and becomes a struct beside it: rename it, or \
                     give the structs a prefix by `#[machine(state_prefix = ..)]`"
                ),
            );
            clashing.push(name.clone());
        }
    }
    // Under another name for the struct, the rest can be checked.
    for state in &mut machine.states {
        if clashing.contains(&state.name) {
            state.structure = format_ident!("{}State", state.name, span = state.name.span());
        }
    }
}

/// Removes the parameters of a generic enum, refused by now, that nothing in it uses: they would be errors of
/// their own.
fn forget_unused_parameters(item: &mut ItemEnum) {
    let variants = item.variants.to_token_stream();
    let is_used = |name: &Ident| stands_in(variants.clone(), name);
    let parameters = std::mem::take(&mut item.generics.params).into_iter();
    item.generics.params = parameters
        .filter(|parameter| match parameter {
            GenericParam::Type(parameter) => is_used(&parameter.ident),
            GenericParam::Lifetime(parameter) => is_used(&parameter.lifetime.ident),
            GenericParam::Const(_) => true,
        })
        .collect();
}
