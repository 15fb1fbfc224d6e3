//! What a user of each peer would write for a graph.

use std::fmt::Write;

use crate::graph::{Size, Transition};

/// A way to write a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Batpak,
    HandWritten,
    Smlang,
    Statig,
    RustFsm,
    Statum,
    Typestate,
}

/// All of them, in the order of the table.
pub(crate) const PEERS: [Peer; 7] = [
    Peer::Batpak,
    Peer::HandWritten,
    Peer::Smlang,
    Peer::Statig,
    Peer::RustFsm,
    Peer::Statum,
    Peer::Typestate,
];

impl Peer {
    /// Its name in the table and behind `--only`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Batpak => "batpak",
            Peer::HandWritten => "hand-written",
            Peer::Smlang => "smlang",
            Peer::Statig => "statig",
            Peer::RustFsm => "rust-fsm",
            Peer::Statum => "statum",
            Peer::Typestate => "typestate",
        }
    }

    /// The version from the registry; none for batpak, which is the one beside this program, and
    /// for the enum written by hand, which needs nothing.
    pub(crate) fn version(self) -> Option<&'static str> {
        match self {
            Peer::Batpak | Peer::HandWritten => None,
            Peer::Smlang => Some("0.8.0"),
            Peer::Statig => Some("0.4.1"),
            Peer::RustFsm => Some("0.8.0"),
            Peer::Statum => Some("0.9.0"),
            Peer::Typestate => Some("0.8.0"),
        }
    }

    /// Whether states and events can carry data. Those of rust-fsm's language cannot.
    pub(crate) fn has_fields(self) -> bool {
        self != Peer::RustFsm
    }

    /// A crate that needs the peer and does nothing.
    pub(crate) fn empty(self) -> String {
        match self {
            Peer::HandWritten => String::new(),
            _ => format!("use {} as _;\n", self.name().replace('-', "_")),
        }
    }

    /// A crate that is the machine, with a `u64` in each state and event if it has `fields`.
    pub(crate) fn machine(self, size: Size, fields: bool) -> String {
        match self {
            Peer::Batpak => batpak(size, fields),
            Peer::HandWritten => hand_written(size, fields),
            Peer::Smlang => smlang(size, fields),
            Peer::Statig => statig(size, fields),
            Peer::RustFsm => rust_fsm(size),
            Peer::Statum => statum(size, fields),
            Peer::Typestate => typestate(size, fields),
        }
    }
}

/// One text per number or arrow, put together.
fn each<T>(items: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) -> String {
    items.into_iter().map(text).collect()
}

fn batpak(size: Size, fields: bool) -> String {
    let (state_field, event_field) = match fields {
        true => (" { total: u64 }", " { amount: u64 }"),
        false => ("", ""),
    };
    let states = each(0..size.states, |i| {
        let initial = if i == 0 { "        #[initial]\n" } else { "" };
        format!("{initial}        State{i}{state_field},\n")
    });
    let events = each(0..size.events, |i| {
        format!(
            "        #[event(id = {:#05x})]\n        Event{i}{event_field},\n",
            i + 1
        )
    });
    let arms = each(size.graph(), |Transition { from, event, to }| {
        let arm = match fields {
            true => format!(
                "(State{from} {{ total }}, Event{event} {{ amount }}) => State{to} {{ total: total + amount }},"
            ),
            false => format!("(State{from}, Event{event}) => State{to},"),
        };
        format!("            #[command(event{event})]\n            {arm}\n")
    });
    format!(
        r#"use batpak::prelude::*;

state_machine!(
    #[machine(entity = "process")]
    #[derive(Debug, Clone)]
    pub enum Process {{
{states}    }}

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x1)]
    pub enum ProcessEvent {{
{events}    }}

    fn evolve(process: Process, event: ProcessEvent) -> Process {{
        match (process, event) {{
{arms}        }}
    }}
);
"#
    )
}

fn hand_written(size: Size, fields: bool) -> String {
    let (state_field, event_field) = match fields {
        true => (" { total: u64 }", " { amount: u64 }"),
        false => ("", ""),
    };
    let states = each(0..size.states, |i| format!("    State{i}{state_field},\n"));
    let events = each(0..size.events, |i| format!("    Event{i}{event_field},\n"));
    let arms = each(
        size.graph(),
        |Transition { from, event, to }| match fields {
            true => format!(
                "        (Process::State{from} {{ total }}, Event::Event{event} {{ amount }}) => Process::State{to} {{ total: total + amount }},\n"
            ),
            false => format!(
                "        (Process::State{from}, Event::Event{event}) => Process::State{to},\n"
            ),
        },
    );
    format!(
        "#[derive(Debug, Clone)]
pub enum Process {{
{states}}}

#[derive(Debug, Clone)]
pub enum Event {{
{events}}}

pub fn evolve(process: Process, event: Event) -> Option<Process> {{
    Some(match (process, event) {{
{arms}        _ => return None,
    }})
}}
"
    )
}

fn smlang(size: Size, fields: bool) -> String {
    let arrows = each(size.graph(), |Transition { from, event, to }| {
        // The star marks where the machine begins, on the first arrow alone.
        let star = if from == 0 && event == 0 { "*" } else { "" };
        match fields {
            true => format!(
                "        {star}State{from}(u64) + Event{event}(u64) / add = State{to}(u64),\n"
            ),
            false => format!("        {star}State{from} + Event{event} = State{to},\n"),
        }
    });
    let action = match fields {
        true => {
            "
    fn add(&mut self, total: &u64, amount: u64) -> Result<u64, ()> {
        Ok(total + amount)
    }
"
        }
        false => "",
    };
    format!(
        "use smlang::statemachine;

statemachine! {{
    transitions: {{
{arrows}    }}
}}

pub struct Context;

impl StateMachineContext for Context {{{action}}}
"
    )
}

fn statig(size: Size, fields: bool) -> String {
    let field = if fields { "(u64)" } else { "" };
    let events = each(0..size.events, |i| format!("    Event{i}{field},\n"));
    let total = if fields { "total: &mut u64, " } else { "" };
    let states = each(0..size.states, |i| {
        let arms = each(
            size.leaving(i),
            |Transition { event, to, .. }| match fields {
                true => format!(
                    "            Event::Event{event}(amount) => Transition(State::state{to}(*total + amount)),\n"
                ),
                false => {
                    format!("            Event::Event{event} => Transition(State::state{to}()),\n")
                }
            },
        );
        format!(
            "
    #[state]
    fn state{i}({total}event: &Event) -> Outcome<State> {{
        match event {{
{arms}            _ => Super,
        }}
    }}
"
        )
    });
    let initial = if fields { "0" } else { "" };
    format!(
        "use statig::prelude::*;

#[derive(Default)]
pub struct Process;

pub enum Event {{
{events}}}

#[state_machine(initial = \"State::state0({initial})\", visibility = \"pub\")]
impl Process {{{states}}}
"
    )
}

fn rust_fsm(size: Size) -> String {
    let states = each(0..size.states, |i| {
        let arrows = each(size.leaving(i), |Transition { event, to, .. }| {
            format!("        Event{event} => State{to},\n")
        });
        format!("    State{i} => {{\n{arrows}    }},\n")
    });
    format!(
        "use rust_fsm::*;

state_machine! {{
    #[derive(Debug)]
    pub process(State0)

{states}}}
"
    )
}

/// A state's data has a type of its own, for statum finds the state that a step leads to by it.
fn statum(size: Size, fields: bool) -> String {
    let states = each(0..size.states, |i| match fields {
        true => format!("    State{i}(Data{i}),\n"),
        false => format!("    State{i},\n"),
    });
    let data = each(0..size.states, |i| match fields {
        true => format!("\npub struct Data{i} {{\n    pub total: u64,\n}}\n"),
        false => String::new(),
    });
    let blocks = each(0..size.states, |i| {
        let methods = each(
            size.leaving(i),
            |Transition { event, to, .. }| match fields {
                true => format!(
                    "    pub fn event{event}(self, amount: u64) -> Process<State{to}> {{
        let total = self.state_data.total + amount;
        self.transition_with(Data{to} {{ total }})
    }}\n"
                ),
                false => format!(
                    "    pub fn event{event}(self) -> Process<State{to}> {{
        self.transition()
    }}\n"
                ),
            },
        );
        format!("\n#[transition]\nimpl Process<State{i}> {{\n{methods}}}\n")
    });
    format!(
        "use statum::{{machine, state, transition}};

#[state]
pub enum ProcessState {{
{states}}}
{data}
#[machine]
pub struct Process<ProcessState> {{}}
{blocks}"
    )
}

fn typestate(size: Size, fields: bool) -> String {
    let (body, value, new) = match fields {
        true => (
            " { pub total: u64 }",
            " { total: self.state.total + amount }",
            " { total: 0 }",
        ),
        false => (";", "", ""),
    };
    let amount = if fields { ", amount: u64" } else { "" };
    let (mut declared, mut implemented) = (String::new(), String::new());
    for i in 0..size.states {
        let signatures = each(size.leaving(i), |Transition { event, to, .. }| {
            format!("        fn event{event}(self{amount}) -> State{to};\n")
        });
        let methods = each(size.leaving(i), |Transition { event, to, .. }| {
            format!(
                "    fn event{event}(self{amount}) -> Process<State{to}> {{
        Process::<State{to}> {{ state: State{to}{value} }}
    }}\n"
            )
        });
        // The language wants one way in and one way out, which the others do without.
        let (ends, end_methods) = match i {
            0 => (
                "        fn start() -> State0;\n        fn finish(self);\n".to_owned(),
                format!(
                    "    fn start() -> Process<State0> {{
        Process::<State0> {{ state: State0{new} }}
    }}
    fn finish(self) {{}}\n"
                ),
            ),
            _ => (String::new(), String::new()),
        };
        // Writing to a `String` does not fail.
        let _ = write!(
            declared,
            "
    #[state]
    pub struct State{i}{body}
    pub trait State{i} {{
{ends}{signatures}    }}
"
        );
        let _ = write!(
            implemented,
            "\nimpl State{i}State for Process<State{i}> {{\n{end_methods}{methods}}}\n"
        );
    }
    format!(
        "use process::*;
use typestate::typestate;

#[typestate]
pub mod process {{
    #[automaton]
    pub struct Process;
{declared}}}
{implemented}"
    )
}
