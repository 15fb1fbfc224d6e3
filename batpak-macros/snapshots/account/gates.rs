#[allow(clippy::trivially_copy_pass_by_ref)]
/// A withdrawal may not exceed the balance.
fn covered(balance: &Cents, amount: &Cents) -> bool {
    amount <= balance
}
/// The gate [`covered`](fn@covered) as a value.
#[allow(dead_code, unreachable_pub)]
mod covered {
    /// The code that its denials carry.
    pub const CODE: &::core::primitive::str = "INSUFFICIENT_FUNDS";
    /// The message that its denials carry, unless the gate gives its own.
    pub const MESSAGE: &::core::primitive::str = "A withdrawal may not exceed the balance.";
    /// The gate.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
    pub struct Gate;
}
#[automatically_derived]
impl<'gate> ::batpak::Gate<(&'gate Cents, &'gate Cents)> for covered::Gate {
    fn code(&self) -> &'static ::core::primitive::str {
        covered::CODE
    }
    fn evaluate(
        &self,
        ctx: &(&'gate Cents, &'gate Cents),
    ) -> ::core::result::Result<(), ::batpak::Denial> {
        <bool as ::batpak::expansion::Decision>::decide(
            covered(ctx.0, ctx.1),
            covered::CODE,
            covered::MESSAGE,
        )
    }
}
#[allow(clippy::trivially_copy_pass_by_ref)]
/// Refuses more than the daily limit.
fn daily_limit(amount: &Cents, limits: &Limits) -> Verdict {
    ensure!(
        * amount <= limits.daily, "{amount} is over the daily limit", limit = limits
        .daily
    );
    Verdict::permit()
}
/// The gate [`daily_limit`](fn@daily_limit) as a value.
#[allow(dead_code, unreachable_pub)]
mod daily_limit {
    /// The code that its denials carry.
    pub const CODE: &::core::primitive::str = "DAILY_LIMIT";
    /// The message that its denials carry, unless the gate gives its own.
    pub const MESSAGE: &::core::primitive::str = "Refuses more than the daily limit.";
    /// The gate.
    #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
    pub struct Gate;
}
#[automatically_derived]
impl<'gate> ::batpak::Gate<(&'gate Cents, &'gate Limits)> for daily_limit::Gate {
    fn code(&self) -> &'static ::core::primitive::str {
        daily_limit::CODE
    }
    fn evaluate(
        &self,
        ctx: &(&'gate Cents, &'gate Limits),
    ) -> ::core::result::Result<(), ::batpak::Denial> {
        <Verdict as ::batpak::expansion::Decision>::decide(
            daily_limit(ctx.0, ctx.1),
            daily_limit::CODE,
            daily_limit::MESSAGE,
        )
    }
}
