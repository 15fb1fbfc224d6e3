use std::fmt;

use super::Proposed;
use crate::event::Digest;
use crate::guard::{
    Asked, Bypass, Denial, DenialRecord, Evaluation, GateSet, GateSetDigest, Permit, Receipt,
};

/// The way from a proposal over gates to a commit: [`permit`](Self::permit) asks the gates and gives a
/// [`Receipt`], and only that can be committed.
///
/// ```
/// use batpak::prelude::*;
/// # let dir = std::env::temp_dir().join(format!("batpak-pipeline-{}", std::process::id()));
///
/// struct Withdrawal {
///     balance: Observed<i64>,
///     cents: i64,
/// }
///
/// /// A withdrawal may not exceed the balance.
/// #[gate]
/// fn covered(withdrawal: &Withdrawal) -> bool {
///     withdrawal.cents <= *withdrawal.balance.get()
/// }
///
/// let store = Store::open(StoreConfig::new(&dir))?;
/// let (account, moved) = (Coordinate::new("account:7", "bank")?, EventKind::custom(0x2, 1));
/// store.append(&account, moved, &500)?;
///
/// let pipeline = Pipeline::new(GateSet::new().with(covered::Gate));
/// let balance = store.observe_with(&Region::stream(&account), |events| {
///     events.map(|event| Ok(event?.payload::<i64>()?)).sum::<Result<i64, StoreError>>()
/// })?;
/// let proposal = store.propose(NewEvent::new(&account, moved, &-200));
/// let receipt = pipeline.permit(proposal, &Withdrawal { balance, cents: 200 })?;
/// let committed = pipeline.commit(&store, receipt)?;
///
/// let event = store.get(committed[0].event_id)?.unwrap();
/// assert_eq!(event.permit()?.unwrap().gates, ["COVERED"]);
/// # drop(store);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Pipeline::commit`] is the conditional append of exactly what was proposed: if something has come meanwhile to a region
/// that the gates have looked at by [`Observed::get`](crate::Observed::get), it is a retryable
/// [`Conflict`](crate::Conflict). [`Pipeline::commit_with`] hands what was permitted to any other sink.
#[derive(Debug)]
pub struct Pipeline<Ctx: ?Sized> {
    gates: GateSet<Ctx>,
}

impl<Ctx: ?Sized> Pipeline<Ctx> {
    /// A pipeline over these gates.
    #[must_use]
    pub const fn new(gates: GateSet<Ctx>) -> Self {
        Self { gates }
    }

    /// Its gates, such as to ask them without a proposal.
    #[must_use]
    pub const fn gates(&self) -> &GateSet<Ctx> {
        &self.gates
    }

    /// Asks the gates about `ctx`, and permits the proposal if they do.
    ///
    /// # Errors
    /// [`NotPermitted`] with the proposal and what the gates said.
    pub fn permit<T: Proposed>(
        &self,
        proposal: T,
        ctx: &Ctx,
    ) -> Result<Receipt<T>, NotPermitted<T>> {
        let digest = proposal.digest();
        let (evaluation, asked) = Asked::by(|| self.gates.explain(ctx));
        if let Some(denial) = evaluation.denial().cloned() {
            return Err(NotPermitted(Box::new(Refusal {
                proposal,
                digest,
                denial,
                evaluation,
                set: self.gates.digest(),
            })));
        }
        let permit = self.named(Permit::of_gates(evaluation.passed()));
        Ok(Receipt::new((proposal, digest), permit, asked.reads))
    }

    /// Permits the proposal without asking a gate, by somebody's word, which is stored with it.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-bypass-{}", std::process::id()));
    ///
    /// /// Nobody is let in at night.
    /// #[gate]
    /// fn by_day(hour: &u8) -> bool {
    ///     (6..22).contains(hour)
    /// }
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let pipeline = Pipeline::new(GateSet::named("door").with(by_day::Gate));
    /// let door = Coordinate::new("door:7", "house")?;
    /// let enter = || store.propose(NewEvent::new(&door, EventKind::custom(0x3, 1), &"Ann"));
    /// assert!(pipeline.permit(enter(), &3).is_err());
    ///
    /// let bypass = Bypass::new("EMERGENCY", "the alarm went off; Ann is on call")?;
    /// pipeline.commit(&store, pipeline.bypass(enter(), bypass))?;
    ///
    /// let bypassed = store.query(&Region::all().bypassed()).next().unwrap()?;
    /// let bypass = bypassed.permit()?.unwrap().bypass.unwrap();
    /// assert_eq!(bypass.reason(), "EMERGENCY");
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bypass<T: Proposed>(&self, proposal: T, bypass: Bypass) -> Receipt<T> {
        let digest = proposal.digest();
        let permit = self.named(Permit {
            bypass: Some(bypass),
            ..Permit::default()
        });
        Receipt::new((proposal, digest), permit, Vec::new())
    }

    /// The permit with what tells this set of gates.
    fn named(&self, permit: Permit) -> Permit {
        Permit {
            set: Some(self.gates.digest()),
            name: self.gates.name().map(str::to_owned),
            ..permit
        }
    }
}

/// A proposal that gates do not permit, with what they said.
///
/// It displays as the denial that decided; [`evaluation`](Self::evaluation) has every gate's answer.
/// [`Pipeline::record_denial`] notes it in the log.
pub struct NotPermitted<T>(Box<Refusal<T>>);

struct Refusal<T> {
    proposal: T,
    digest: Option<Digest>,
    denial: Denial,
    evaluation: Evaluation,
    set: GateSetDigest,
}

impl<T> NotPermitted<T> {
    /// What was proposed.
    #[must_use]
    pub const fn proposal(&self) -> &T {
        &self.0.proposal
    }

    /// What was proposed, by value.
    #[must_use]
    pub fn into_proposal(self) -> T {
        self.0.proposal
    }

    /// The denial that decided.
    #[must_use]
    pub const fn denial(&self) -> &Denial {
        &self.0.denial
    }

    /// What each gate answered.
    pub const fn evaluation(&self) -> &Evaluation {
        &self.0.evaluation
    }

    /// The denial, for the log.
    pub(crate) fn record(&self) -> DenialRecord {
        DenialRecord {
            set: Some(self.0.set),
            name: self.0.evaluation.name().map(str::to_owned),
            proposal: self.0.digest,
            ..DenialRecord::from(&self.0.denial)
        }
    }
}

impl<T> fmt::Debug for NotPermitted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotPermitted")
            .field("denial", &self.0.denial)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for NotPermitted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.denial.fmt(f)
    }
}

impl<T> std::error::Error for NotPermitted<T> {}
