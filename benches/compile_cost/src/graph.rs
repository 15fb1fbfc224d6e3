//! The graph that every peer is given.

/// How large a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    pub(crate) events: usize,
}

/// The sizes that are measured: a machine that people write, a large one, and one that is larger in
/// transitions alone, which shows whether the cost grows faster than the table.
pub(crate) const SIZES: [Size; 3] = [
    Size {
        states: 10,
        transitions: 20,
        events: 10,
    },
    Size {
        states: 100,
        transitions: 300,
        events: 40,
    },
    Size {
        states: 100,
        transitions: 500,
        events: 40,
    },
];

/// One arrow of the graph, by numbers of states and events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transition {
    pub(crate) from: usize,
    pub(crate) event: usize,
    pub(crate) to: usize,
}

impl Size {
    /// The arrows, by the state that they leave. Each state has the same number of them, each for
    /// another event. The first leads to the next state, round in a circle, so that every state can
    /// be reached and none is a dead end; the others lead across.
    pub(crate) fn graph(self) -> Vec<Transition> {
        let each = self.transitions / self.states;
        let arrow = |number: usize| {
            let (from, nth) = (number / each, number % each);
            Transition {
                from,
                event: number % self.events,
                to: (from + 1 + nth * (7 + from % 5)) % self.states,
            }
        };
        (0..each * self.states).map(arrow).collect()
    }

    /// The arrows that leave one state.
    pub(crate) fn leaving(self, state: usize) -> impl Iterator<Item = Transition> {
        let leaves = move |transition: &Transition| transition.from == state;
        self.graph().into_iter().filter(leaves)
    }
}
