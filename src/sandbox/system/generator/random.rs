//! Numbers that look random and follow from where they are used.

/// A stream of numbers for one place: the same place gives the same numbers.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of a place, such as a tick or a row of a table.
    pub(super) fn at(table: u64, row: u64) -> Self {
        let mut random =
            Self(table.wrapping_mul(0xA076_1D64_78BD_642F) ^ row.wrapping_mul(0xE703_7ED1_A0B4_28DB));
        // Neighbouring places begin alike; the first numbers part them.
        random.next();
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        // SplitMix64, which is in the public domain.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to, but not, `high`.
    pub(super) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % high.saturating_sub(low).max(1)
    }

    /// One of some words.
    pub(super) fn pick(&mut self, words: &[&'static str]) -> &'static str {
        let at = usize::try_from(self.range(0, words.len() as u64)).unwrap_or(0);
        words.get(at).copied().unwrap_or_default()
    }

    /// Some words in a row.
    pub(super) fn sentence(&mut self, words: &[&'static str], count: usize) -> String {
        let picked: Vec<&str> = (0..count).map(|_| self.pick(words)).collect();
        picked.join(" ")
    }
}
