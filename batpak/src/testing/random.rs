/// Numbers that look random and are the same for the same seed in every run (SplitMix64). Not for
/// secrets.
///
/// ```
/// use batpak::testing::Random;
///
/// let mut random = Random::new(7);
/// let dice = random.below(6) + 1;
/// assert!((1..=6).contains(&dice));
/// assert_eq!(Random::new(7).below(6) + 1, dice);
/// ```
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed, from the first on.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number, below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(limit)) >> 64) as u64
    }

    /// One of these.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        assert!(!among.is_empty(), "there is nothing to pick from");
        &among[self.below(among.len() as u64) as usize]
    }
}
