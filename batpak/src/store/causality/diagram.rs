//! A lineage as text: for Graphviz and for Mermaid.

use std::collections::HashMap;

use super::{Lineage, LineageEvent};

/// What stands below a lineage that does not show all.
const CUT: &str = "there are more events than these";

impl Lineage {
    /// The graph in Graphviz's language, from causes down to effects, with a bold border around the event
    /// that was asked for.
    ///
    /// The same lineage gives the same text, and each event is named by its position.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut text = String::from("digraph lineage {\n    node [shape=box, style=rounded];\n");
        for event in &self.events {
            let label = lines(event).map(|line| in_dot(&line)).join("\\n");
            let style = if self.is_asked(event) {
                ", style=\"rounded,bold\""
            } else {
                ""
            };
            let name = name(event.header.sequence);
            text.push_str(&format!("    {name} [label=\"{label}\"{style}];\n"));
        }
        for (cause, effect) in self.arrows() {
            text.push_str(&format!("    {cause} -> {effect};\n"));
        }
        if self.is_cut {
            text.push_str(&format!("    label=\"{CUT}\";\n"));
        }
        text.push_str("}\n");
        text
    }

    /// The same as a flowchart of Mermaid, which many viewers of Markdown show. Unless it is configured
    /// otherwise, Mermaid draws no more than 500 edges.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for event in &self.events {
            let label = lines(event).map(|line| in_mermaid(&line)).join("<br/>");
            let name = name(event.header.sequence);
            text.push_str(&format!("    {name}[\"{label}\"];\n"));
        }
        if self.is_cut {
            text.push_str(&format!("    more[\"{CUT}\"];\n"));
        }
        for (cause, effect) in self.arrows() {
            text.push_str(&format!("    {cause} --> {effect};\n"));
        }
        for event in self.events.iter().filter(|event| self.is_asked(event)) {
            let name = name(event.header.sequence);
            text.push_str(&format!("    style {name} stroke-width:4px;\n"));
        }
        text
    }

    fn is_asked(&self, event: &LineageEvent) -> bool {
        event.header.event_id == self.id
    }

    /// The edges, by what their ends are named in a graph.
    fn arrows(&self) -> impl Iterator<Item = (String, String)> {
        let headers = self.events.iter().map(|event| event.header);
        let positions: HashMap<_, _> = headers
            .map(|header| (header.event_id, header.sequence))
            .collect();
        let name = move |id| positions.get(&id).map(|position| name(*position));
        let ends = move |edge: &super::LineageEdge| Some((name(edge.cause)?, name(edge.effect)?));
        self.edges.iter().filter_map(ends)
    }
}

fn name(position: u64) -> String {
    format!("e{position}")
}

/// What is said of an event.
fn lines(event: &LineageEvent) -> [String; 3] {
    let header = &event.header;
    let (position, revision) = (header.sequence, header.revision);
    [
        match &event.kind_name {
            Some(name) => name.clone(),
            None => header.kind.to_string(),
        },
        event.coordinate.to_string(),
        format!("position {position}, revision {revision}"),
    ]
}

/// A line within a quoted string, in which Graphviz knows the entities of HTML.
fn in_dot(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '&' => text.push_str("&amp;"),
            _ if c.is_control() => text.push(' '),
            _ => text.push(c),
        }
    }
    text
}

/// A line within a quoted label. That is HTML, and it is Markdown if it begins with a backtick; `%%{` would begin a directive.
///
/// From a line that has `style:` before a code such as these Mermaid takes the last semicolon. So there is one behind each label.
fn in_mermaid(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '"' | '#' | ';' | '<' | '>' | '&' | '%' | '`' => {
                text.push_str(&format!("#{};", u32::from(c)));
            }
            // With an `n` at once behind it, it would end the line in whatever way it is written.
            '\\' => text.push_str("#92;#8203;"),
            _ if c.is_control() => text.push(' '),
            _ => text.push(c),
        }
    }
    text
}
