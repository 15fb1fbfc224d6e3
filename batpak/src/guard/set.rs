use std::fmt;

use super::{Denial, Gate};

/// Gates that look at the same context, asked in the order in which they were added.
///
/// ```
/// use batpak::prelude::*;
///
/// struct Order {
///     lines: Vec<String>,
///     cents: u64,
/// }
///
/// /// The basket is empty.
/// #[gate]
/// fn not_empty(order: &Order) -> bool {
///     !order.lines.is_empty()
/// }
///
/// #[gate(code = "TOO_CHEAP")]
/// fn worth_it(order: &Order) -> Verdict {
///     ensure!(order.cents >= 500, "that is below five euros", cents = order.cents);
///     Verdict::permit()
/// }
///
/// let gates = GateSet::new().with(not_empty::Gate).with(worth_it::Gate);
/// assert!(gates.codes().eq(["NOT_EMPTY", "TOO_CHEAP"]));
///
/// let order = Order { lines: vec![], cents: 0 };
/// assert_eq!(gates.evaluate(&order).unwrap_err().code(), "NOT_EMPTY");
/// assert_eq!(gates.evaluate_all(&order).len(), 2);
/// ```
///
/// A set only asks: nothing of it is recorded, neither that it permitted nor why it did not. It has
/// no code of its own, and so is no [`Gate`]: a denial carries the code of the gate that denied.
pub struct GateSet<Ctx: ?Sized> {
    gates: Vec<Box<dyn Gate<Ctx> + Send + Sync>>,
}

impl<Ctx: ?Sized> GateSet<Ctx> {
    /// A set without gates, which permits everything.
    #[must_use]
    pub const fn new() -> Self {
        Self { gates: Vec::new() }
    }

    /// Adds a gate, to be asked after those that are there.
    #[must_use]
    pub fn with(mut self, gate: impl Gate<Ctx> + Send + Sync + 'static) -> Self {
        self.gates.push(Box::new(gate));
        self
    }

    /// Asks the gates until one denies: those behind it are not asked.
    ///
    /// # Errors
    /// The first [`Denial`], if there is one.
    pub fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        self.gates.iter().try_for_each(|gate| gate.evaluate(ctx))
    }

    /// Asks every gate, and gives all denials, in order: none, if all permit.
    #[must_use]
    pub fn evaluate_all(&self, ctx: &Ctx) -> Vec<Denial> {
        let denied = self.gates.iter();
        denied.filter_map(|gate| gate.evaluate(ctx).err()).collect()
    }

    /// The codes of the gates, in order.
    pub fn codes(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.gates.iter().map(|gate| gate.code())
    }
}

impl<Ctx: ?Sized> Default for GateSet<Ctx> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Ctx: ?Sized> fmt::Debug for GateSet<Ctx> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GateSet ")?;
        f.debug_list().entries(self.codes()).finish()
    }
}
