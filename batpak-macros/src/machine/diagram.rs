//! The graph as text: for Mermaid, for Graphviz, and as a table in the documentation.

use quote::quote;

use super::{Arm, Machine, Pair};
use crate::names::plain;

/// One line of the graph.
struct Edge<'m> {
    from: String,
    to: String,
    event: String,
    pair: &'m Pair,
    arm: &'m Arm,
}

impl Edge<'_> {
    /// The arm's condition, as it was written.
    fn condition(&self) -> Option<String> {
        let guard = self.arm.guard.as_ref()?;
        Some(as_written(&quote!(#guard).to_string()))
    }
}

fn edges(machine: &Machine) -> impl Iterator<Item = Edge<'_>> {
    machine.pairs.iter().flat_map(move |pair| {
        pair.arms.iter().map(move |arm| {
            let arm = &machine.arms[*arm];
            Edge {
                from: plain(&machine.states[pair.state].name),
                to: plain(&machine.states[arm.leads_from(pair.state)].name),
                event: plain(&machine.events[pair.event].name),
                pair,
                arm,
            }
        })
    })
}

/// A Mermaid state diagram.
pub(super) fn mermaid(machine: &Machine) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for state in machine.states.iter().filter(|state| state.initial) {
        text.push_str(&format!("    [*] --> {}\n", plain(&state.name)));
    }
    for edge in edges(machine) {
        let Edge {
            from, to, event, ..
        } = &edge;
        // These would end the label.
        let guard = match edge.condition() {
            Some(condition) => format!(" [{}]", condition.replace([';', ':', '\n'], " ")),
            None => String::new(),
        };
        text.push_str(&format!("    {from} --> {to} : {event}{guard}\n"));
    }
    for state in machine.states.iter().filter(|state| state.terminal) {
        text.push_str(&format!("    {} --> [*]\n", plain(&state.name)));
    }
    text
}

/// The same graph in Graphviz's language: terminal states have a double border.
pub(super) fn dot(machine: &Machine) -> String {
    let name = plain(&machine.name);
    let mut text = format!("digraph {name} {{\n    node [shape=box, style=rounded];\n");
    for state in &machine.states {
        let name = plain(&state.name);
        let attributes = if state.terminal {
            " [peripheries=2]"
        } else {
            ""
        };
        text.push_str(&format!("    {name}{attributes};\n"));
        if state.initial {
            text.push_str("    \"\" [shape=point];\n");
            text.push_str(&format!("    \"\" -> {name};\n"));
        }
    }
    for edge in edges(machine) {
        let Edge {
            from, to, event, ..
        } = &edge;
        let guard = match edge.condition() {
            Some(condition) => format!(
                " [{}]",
                condition.replace('\\', "\\\\").replace('"', "\\\"")
            ),
            None => String::new(),
        };
        text.push_str(&format!("    {from} -> {to} [label=\"{event}{guard}\"];\n"));
    }
    text.push_str("}\n");
    text
}

/// The table of transitions and the diagram, in Markdown.
pub(super) fn markdown(machine: &Machine) -> String {
    let mut text = String::from(
        "\n# Transitions\n\n| from | event | to | command | gates |\n| --- | --- | --- | --- | --- |\n",
    );
    for edge in edges(machine) {
        let Edge {
            from, to, event, ..
        } = &edge;
        let first = &machine.arms[edge.pair.arms[0]];
        let condition = edge.condition().map_or_else(String::new, |condition| {
            format!(" if `{}`", condition.replace('|', "\\|"))
        });
        let command = first.command.as_ref();
        let command = command.map_or_else(String::new, |command| format!("`{}`", plain(command)));
        let gates: Vec<String> = first.gate_names().map(|gate| format!("`{gate}`")).collect();
        let gates = gates.join(", ");
        text.push_str(&format!(
            "| `{from}` | `{event}`{condition} | `{to}` | {command} | {gates} |\n"
        ));
    }
    format!("{text}\n```mermaid\n{}```\n", mermaid(machine))
}

/// An expression as near to how it was written as its tokens tell.
pub(super) fn as_written(tokens: &str) -> String {
    let text = tokens
        .replace(" . ", ".")
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")")
        .replace(" ,", ",")
        .replace(" :: ", "::");
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
    use super::as_written;

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
            ("level == Level :: High", "level == Level::High"),
        ] {
            assert_eq!(as_written(tokens), text);
        }
    }
}
