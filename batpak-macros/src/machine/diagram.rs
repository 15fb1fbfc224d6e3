//! The graph as text.

use quote::quote;

use super::Machine;
use crate::names::plain;

/// A Mermaid state diagram.
pub(super) fn mermaid(machine: &Machine) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for state in machine.states.iter().filter(|state| state.initial) {
        text.push_str(&format!("    [*] --> {}\n", plain(&state.name)));
    }
    for pair in machine.pairs() {
        for arm in &pair.arms {
            let arm = &machine.arms[*arm];
            let from = plain(&machine.states[pair.state].name);
            let to = plain(&machine.states[arm.leads_from(pair.state)].name);
            let event = plain(&machine.events[pair.event].name);
            let guard = match &arm.guard {
                Some(guard) => format!(" [{}]", label(&quote!(#guard).to_string())),
                None => String::new(),
            };
            text.push_str(&format!("    {from} --> {to} : {event}{guard}\n"));
        }
    }
    for state in machine.states.iter().filter(|state| state.terminal) {
        text.push_str(&format!("    {} --> [*]\n", plain(&state.name)));
    }
    text
}

/// An expression as a label: as near to how it was written as its tokens tell, and without the
/// characters that end a label.
fn label(tokens: &str) -> String {
    tokens
        .replace(" . ", ".")
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")")
        .replace(" ,", ",")
        .replace("& ", "&")
        .replace("* ", "*")
        .replace([';', ':', '\n'], " ")
}
