#[allow(clippy::trivially_copy_pass_by_ref)]
/// An order needs a line.
fn not_empty(lines: &[Line]) -> bool {
    !lines.is_empty()
}
/// The gate [`not_empty`](fn@not_empty) as a value.
#[allow(dead_code, unreachable_pub)]
mod not_empty {
    /// The code that its denials carry.
    pub const CODE: &::core::primitive::str = "NOT_EMPTY";
    /// The message that its denials carry, unless the gate gives its own.
    pub const MESSAGE: &::core::primitive::str = "An order needs a line.";
    /// The gate.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
    pub struct Gate;
}
#[automatically_derived]
impl ::batpak::Gate<[Line]> for not_empty::Gate {
    fn code(&self) -> &'static ::core::primitive::str {
        not_empty::CODE
    }
    fn evaluate(&self, ctx: &[Line]) -> ::core::result::Result<(), ::batpak::Denial> {
        <bool as ::batpak::expansion::Decision>::decide(
            not_empty(ctx),
            not_empty::CODE,
            not_empty::MESSAGE,
        )
    }
}
#[allow(clippy::trivially_copy_pass_by_ref)]
/// Refuses more than the customer's credit.
fn credit_limit(total: &Cents, limits: &Limits) -> Verdict {
    ensure!(
        * total <= limits.credit, "the total is over the credit", total = total.0, credit
        = limits.credit.0
    );
    Verdict::permit()
}
/// The gate [`credit_limit`](fn@credit_limit) as a value.
#[allow(dead_code, unreachable_pub)]
mod credit_limit {
    /// The code that its denials carry.
    pub const CODE: &::core::primitive::str = "CREDIT_LIMIT";
    /// The message that its denials carry, unless the gate gives its own.
    pub const MESSAGE: &::core::primitive::str = "Refuses more than the customer's credit.";
    /// The gate.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
    pub struct Gate;
}
#[automatically_derived]
impl<'gate> ::batpak::Gate<(&'gate Cents, &'gate Limits)> for credit_limit::Gate {
    fn code(&self) -> &'static ::core::primitive::str {
        credit_limit::CODE
    }
    fn evaluate(
        &self,
        ctx: &(&'gate Cents, &'gate Limits),
    ) -> ::core::result::Result<(), ::batpak::Denial> {
        <Verdict as ::batpak::expansion::Decision>::decide(
            credit_limit(ctx.0, ctx.1),
            credit_limit::CODE,
            credit_limit::MESSAGE,
        )
    }
}
