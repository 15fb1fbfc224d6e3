#![doc = include_str!("../docs/manual.md")]

// Each macro is a folder of its own and a pipeline of its own: tokens are parsed into what the user
// meant, that is checked as a whole, and only then expanded. All mistakes of one call are reported at
// once, each at its span.
mod errors;
mod event;
mod fingerprint;
mod gate;
mod keys;
mod machine;
mod names;
mod projection;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/event.md")]
#[doc = "```no_run"]
#[doc = include_str!("../docs/examples/versions.rs")]
#[doc = "```"]
#[doc = include_str!("../docs/event_errors.md")]
#[proc_macro_derive(Event, attributes(event, serde))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    event::derive(input.into()).into()
}

#[doc = include_str!("../docs/gate.md")]
#[proc_macro_attribute]
pub fn gate(attribute: TokenStream, item: TokenStream) -> TokenStream {
    gate::expand(attribute.into(), item.into()).into()
}

#[doc = include_str!("../docs/projection.md")]
#[proc_macro_attribute]
pub fn projection(attribute: TokenStream, item: TokenStream) -> TokenStream {
    projection::expand(attribute.into(), item.into()).into()
}

#[doc = include_str!("../docs/state_machine.md")]
#[doc = include_str!("../docs/state_machine_errors.md")]
#[doc = "## An order: commands, gates, steps that chain, an old payload"]
#[doc = "```no_run"]
#[doc = include_str!("../docs/examples/order.rs")]
#[doc = "```"]
#[doc = "## An account: gates over state and limits, outcomes, a projection"]
#[doc = "```no_run"]
#[doc = include_str!("../docs/examples/account.rs")]
#[doc = "```"]
#[proc_macro]
pub fn state_machine(input: TokenStream) -> TokenStream {
    machine::expand(input.into()).into()
}
