//! Numbers that nobody foresees and anybody can repeat.

/// A generator of numbers: Sebastiano Vigna's splitmix64.
pub(crate) struct Random(u64);

impl Random {
    /// One whose seed is what a variable of the environment says, else the same each time: a test in CI
    /// finds today what it found yesterday. The seed is printed; it is shown where the test fails.
    pub(crate) fn seeded(variable: &str) -> Self {
        let seed = std::env::var(variable).ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        println!("{variable}={seed} repeats this");
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below a limit; 0 where that is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(u64::try_from(all.len()).expect("it fits"));
        &all[usize::try_from(at).expect("it fits")]
    }
}
