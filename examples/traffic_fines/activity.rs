//! From an activity of the log to an event of the machine, and back.

use batpak::prelude::*;
use chrono::{DateTime, NaiveDateTime};

use super::cents::{BadAmount, Cents};
use super::fine::{FineEvent, Time};
use super::xes::LogEvent;

/// The activities of the log, each with the event that it becomes.
const ACTIVITIES: [(&str, EventKind); 11] = [
    ("Create Fine", FineEvent::CREATE_FINE),
    ("Send Fine", FineEvent::SEND_FINE),
    (
        "Insert Fine Notification",
        FineEvent::INSERT_FINE_NOTIFICATION,
    ),
    ("Add penalty", FineEvent::ADD_PENALTY),
    (
        "Insert Date Appeal to Prefecture",
        FineEvent::INSERT_DATE_APPEAL_TO_PREFECTURE,
    ),
    (
        "Send Appeal to Prefecture",
        FineEvent::SEND_APPEAL_TO_PREFECTURE,
    ),
    (
        "Receive Result Appeal from Prefecture",
        FineEvent::RECEIVE_RESULT_APPEAL_FROM_PREFECTURE,
    ),
    (
        "Notify Result Appeal to Offender",
        FineEvent::NOTIFY_RESULT_APPEAL_TO_OFFENDER,
    ),
    ("Appeal to Judge", FineEvent::APPEAL_TO_JUDGE),
    (
        "Send for Credit Collection",
        FineEvent::SEND_FOR_CREDIT_COLLECTION,
    ),
    ("Payment", FineEvent::PAYMENT),
];

/// Why an activity is not an event of the machine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadActivity {
    #[error("unknown activity `{0}`")]
    Unknown(String),
    #[error("`{activity}` has no attribute `{key}`")]
    Missing { activity: String, key: &'static str },
    #[error("`{activity}` has a bad `{key}`: {source}")]
    Amount {
        activity: String,
        key: &'static str,
        source: BadAmount,
    },
    #[error("`{activity}` has a bad `{TIME}`: `{text}` is not a date and time")]
    Time { activity: String, text: String },
}

const TIME: &str = "time:timestamp";

/// The event that an activity of the log is.
pub(crate) fn event(found: &LogEvent) -> Result<FineEvent, BadActivity> {
    let activity = found.activity.as_str();
    let Some((_, kind)) = ACTIVITIES.iter().find(|(name, _)| *name == activity) else {
        return Err(BadActivity::Unknown(activity.to_owned()));
    };
    let text = attribute(found, TIME)?;
    let at = time(text).ok_or_else(|| BadActivity::Time {
        activity: activity.to_owned(),
        text: text.to_owned(),
    })?;
    Ok(match *kind {
        FineEvent::CREATE_FINE => {
            let amount = amount(found, "amount")?;
            FineEvent::CreateFine { at, amount }
        }
        FineEvent::SEND_FINE => {
            let expense = amount(found, "expense")?;
            FineEvent::SendFine { at, expense }
        }
        FineEvent::INSERT_FINE_NOTIFICATION => FineEvent::InsertFineNotification { at },
        FineEvent::ADD_PENALTY => {
            let amount = amount(found, "amount")?;
            FineEvent::AddPenalty { at, amount }
        }
        FineEvent::INSERT_DATE_APPEAL_TO_PREFECTURE => {
            FineEvent::InsertDateAppealToPrefecture { at }
        }
        FineEvent::SEND_APPEAL_TO_PREFECTURE => FineEvent::SendAppealToPrefecture { at },
        FineEvent::RECEIVE_RESULT_APPEAL_FROM_PREFECTURE => {
            FineEvent::ReceiveResultAppealFromPrefecture { at }
        }
        FineEvent::NOTIFY_RESULT_APPEAL_TO_OFFENDER => {
            FineEvent::NotifyResultAppealToOffender { at }
        }
        FineEvent::APPEAL_TO_JUDGE => FineEvent::AppealToJudge { at },
        FineEvent::SEND_FOR_CREDIT_COLLECTION => FineEvent::SendForCreditCollection { at },
        _ => {
            let amount = amount(found, "paymentAmount")?;
            FineEvent::Payment { at, amount }
        }
    })
}

fn attribute<'e>(found: &'e LogEvent, key: &'static str) -> Result<&'e str, BadActivity> {
    found.attribute(key).ok_or_else(|| BadActivity::Missing {
        activity: found.activity.clone(),
        key,
    })
}

fn amount(found: &LogEvent, key: &'static str) -> Result<Cents, BadActivity> {
    attribute(found, key)?
        .parse()
        .map_err(|source| BadActivity::Amount {
            activity: found.activity.clone(),
            key,
            source,
        })
}

/// A date and time as XML Schema writes it; without an offset it is taken as UTC.
fn time(text: &str) -> Option<Time> {
    DateTime::parse_from_rfc3339(text.trim())
        .or_else(|_| {
            text.trim()
                .parse::<NaiveDateTime>()
                .map(|time| time.and_utc().fixed_offset())
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_its_own_offset() {
        let at = time("2007-01-01T00:30:00.000+01:00").unwrap();
        assert_eq!(at.to_rfc3339(), "2007-01-01T00:30:00+01:00");
        assert_eq!(
            time("2007-01-01T00:30:00").unwrap().to_rfc3339(),
            "2007-01-01T00:30:00+00:00"
        );
        assert_eq!(time("2007-13-01T00:30:00Z"), None);
    }

    #[test]
    fn every_event_of_the_machine_has_one_activity() {
        let mut kinds: Vec<_> = ACTIVITIES.iter().map(|(_, kind)| *kind).collect();
        kinds.sort_unstable();
        assert_eq!(
            kinds,
            FineEvent::TABLE
                .iter()
                .map(|entry| entry.kind)
                .collect::<Vec<_>>()
        );
    }
}
