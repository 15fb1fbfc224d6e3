//! Where the decisions of a simulation come from.

use std::fmt;
use std::str::FromStr;

use crate::testing::Random;

/// A row of decisions, each one of some number of possibilities.
///
/// It is run through as often as one likes. The first run takes the first possibility everywhere, or a random one;
/// [`Self::next`] goes to the next row, so that in the end each was tried once. As a text it is what was taken,
/// `0.3.1`, and a row that is read from that text takes the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    /// What was taken, and of how many.
    made: Vec<(u64, u64)>,
    /// How many of them were asked for in this run.
    asked: usize,
    random: Option<Random>,
}

impl Choices {
    /// The first of all rows.
    pub(crate) fn first() -> Self {
        Self::default()
    }

    /// A random row, the same for the same seed.
    pub(crate) fn random(seed: u64) -> Self {
        Self {
            random: Some(Random::new(seed)),
            ..Self::default()
        }
    }

    /// A number below `of`, which is at least 1.
    pub(crate) fn take(&mut self, of: u64) -> u64 {
        if self.asked == self.made.len() {
            let taken = self.random.as_mut().map_or(0, |random| random.below(of));
            self.made.push((taken, of));
        }
        let (taken, known) = &mut self.made[self.asked];
        *known = of;
        self.asked += 1;
        assert!(*taken < of, "there is no possibility {taken} of {of}");
        *taken
    }

    /// Yes or no.
    pub(crate) fn flip(&mut self) -> bool {
        self.take(2) == 1
    }

    /// How many rows there are, if each decision has as many possibilities in all of them.
    pub(crate) fn rows(&self) -> u64 {
        let rows = |rows: u64, (_, of): &(u64, u64)| rows.saturating_mul(*of);
        self.made[..self.asked].iter().fold(1, rows)
    }

    /// Goes to the next row, and says whether there was one.
    pub(crate) fn next(&mut self) -> bool {
        self.made.truncate(self.asked);
        self.asked = 0;
        while let Some((taken, of)) = self.made.last_mut() {
            if *taken + 1 < *of {
                *taken += 1;
                return true;
            }
            self.made.pop();
        }
        false
    }
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.made[..self.asked].iter();
        let taken: Vec<String> = taken.map(|(taken, _)| taken.to_string()).collect();
        f.write_str(&taken.join("."))
    }
}

impl FromStr for Choices {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let taken = text.split('.').filter(|taken| !taken.is_empty());
        let made = taken.map(|taken| Ok((taken.parse()?, u64::MAX)));
        Ok(Self {
            made: made.collect::<Result<_, Self::Err>>()?,
            ..Self::default()
        })
    }
}

#[test]
fn all_rows_are_taken_once_and_each_again_by_its_text() {
    let run = |choices: &mut Choices| {
        let first = choices.take(3);
        let rest = (0..first).map(|_| u64::from(choices.flip()));
        std::iter::once(first).chain(rest).collect::<Vec<_>>()
    };
    let (mut choices, mut found) = (Choices::first(), Vec::new());
    loop {
        let row = run(&mut choices);
        let again = &mut choices.to_string().parse().unwrap();
        assert_eq!(run(again), row);
        found.push(row);
        if !choices.next() {
            break;
        }
    }
    let expected: [&[u64]; 7] = [
        &[0],
        &[1, 0],
        &[1, 1],
        &[2, 0, 0],
        &[2, 0, 1],
        &[2, 1, 0],
        &[2, 1, 1],
    ];
    assert_eq!(found, expected);
}
