//! Money, in whole cents.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount of money in cents. Sums saturate, so that no log makes them wrap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cents(pub(crate) i64);

impl Cents {
    /// The largest amount that is taken from a log, so that sums over millions of events are exact.
    const MAX: i64 = 1_000_000_000_000;

    /// This amount, or nothing if it is negative.
    pub(crate) fn or_zero(self) -> Self {
        self.max(Self(0))
    }
}

impl Add for Cents {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Cents {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

/// A text that is not an amount of whole cents.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount in whole cents, such as 71.5, of at most ten thousand million")]
pub(crate) struct BadAmount(String);

impl FromStr for Cents {
    type Err = BadAmount;

    /// Reads a decimal such as `35.0`, `-13.33` or `1.2E2` (the lexical form of XML's `double`)
    /// exactly, without a binary fraction in between.
    fn from_str(text: &str) -> Result<Self, BadAmount> {
        parse(text.trim())
            .map(Self)
            .ok_or_else(|| BadAmount(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<i64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix(['-', '+']) {
        Some(digits) => (mantissa.starts_with('-'), digits),
        None => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // The amount in cents is `all` with `shift` more digits, or fewer if it is negative.
    let shift = exponent
        .checked_add(2)?
        .checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let significant = all.trim_start_matches('0');
    let cents = if significant.is_empty() {
        0
    } else if shift >= 0 {
        let zeros = usize::try_from(shift).ok().filter(|zeros| *zeros <= 18)?;
        format!("{significant}{}", "0".repeat(zeros)).parse().ok()?
    } else {
        let kept = significant.len().checked_sub(usize::try_from(-shift).ok()?);
        let (kept, dropped) = significant.split_at(kept.unwrap_or(0));
        // Fractions of a cent are no amount; nor is what has more places than digits.
        if kept.is_empty() || dropped.bytes().any(|digit| digit != b'0') {
            return None;
        }
        kept.parse().ok()?
    };
    let cents = if negative { -cents } else { cents };
    (-Cents::MAX..=Cents::MAX).contains(&cents).then_some(cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, cents) in [
            ("35.0", 3_500),
            ("71.5", 7_150),
            ("13.33", 1_333),
            ("-10.0", -1_000),
            ("+7", 700),
            (".5", 50),
            ("5.", 500),
            ("0", 0),
            ("-0.00", 0),
            ("1.2E2", 12_000),
            ("1250e-2", 1_250),
            ("13.330000", 1_333),
            (" 8.10 ", 810),
            ("0.29", 29),
        ] {
            assert_eq!(text.parse(), Ok(Cents(cents)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_in_whole_cents_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "abc",
            "1,5",
            "NaN",
            "INF",
            "1.234",
            "0.001",
            "1e-3",
            "1e30",
            "1e",
            "--1",
            "10000000001",
            "1e99999999999",
            "0x10",
            "1 2",
        ] {
            assert!(text.parse::<Cents>().is_err(), "{text:?} is an amount");
        }
    }

    #[test]
    fn amounts_are_shown_with_two_places() {
        assert_eq!(Cents(-1_005).to_string(), "-10.05");
        assert_eq!(Cents(7).to_string(), "0.07");
    }
}
