//! What a comparison is worth as a check. Pure.

use serde_json::Value;
use serde_json::json;

use super::found::Outcome;
use super::found::State;
use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Verdict;

/// So many objects are named in a message.
const NAMED: usize = 3;

/// What differences of columns, and objects that the project no longer has, are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// What breaks whoever reads production fails: columns that are gone, of another type or in
    /// another order, and objects that are gone. New ones do not.
    Fails,
    /// They are told.
    Told,
}

/// Judges a comparison: any unexplained difference fails.
pub fn judge(outcome: &Outcome, schema: Schema) -> Answer {
    let evidence = serde_json::to_value(outcome).unwrap_or(Value::Null);
    let fails = |object: &&super::Compared| {
        let breaks = object.state == State::Removed || object.columns.break_readers();
        object.unexplained > 0 || (schema == Schema::Fails && breaks)
    };
    let failing: Vec<_> = outcome.objects.iter().filter(fails).collect();
    let told = |objects: &[&super::Compared]| {
        let named = objects.iter().take(NAMED);
        let mut lines: Vec<String> =
            named.map(|object| format!("{}: {}", object.name, object.message)).collect();
        if objects.len() > NAMED {
            lines.push(format!("and {} more", objects.len() - NAMED));
        }
        lines.join("; ")
    };
    if !failing.is_empty() {
        return Answer::new(Verdict::Fail, told(&failing)).with(evidence);
    }
    let notable: Vec<_> = outcome
        .objects
        .iter()
        .filter(|object| object.state != State::Same || !object.columns.told().is_empty())
        .collect();
    let message = match (outcome.objects.len(), notable.is_empty()) {
        (0, _) => "nothing to compare".to_owned(),
        (_, false) => told(&notable),
        (count, true) => {
            let rows: u64 = outcome.objects.iter().filter_map(|object| object.rows_green).sum();
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} object{plural} the same, {rows} rows")
        }
    };
    Answer::new(Verdict::Pass, message).with(evidence)
}

/// The rows of an object on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// Its production name.
    pub name: String,
    /// How its two sides stand to each other; `Same` where both were counted.
    pub state: State,
    /// Rows in production.
    pub blue: u64,
    /// Rows in the deployment.
    pub green: u64,
}

/// What the rows of the deployment may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The least, against production's.
    pub min_ratio: Option<f64>,
    /// The most, against production's.
    pub max_ratio: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The most.
    pub max: Option<f64>,
}

impl Bounds {
    /// In words.
    pub fn told(&self) -> String {
        let ratio =
            |word: &str, bound: Option<f64>| bound.map(|bound| format!("{word} {bound} of production's"));
        let rows = |word: &str, bound: Option<f64>| bound.map(|bound| format!("{word} {bound}"));
        let parts = [
            ratio("at least", self.min_ratio),
            ratio("at most", self.max_ratio),
            rows("at least", self.min),
            rows("at most", self.max),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Judges the number of rows.
pub fn judge_rows(count: &RowCount, bounds: &Bounds) -> Answer {
    let RowCount { name, blue, green, .. } = count;
    let evidence = json!({ "object": name, "rows_blue": blue, "rows_green": green });
    let limit = bounds.told();
    match count.state {
        State::Removed => return Answer::new(Verdict::Error, format!("the deployment has no {name}")),
        State::New => {
            return Answer::new(Verdict::Inconclusive, format!("production has no {name} to count against"));
        }
        State::Same | State::Differs => {}
    }
    // Whole numbers of rows below 2^53 are exact.
    let (rows, against) = (*green as f64, *blue as f64);
    let is_within = |value: f64, min: Option<f64>, max: Option<f64>| {
        min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
    };
    if !is_within(rows, bounds.min, bounds.max) {
        return Answer::new(Verdict::Fail, format!("{green} rows against {blue}, and {limit} are expected"))
            .with(evidence);
    }
    if bounds.min_ratio.or(bounds.max_ratio).is_some() {
        if *blue == 0 {
            let message = format!("{green} rows against none: there is no ratio");
            return Answer::new(Verdict::Inconclusive, message).with(evidence);
        }
        // Compared as products, so that a ratio that no float holds costs nothing.
        let within = bounds.min_ratio.is_none_or(|ratio| rows >= ratio * against)
            && bounds.max_ratio.is_none_or(|ratio| rows <= ratio * against);
        if !within {
            let message = format!("{green} rows against {blue}, and {limit} are expected");
            return Answer::new(Verdict::Fail, message).with(evidence);
        }
    }
    Answer::new(Verdict::Pass, format!("{green} rows against {blue} ({limit})")).with(evidence)
}

#[cfg(test)]
mod tests {
    use super::super::found::Compared;
    use super::*;

    fn object(name: &str, state: State, unexplained: u64) -> Compared {
        let mut object = Compared::alone(name.to_owned(), "view".to_owned(), state);
        object.unexplained = unexplained;
        object.rows_green = Some(5);
        object.message = format!("{unexplained} rows differ");
        object
    }

    #[track_caller]
    fn check(objects: Vec<Compared>, schema: Schema, expected: &str) {
        let outcome = Outcome {
            deployment: "green".parse().expect("an id"),
            objects,
            added: 0,
            removed: 0,
            changed: 0,
            allowed: 0,
            unexplained: 0,
            at: None,
            rehearsed: false,
        };
        let answer = judge(&outcome, schema);
        assert_eq!(format!("{}: {}", answer.verdict, answer.message), expected);
    }

    #[test]
    fn unexplained_rows_fail_and_what_breaks_readers() {
        let same = || object("a.b.c", State::Same, 0);
        check(vec![], Schema::Fails, "pass: nothing to compare");
        check(vec![same(), same()], Schema::Fails, "pass: 2 objects the same, 10 rows");
        check(vec![same(), object("a.b.d", State::Differs, 2)], Schema::Told, "fail: a.b.d: 2 rows differ");
        check(vec![object("a.b.d", State::Differs, 0)], Schema::Told, "pass: a.b.d: 0 rows differ");
        check(vec![object("a.b.n", State::New, 0)], Schema::Fails, "pass: a.b.n: 0 rows differ");
        check(vec![object("a.b.r", State::Removed, 0)], Schema::Fails, "fail: a.b.r: 0 rows differ");
        check(vec![object("a.b.r", State::Removed, 0)], Schema::Told, "pass: a.b.r: 0 rows differ");
        let mut moved = same();
        moved.columns.reordered = true;
        check(vec![moved], Schema::Fails, "fail: a.b.c: 0 rows differ");
        let many = (0..5).map(|at| object(&format!("a.b.o{at}"), State::Differs, 1)).collect();
        check(
            many,
            Schema::Fails,
            "fail: a.b.o0: 1 rows differ; a.b.o1: 1 rows differ; a.b.o2: 1 rows differ; and 2 more",
        );
    }

    #[track_caller]
    fn check_rows(state: State, blue: u64, green: u64, bounds: Bounds, expected: &str) {
        let answer = judge_rows(&RowCount { name: "a.b.c".to_owned(), state, blue, green }, &bounds);
        assert_eq!(format!("{}: {}", answer.verdict, answer.message), expected);
    }

    #[test]
    fn rows_are_counted_against_productions() {
        let ratio = Bounds { min_ratio: Some(0.9), max_ratio: Some(1.1), ..Bounds::default() };
        let told = "at least 0.9 of production's, at most 1.1 of production's";
        check_rows(State::Same, 100, 90, ratio, &format!("pass: 90 rows against 100 ({told})"));
        check_rows(
            State::Same,
            100,
            111,
            ratio,
            &format!("fail: 111 rows against 100, and {told} are expected"),
        );
        check_rows(State::Same, 0, 3, ratio, "inconclusive: 3 rows against none: there is no ratio");
        check_rows(State::New, 0, 3, ratio, "inconclusive: production has no a.b.c to count against");
        check_rows(State::Removed, 0, 0, ratio, "error: the deployment has no a.b.c");
        let least = Bounds { min: Some(1.0), ..Bounds::default() };
        check_rows(State::Same, 0, 3, least, "pass: 3 rows against 0 (at least 1)");
        check_rows(State::Same, 9, 0, least, "fail: 0 rows against 9, and at least 1 are expected");
    }
}
