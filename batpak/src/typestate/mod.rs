//! What `state_machine!` expands onto: machines, their states, and the way from one to the next.
//!
//! A state is handed out only after the events that lead to it are committed. A command checks its
//! gates and gives a [`Step`]; committing the step gives the machine in its next state. Events that
//! arrive as data go through a [`Chain`] instead, which runs the same arms and gates.

mod chain;
mod cursor;
mod machine;
mod refusal;
mod step;

pub use chain::Chain;
pub use cursor::{Committed, Cursor, In, Pending, Place};
pub use machine::{Folded, Machine, State, Transition};
pub use refusal::{CommitError, Denied, Illegal, Refused};
pub use step::{Instance, Moved, Step};
