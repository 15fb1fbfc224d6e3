//! The life of a road traffic fine: its states, its events, and the policy about payments.

use batpak::prelude::*;
use chrono::{DateTime, FixedOffset};

use super::cents::Cents;

/// When an activity happened, in its own UTC offset.
pub(crate) type Time = DateTime<FixedOffset>;

/// The scope that all fines live in.
pub(crate) const SCOPE: &str = "road-traffic";

/// What all states of a fine share: what is due on it, and what has been paid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    due: Cents,
    expense: Cents,
    paid: Cents,
}

#[projection(version = 1)]
impl Account {
    #[on(FineEvent::CreateFine | FineEvent::AddPenalty)]
    fn set_due(&mut self, amount: &Cents) {
        self.due = *amount;
    }

    #[on(FineEvent::SendFine)]
    fn set_expense(&mut self, expense: &Cents) {
        self.expense = *expense;
    }

    #[on(FineEvent::Payment)]
    fn add_payment(&mut self, amount: &Cents) {
        self.paid = self.paid + *amount;
    }

    /// What has still to be paid.
    pub(crate) fn outstanding(&self) -> Cents {
        (self.due + self.expense - self.paid).or_zero()
    }

    /// Whether nothing is left to pay after a further payment.
    fn is_settled_by(&self, payment: Cents) -> bool {
        self.paid + payment >= self.due + self.expense
    }
}

/// A payment may not be negative.
#[gate(code = "NEGATIVE_PAYMENT")]
fn not_negative(amount: &Cents) -> Verdict {
    ensure!(
        *amount >= Cents(0),
        "a payment of {amount} takes money out",
        amount = amount
    );
    Verdict::permit()
}

state_machine!(
    /// A road traffic fine, from the police officer's note to the last cent.
    #[machine(entity = "fine", data = Account, version = 1)]
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Fine {
        /// Nothing has happened yet.
        #[initial]
        Unissued,
        #[group(Payable, Appealable)]
        Created,
        #[group(Payable, Appealable)]
        Sent,
        #[group(Payable, Appealable)]
        Notified,
        /// It was not paid in time, so more is due.
        #[group(Payable, Appealable)]
        Penalised,
        /// The offender has appealed to the prefecture.
        #[group(Payable, UnderAppeal)]
        Appealed,
        #[group(Payable, UnderAppeal)]
        AppealSent,
        #[group(Payable)]
        Ruled,
        #[group(Payable)]
        RulingNotified,
        /// The offender has appealed to a judge.
        #[group(Payable, UnderAppeal)]
        InCourt,
        /// Paid in full.
        #[terminal]
        Settled,
        /// Handed over to a collection agency.
        #[terminal]
        InCollection,
    }

    /// What can happen to a fine, by the names that the activities have in the log.
    #[derive(Event, Debug, Clone, PartialEq, Eq)]
    #[event(category = 0x1)]
    pub(crate) enum FineEvent {
        #[event(id = 0x001)]
        CreateFine { at: Time, amount: Cents },
        #[event(id = 0x002)]
        SendFine { at: Time, expense: Cents },
        #[event(id = 0x003)]
        InsertFineNotification { at: Time },
        #[event(id = 0x004)]
        AddPenalty { at: Time, amount: Cents },
        #[event(id = 0x005)]
        InsertDateAppealToPrefecture { at: Time },
        #[event(id = 0x006)]
        SendAppealToPrefecture { at: Time },
        #[event(id = 0x007)]
        ReceiveResultAppealFromPrefecture { at: Time },
        #[event(id = 0x008)]
        NotifyResultAppealToOffender { at: Time },
        #[event(id = 0x009)]
        AppealToJudge { at: Time },
        #[event(id = 0x00A)]
        SendForCreditCollection { at: Time },
        #[event(id = 0x00B)]
        Payment { at: Time, amount: Cents },
    }

    fn evolve(fine: Fine, event: FineEvent) -> Fine {
        match (fine, event) {
            #[command(create)]
            (Unissued, CreateFine { .. }) => Created,

            #[command(send)]
            (Created, SendFine { .. }) => Sent,

            #[command(notify)]
            (Sent, InsertFineNotification { .. }) => Notified,

            #[command(penalise)]
            (Notified, AddPenalty { .. }) => Penalised,

            /// More is due, but the appeal goes on.
            #[command(penalise)]
            (fine @ UnderAppeal, AddPenalty { .. }) => fine,

            #[command(appeal)]
            (Appealable, InsertDateAppealToPrefecture { .. }) => Appealed,

            #[command(send_appeal)]
            (Appealed, SendAppealToPrefecture { .. }) => AppealSent,

            #[command(rule)]
            (AppealSent, ReceiveResultAppealFromPrefecture { .. }) => Ruled,

            #[command(notify_ruling)]
            (Ruled, NotifyResultAppealToOffender { .. }) => RulingNotified,

            #[command(appeal_to_judge)]
            (Notified | Penalised | RulingNotified, AppealToJudge { .. }) => InCourt,

            #[command(collect)]
            (Penalised | RulingNotified | InCourt, SendForCreditCollection { .. }) => InCollection,

            /// The payment that leaves nothing to pay settles the fine, whatever state it is in.
            #[command(pay)]
            #[gate(not_negative(amount))]
            (Payable, Payment { amount, .. }) if data.is_settled_by(amount) => Settled,
            (fine @ Payable, Payment { .. }) => fine,
        }
    }
);
