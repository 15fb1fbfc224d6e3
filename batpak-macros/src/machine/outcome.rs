//! The enums of where guarded commands may lead: `AccountClose`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::{Arm, Machine, Pair, Target};
use crate::errors::Errors;
use crate::names::{pascal_case, plain};

/// What no state may be called that shares an outcome with it.
pub(super) const UNCHANGED: &str = "Unchanged";

impl Machine {
    /// The enum of where a guarded command may lead, `OrderCancel`.
    pub(super) fn outcome(&self, command: &Ident) -> Ident {
        let name = self.outcome_name(command);
        if self.what_is_called(&name).is_some() {
            return format_ident!("{name}Outcome", span = command.span());
        }
        name
    }

    fn outcome_name(&self, command: &Ident) -> Ident {
        let command_name = pascal_case(&plain(command));
        format_ident!("{}{command_name}", self.name, span = command.span())
    }

    /// What has the name already that an outcome would have; then that has been reported.
    fn what_is_called(&self, name: &Ident) -> Option<String> {
        let mut states = self.states.iter();
        if let Some(state) = states.find(|state| state.structure == *name) {
            return Some(format!("the state `{}`", state.name));
        }
        let events = self.events_item.as_ref().map(|item| &item.ident);
        if events == Some(name) {
            return Some("the enum of events".to_owned());
        }
        let made = [Some(self.wrapper()), Some(self.any()), self.fold()];
        let is_made = made.iter().flatten().any(|made| made == name);
        is_made.then(|| "a type that the machine makes".to_owned())
    }

    /// The variant of an outcome for the state as it was: `Unchanged`, unless a state is called that,
    /// which has been reported.
    fn unchanged(&self) -> Ident {
        let is_taken = self.states.iter().any(|state| state.name == UNCHANGED);
        let name = if is_taken {
            "StaysUnchanged"
        } else {
            UNCHANGED
        };
        Ident::new(name, Span::call_site())
    }

    /// Whether where a command leads from this pair is known only when it is asked.
    pub(super) fn is_guarded(&self, pair: &Pair) -> bool {
        pair.arms.iter().any(|arm| self.arms[*arm].guard.is_some())
    }
}

/// That no outcome has the name of something else.
pub(super) fn check_names(machine: &Machine, errors: &mut Errors) {
    for command in commands(machine) {
        let name = machine.outcome_name(command);
        if let Some(what) = machine.what_is_called(&name) {
            errors.add(
                command,
                format_args!(
                    "`{name}`, which tells where the command `{}` leads, would have the name of {what}: rename one of \
                     the two",
                    plain(command)
                ),
            );
        }
    }
}

/// The variant that an arm leads to.
pub(super) fn variant(machine: &Machine, arm: &Arm) -> Ident {
    match &arm.target {
        Target::Same | Target::Unknown(_) => machine.unchanged(),
        Target::State(target, _) => machine.states[*target].name.clone(),
    }
}

/// The enums of all guarded commands, one per command.
pub(super) fn expand(machine: &Machine) -> Vec<TokenStream> {
    let outcomes = commands(machine).into_iter();
    outcomes.map(|command| outcome(machine, command)).collect()
}

/// The guarded commands, each once.
fn commands(machine: &Machine) -> Vec<&Ident> {
    let mut commands: Vec<&Ident> = Vec::new();
    for pair in machine.pairs.iter().filter(|pair| machine.is_guarded(pair)) {
        if let Some(command) = &machine.arms[pair.arms[0]].command
            && !commands.contains(&command)
        {
            commands.push(command);
        }
    }
    commands
}

/// The states that a guarded command may lead to, and whether it may leave the state as it is.
pub(super) fn targets(machine: &Machine, command: &Ident) -> (Vec<usize>, bool) {
    let (mut targets, mut unchanged) = (Vec::new(), false);
    let is_its = |pair: &&Pair| {
        machine.arms[pair.arms[0]].command.as_ref() == Some(command) && machine.is_guarded(pair)
    };
    for arm in machine
        .pairs
        .iter()
        .filter(is_its)
        .flat_map(|pair| &pair.arms)
    {
        match &machine.arms[*arm].target {
            Target::Same | Target::Unknown(_) => unchanged = true,
            Target::State(target, _) if !targets.contains(target) => targets.push(*target),
            Target::State(..) => {}
        }
    }
    (targets, unchanged)
}

fn outcome(machine: &Machine, command: &Ident) -> TokenStream {
    let Machine {
        name,
        visibility,
        krate,
        ..
    } = machine;
    let (outcome, wrapper) = (machine.outcome(command), machine.wrapper());
    let (targets, unchanged) = targets(machine, command);
    let doc = format!(
        " Where the command `{}` of [`{name}`] may lead.",
        plain(command)
    );
    let variants = targets.iter().map(|state| {
        let state = &machine.states[*state];
        let (variant, structure) = (&state.name, &state.structure);
        let doc = format!(" To the state [`{structure}`].");
        quote!(#[doc = #doc] #variant(#wrapper<#structure>),)
    });
    let names = targets.iter().map(|state| &machine.states[*state].name);
    let stays = machine.unchanged();
    let s = &machine.parameters.state;
    let (generics, arguments, same, same_moved) = if unchanged {
        (
            Some(quote!(<#s: #krate::State<Machine = #name>>)),
            Some(quote!(<#s>)),
            Some(quote!(
                /// The state stays as it is.
                #stays(#wrapper<#s>),
            )),
            Some(
                quote!(Self::#stays(to) => Self::#stays(#krate::expansion::Moved::moved(to, cursor)),),
            ),
        )
    } else {
        (None, None, None, None)
    };
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug)]
        #visibility enum #outcome #generics {
            #(#variants)*
            #same
        }

        #[automatically_derived]
        impl #generics #krate::expansion::Moved for #outcome #arguments {
            fn moved(self, cursor: #krate::Cursor) -> Self {
                match self {
                    #(Self::#names(to) => Self::#names(#krate::expansion::Moved::moved(to, cursor)),)*
                    #same_moved
                }
            }
        }
    }
}
