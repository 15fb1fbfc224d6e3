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
    let text = tokens
        .replace(" . ", ".")
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")")
        .replace(" ,", ",")
        .replace([';', ':', '\n'], " ");
    // What stands before one operand stands close to it.
    let mut label = String::new();
    let mut after = None;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let is_prefix = match (after, word) {
            (_, "!") => true,
            (before, "&" | "*" | "-") => before.is_none_or(is_operator),
            _ => word.ends_with(['(', '!']) || word.ends_with("(&") || word.ends_with("(*"),
        };
        label.push_str(word);
        if !is_prefix {
            label.push(' ');
        }
        after = Some(word);
    }
    label.trim_end().to_owned()
}

/// Whether an operand is still to come after the word.
fn is_operator(word: &str) -> bool {
    word.ends_with(['=', '<', '>', '&', '|', '+', '-', '*', '/', '%', ',', '('])
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_condition_reads_as_it_was_written() {
        for (tokens, text) in [
            ("balance == Cents (0)", "balance == Cents(0)"),
            (
                "data . is_settled_by (amount)",
                "data.is_settled_by(amount)",
            ),
            ("n > 5 && own < 3", "n > 5 && own < 3"),
            ("a == & b && * c > - 1", "a == &b && *c > -1"),
            ("! done", "!done"),
        ] {
            assert_eq!(label(tokens), text);
        }
    }
}
