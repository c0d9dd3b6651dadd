//! Whether a deployment keeps up: its lag against a limit. Pure.

use std::time::Duration;

use super::Condition;
use super::Readiness;
use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Verdict;

/// Judges one look that allowed `max`.
pub fn judge(readiness: &Readiness, max: Duration) -> Answer {
    let limit = max.as_secs_f64();
    let evidence = serde_json::to_value(readiness).unwrap_or_default();
    let lags = readiness.objects.iter().filter_map(|object| Some((object.lag_s?, &object.name)));
    let worst = lags.max_by(|a, b| a.0.total_cmp(&b.0));
    let first = |state: Condition| {
        let object = readiness.objects.iter().find(|object| object.state == state);
        object.map_or_else(String::new, |object| match &object.reason {
            Some(reason) => format!("{} is {state}: {reason}", object.name),
            None => format!("{} is {state}", object.name),
        })
    };
    let answer = match (readiness.state, worst) {
        (Condition::Failing, _) => Answer::new(Verdict::Fail, first(Condition::Failing)),
        (Condition::Hydrating, _) => Answer::new(Verdict::Inconclusive, first(Condition::Hydrating)),
        (Condition::Lagging, Some((lag, name))) => {
            Answer::new(Verdict::Fail, format!("{name} is {lag:.1} s behind (limit {limit} s)"))
        }
        // Whatever is hydrated and too late without a number is not known to be in time.
        (Condition::Lagging, None) => Answer::new(Verdict::Inconclusive, first(Condition::Lagging)),
        (Condition::Ready, Some((lag, _))) => {
            Answer::new(Verdict::Pass, format!("{lag:.1} s behind (limit {limit} s)"))
        }
        (Condition::Ready, None) => Answer::new(Verdict::Pass, "nothing that could lag"),
    };
    answer.with(evidence)
}

#[cfg(test)]
mod tests {
    use super::super::ObjectStatus;
    use super::*;

    #[track_caller]
    fn check(state: Condition, objects: &[(Condition, Option<f64>)], expected: &str) {
        let objects = objects.iter().enumerate().map(|(at, (state, lag_s))| ObjectStatus {
            name: format!("a.b.o{at}"),
            state: *state,
            lag_s: *lag_s,
            reason: (*state == Condition::Hydrating).then(|| "it has just begun".to_owned()),
        });
        let readiness = Readiness {
            deployment: "green".parse().expect("an id"),
            state,
            ready: 0,
            total: objects.len(),
            clusters: Vec::new(),
            objects: objects.collect(),
        };
        let answer = judge(&readiness, Duration::from_secs(5));
        assert_eq!(format!("{}: {}", answer.verdict, answer.message), expected);
    }

    #[test]
    fn the_worst_lag_decides_and_what_is_not_known_is_inconclusive() {
        use Condition::Failing;
        use Condition::Hydrating;
        use Condition::Lagging;
        use Condition::Ready;
        check(Ready, &[(Ready, Some(0.6)), (Ready, Some(0.2))], "pass: 0.6 s behind (limit 5 s)");
        check(Ready, &[(Ready, None)], "pass: nothing that could lag");
        check(
            Lagging,
            &[(Ready, Some(1.0)), (Lagging, Some(9.0))],
            "fail: a.b.o1 is 9.0 s behind (limit 5 s)",
        );
        check(Hydrating, &[(Hydrating, None)], "inconclusive: a.b.o0 is hydrating: it has just begun");
        check(Failing, &[(Ready, Some(0.1)), (Failing, None)], "fail: a.b.o1 is failing");
    }
}
