use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use super::explanation::Asking;
use super::{Denial, DryRun, Evaluation, Explanation, Gate, GateSetDigest};

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
/// no code of its own, and so is no [`Gate`]: a denial carries the code of the gate that denied. Gates that
/// are to be asked together under a code are [`all_of`](crate::all_of).
///
/// A gate that panics has denied: see [`Denial::GATE_PANICKED`].
pub struct GateSet<Ctx: ?Sized> {
    name: Option<Cow<'static, str>>,
    gates: Vec<Box<dyn Gate<Ctx> + Send + Sync>>,
    digest: OnceLock<GateSetDigest>,
}

impl<Ctx: ?Sized> GateSet<Ctx> {
    /// A set without gates, which permits everything.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            name: None,
            gates: Vec::new(),
            digest: OnceLock::new(),
        }
    }

    /// A set without gates that has a name, which is part of its [digest](Self::digest): say
    /// `"withdrawals/2"`, after what the gates decide has changed.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::new()
        }
    }

    /// Adds a gate, to be asked after those that are there.
    #[must_use]
    pub fn with(mut self, gate: impl Gate<Ctx> + Send + Sync + 'static) -> Self {
        self.gates.push(Box::new(gate));
        self.digest = OnceLock::new();
        self
    }

    /// Asks the gates until one denies: those behind it are not asked.
    ///
    /// # Errors
    /// The first [`Denial`], if there is one.
    pub fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        let asking = Asking::UntilDecided(ctx);
        let mut gates = self.gates.iter();
        gates.try_for_each(|gate| gate.ask(asking).into_result())
    }

    /// Asks every gate, and gives all denials, in order: none, if all permit.
    #[must_use]
    pub fn evaluate_all(&self, ctx: &Ctx) -> Vec<Denial> {
        let asking = Asking::UntilDecided(ctx);
        let denied = self.gates.iter();
        denied
            .filter_map(|gate| gate.ask(asking).into_result().err())
            .collect()
    }

    /// Asks the gates until one denies, as [`evaluate`](Self::evaluate) does, and says what each answered.
    pub fn explain(&self, ctx: &Ctx) -> Evaluation {
        self.evaluation(Asking::UntilDecided(ctx), Explanation::is_denied)
    }

    /// Asks every gate, as [`evaluate_all`](Self::evaluate_all) does, and says what each answered.
    ///
    /// It permits if [`explain`](Self::explain) does.
    pub fn explain_all(&self, ctx: &Ctx) -> Evaluation {
        self.evaluation(Asking::UntilDecided(ctx), |_| false)
    }

    /// Asks every gate at any depth, also behind what decides, and says what each answered: a permit
    /// is none of it.
    #[must_use]
    pub fn dry_run(&self, ctx: &Ctx) -> DryRun {
        DryRun::new(self.evaluation(Asking::Everything(ctx), |_| false))
    }

    fn evaluation(&self, asking: Asking<'_, Ctx>, decides: fn(&Explanation) -> bool) -> Evaluation {
        let gates = asking.each(&self.gates, decides);
        Evaluation::new(self.name.clone(), self.digest(), gates)
    }

    /// The name of the set, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Which set it is: a fingerprint of its name, and of its gates and how they are combined.
    pub fn digest(&self) -> GateSetDigest {
        *self.digest.get_or_init(|| {
            let gates = Asking::Nothing.each(&self.gates, |_| false);
            GateSetDigest::of(self.name().unwrap_or_default(), &gates)
        })
    }

    /// The codes of the gates, in order: without those that one of them is made of.
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
