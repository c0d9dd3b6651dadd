//! Verdicts over time: what follows from asking checks again and again. Pure.
//!
//! Every check is judged by itself, its samples by one rule: it fails when more answers than
//! allowed are `fail`, is inconclusive when more than allowed are `inconclusive`, is an error when
//! more than allowed in a row could not be had, and passes once it has its number of answers.
//! An error is no answer and is asked again. The first check that does not pass ends all of it,
//! and so does the last that passes. Start reading at [`Tally::verdict`], then [`Analysis`].

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// What one look at a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it has to be.
    Pass,
    /// Nobody can tell: there is no data, or not yet.
    Inconclusive,
    /// The question could not be asked.
    Error,
    /// It is not as it has to be.
    Fail,
}

impl Verdict {
    /// Each, the best first.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Inconclusive, Self::Error, Self::Fail];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Fail => "fail",
        }
    }

    /// The verdict of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer of a check to one look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// What it says.
    pub verdict: Verdict,
    /// Why, in one line.
    pub message: String,
    /// What was seen; null where nothing was.
    pub evidence: Value,
}

impl Answer {
    /// An answer without evidence.
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self { verdict, message: message.into(), evidence: Value::Null }
    }

    /// The same with what was seen.
    #[must_use]
    pub fn with(mut self, evidence: Value) -> Self {
        self.evidence = evidence;
        self
    }
}

/// The numbers of the rule, the same for every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many answers each check has to give; at least 1.
    pub count: u32,
    /// So many of them may be `fail`.
    pub failures: u32,
    /// So many of them may be `inconclusive`.
    pub inconclusive: u32,
    /// So many errors in a row are borne.
    pub consecutive_errors: u32,
}

/// The answers of a check so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answers that were `pass`.
    pub passed: u32,
    /// Answers that were `fail`.
    pub failed: u32,
    /// Answers that were `inconclusive`.
    pub inconclusive: u32,
    /// Looks that gave none.
    pub errors: u32,
    /// The errors since the last answer.
    pub errors_in_a_row: u32,
}

impl Tally {
    /// After one more look.
    #[must_use]
    pub fn after(mut self, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail => self.failed += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
            Verdict::Error => {
                self.errors += 1;
                self.errors_in_a_row += 1;
                return self;
            }
        }
        self.errors_in_a_row = 0;
        self
    }

    /// The verdict on the check, once it is certain.
    pub fn verdict(&self, limits: &Limits) -> Option<Verdict> {
        if self.failed > limits.failures {
            return Some(Verdict::Fail);
        }
        if self.errors_in_a_row > limits.consecutive_errors {
            return Some(Verdict::Error);
        }
        if self.inconclusive > limits.inconclusive {
            return Some(Verdict::Inconclusive);
        }
        let answers = self.passed + self.failed + self.inconclusive;
        (answers >= limits.count).then_some(Verdict::Pass)
    }
}

/// A check over time.
#[derive(Clone, Debug, PartialEq)]
struct Watched {
    name: String,
    tally: Tally,
    last: Option<Answer>,
}

/// Checks over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    limits: Limits,
    checks: Vec<Watched>,
    samples: u32,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckOutcome {
    /// Its name.
    pub name: String,
    /// `pass`, `fail`, `inconclusive`, `error`; `unfinished` where another ended the analysis first.
    pub verdict: &'static str,
    /// Answers that were `pass`.
    pub passed: u32,
    /// Answers that were `fail`.
    pub failed: u32,
    /// Answers that were `inconclusive`.
    pub inconclusive: u32,
    /// Looks that gave no answer.
    pub errors: u32,
    /// The last of them.
    pub last: Option<Answer>,
}

/// What came of an analysis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnalysisOutcome {
    /// The worst of the checks that were decided: `fail` before `error` before `inconclusive`.
    pub verdict: Verdict,
    /// How often it was looked.
    pub samples: u32,
    /// By check, in the order in which they were given.
    pub checks: Vec<CheckOutcome>,
    /// Why, in one line.
    pub reason: String,
}

impl Analysis {
    /// Nothing has been asked. What has the name of one before it gets a number behind it.
    pub fn new(limits: Limits, names: Vec<String>) -> Self {
        let mut checks: Vec<Watched> = Vec::with_capacity(names.len());
        for name in names {
            let is_taken = |name: &str, checks: &[Watched]| checks.iter().any(|check| check.name == name);
            let mut own = name.clone();
            let mut number = 2;
            while is_taken(&own, &checks) {
                own = format!("{name}-{number}");
                number += 1;
            }
            checks.push(Watched { name: own, tally: Tally::default(), last: None });
        }
        Self { limits, checks, samples: 0 }
    }

    /// The places of the checks that are to be asked next: those that have not given all their answers.
    pub fn open(&self) -> Vec<usize> {
        let open = |check: &Watched| check.tally.verdict(&self.limits).is_none();
        self.checks.iter().enumerate().filter(|(_, check)| open(check)).map(|(at, _)| at).collect()
    }

    /// Takes what the check at that place says; a place that there is not changes nothing.
    pub fn take(&mut self, at: usize, answer: Answer) {
        if let Some(check) = self.checks.get_mut(at) {
            check.tally = check.tally.after(answer.verdict);
            check.last = Some(answer);
        }
    }

    /// Ends a look at every open check.
    pub fn sampled(&mut self) {
        self.samples += 1;
    }

    /// How often it was looked.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// The verdict, once it is certain.
    pub fn verdict(&self) -> Option<Verdict> {
        let decided = || self.checks.iter().map(|check| check.tally.verdict(&self.limits));
        let worst = decided().flatten().max()?;
        (worst != Verdict::Pass || decided().all(|verdict| verdict.is_some())).then_some(worst)
    }

    /// Every check as it stands.
    pub fn checks(&self) -> Vec<CheckOutcome> {
        let told = self.checks.iter().map(|check| CheckOutcome {
            name: check.name.clone(),
            verdict: check.tally.verdict(&self.limits).map_or("unfinished", Verdict::as_str),
            passed: check.tally.passed,
            failed: check.tally.failed,
            inconclusive: check.tally.inconclusive,
            errors: check.tally.errors,
            last: check.last.clone(),
        });
        told.collect()
    }

    /// What came of it; `None` while it is not certain.
    pub fn outcome(&self) -> Option<AnalysisOutcome> {
        let verdict = self.verdict()?;
        Some(AnalysisOutcome {
            verdict,
            samples: self.samples,
            checks: self.checks(),
            reason: self.reason(verdict),
        })
    }

    fn reason(&self, verdict: Verdict) -> String {
        let decided = self.checks.iter().find(|check| check.tally.verdict(&self.limits) == Some(verdict));
        let Some(check) = decided.filter(|_| verdict != Verdict::Pass) else {
            let times = if self.samples == 1 { "once".to_owned() } else { format!("{} times", self.samples) };
            let checks = if self.checks.len() == 1 { "check" } else { "checks" };
            return format!("{} {checks} passed, looked at {times}", self.checks.len());
        };
        let (name, tally) = (&check.name, &check.tally);
        let last = check.last.as_ref().map_or("", |last| last.message.as_str());
        let count = match verdict {
            Verdict::Fail => format!("failed {}", times(tally.failed, self.limits.failures)),
            Verdict::Error => {
                let row = if tally.errors_in_a_row == 1 { "" } else { " in a row" };
                let count = times(tally.errors_in_a_row, self.limits.consecutive_errors);
                format!("could not be asked {}", count.replacen(" times", &format!(" times{row}"), 1))
            }
            Verdict::Inconclusive => {
                format!("was inconclusive {}", times(tally.inconclusive, self.limits.inconclusive))
            }
            Verdict::Pass => "passed".to_owned(),
        };
        if last.is_empty() { format!("{name} {count}") } else { format!("{name} {count}: {last}") }
    }
}

/// `once`, `3 times (2 are allowed)`.
fn times(count: u32, allowed: u32) -> String {
    let count = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    match allowed {
        0 => count,
        1 => format!("{count} (1 is allowed)"),
        allowed => format!("{count} ({allowed} are allowed)"),
    }
}

#[cfg(test)]
mod tests;
