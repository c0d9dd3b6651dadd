//! Which decisions of a policy are written into the journal. Pure.
//!
//! A policy that is asked every ten seconds for a night says the same some thousand times. While it
//! does, the first time is written at once and the last when the stretch ends; each row tells for how
//! many askings it stands, so that their sum is how often it was asked.

use crate::deployment::decision::PolicyDecided;
use crate::deployment::decision::Verdict;

/// So many rows a policy may write in one wait. A reason that is another each time (a number in it)
/// would fill the journal; behind this many, only what is no `wait`, and the end, is written.
const MOST_ROWS: usize = 200;

/// A stretch of equal decisions.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// The decision that the stretch is of.
    of: Option<PolicyDecided>,
    /// What was not written yet.
    held: Option<PolicyDecided>,
    /// Rows that were written.
    rows: usize,
}

impl Stretch {
    /// Takes a decision; gives what is to be written, in order.
    pub(super) fn take(&mut self, decided: PolicyDecided) -> Vec<PolicyDecided> {
        let same = self.of.as_ref().is_some_and(|of| of.says_what(&decided));
        let full = self.rows >= MOST_ROWS && decided.verdict == Verdict::Wait;
        if same || full {
            let before = self.held.as_ref().map_or(0, |held| held.askings);
            self.held = Some(PolicyDecided { askings: before + decided.askings, ..decided });
            return Vec::new();
        }
        let mut rows: Vec<PolicyDecided> = self.held.take().into_iter().collect();
        self.of = Some(decided.clone());
        rows.push(decided);
        self.rows += rows.len();
        rows
    }

    /// Ends the stretch; gives what is to be written.
    pub(super) fn end(&mut self) -> Option<PolicyDecided> {
        let held = self.held.take()?;
        self.rows += 1;
        Some(held)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;

    fn decided(verdict: Verdict, reason: &str, number: u64) -> PolicyDecided {
        PolicyDecided {
            deployment: "77b01de".parse().expect("an id"),
            policy: "p".to_owned(),
            verdict,
            reason: Some(reason.to_owned()),
            facts: json!(number),
            askings: 1,
            since: Timestamp(0),
        }
    }

    /// The rows of some decisions: what each says, of which asking its facts are, how many it counts.
    fn rows(said: &[(Verdict, &str)]) -> Vec<String> {
        let mut stretch = Stretch::default();
        let asked = said.iter().zip(1..).map(|((verdict, reason), number)| decided(*verdict, reason, number));
        let mut rows: Vec<PolicyDecided> = asked.flat_map(|decided| stretch.take(decided)).collect();
        rows.extend(stretch.end());
        let told = |row: &PolicyDecided| {
            format!("{} {} #{} x{}", row.verdict, row.reason.as_deref().unwrap_or(""), row.facts, row.askings)
        };
        rows.iter().map(told).collect()
    }

    #[test]
    fn the_first_and_the_last_of_a_stretch_are_written() {
        let (wait, promote) = (Verdict::Wait, Verdict::Promote);
        assert_eq!(rows(&[(promote, "a")]), ["promote a #1 x1"]);
        assert_eq!(rows(&[(wait, "a"), (wait, "a")]), ["wait a #1 x1", "wait a #2 x1"]);
        assert_eq!(
            rows(&[(wait, "a"), (wait, "a"), (wait, "a"), (wait, "b"), (wait, "a"), (promote, "a")]),
            ["wait a #1 x1", "wait a #3 x2", "wait b #4 x1", "wait a #5 x1", "promote a #6 x1"]
        );
    }

    #[test]
    fn a_reason_that_is_another_each_time_does_not_fill_the_journal() {
        let reasons: Vec<String> = (0..1_000).map(|number| format!("{number} s")).collect();
        let mut said: Vec<(Verdict, &str)> =
            reasons.iter().map(|reason| (Verdict::Wait, reason.as_str())).collect();
        said.push((Verdict::Abort, "enough"));
        let rows = rows(&said);
        assert_eq!(rows.len(), MOST_ROWS + 2);
        assert_eq!(rows[MOST_ROWS..], ["wait 999 s #1000 x800", "abort enough #1001 x1"]);
    }
}
