use expect_test::Expect;
use expect_test::expect;

use super::*;

const LIMITS: Limits = Limits { count: 3, failures: 0, inconclusive: 0, consecutive_errors: 4 };

/// `p`, `f`, `i`, `e`: a look each. A word is a check, and each is asked as long as it is open.
fn run(limits: Limits, words: &[&str]) -> (Analysis, Option<Verdict>) {
    let names = (1..=words.len()).map(|number| format!("c{number}")).collect();
    let mut analysis = Analysis::new(limits, names);
    for sample in 0..20 {
        for at in analysis.open() {
            let verdict = match words[at].chars().nth(sample) {
                Some('p') => Verdict::Pass,
                Some('f') => Verdict::Fail,
                Some('i') => Verdict::Inconclusive,
                Some('e') => Verdict::Error,
                _ => return (analysis, None),
            };
            analysis.take(at, Answer::new(verdict, format!("look {}", sample + 1)));
        }
        analysis.sampled();
        if let Some(verdict) = analysis.verdict() {
            return (analysis, Some(verdict));
        }
    }
    (analysis, None)
}

#[track_caller]
fn check(limits: Limits, words: &[&str], expected: Expect) {
    let (analysis, verdict) = run(limits, words);
    let told = match (verdict, analysis.outcome()) {
        (Some(verdict), Some(outcome)) => {
            assert_eq!(outcome.verdict, verdict);
            let checks = outcome.checks.iter().map(|check| check.verdict).collect::<Vec<_>>().join(" ");
            format!("{verdict} after {} [{checks}] {}", outcome.samples, outcome.reason)
        }
        (None, None) => "undecided".to_owned(),
        other => format!("{other:?}"),
    };
    expected.assert_eq(&told);
}

#[test]
fn every_answer_has_to_pass_where_nothing_is_allowed() {
    check(LIMITS, &["ppp"], expect!["pass after 3 [pass] 1 check passed, looked at 3 times"]);
    check(LIMITS, &["pp"], expect!["undecided"]);
    check(LIMITS, &["pf"], expect!["fail after 2 [fail] c1 failed once: look 2"]);
    check(LIMITS, &["pi"], expect!["inconclusive after 2 [inconclusive] c1 was inconclusive once: look 2"]);
}

#[test]
fn what_is_allowed_counts_as_an_answer() {
    let limits = Limits { failures: 1, inconclusive: 2, ..LIMITS };
    check(limits, &["fpp"], expect!["pass after 3 [pass] 1 check passed, looked at 3 times"]);
    check(limits, &["fpf"], expect!["fail after 3 [fail] c1 failed 2 times (1 is allowed): look 3"]);
    check(limits, &["iip"], expect!["pass after 3 [pass] 1 check passed, looked at 3 times"]);
    check(
        limits,
        &["iii"],
        expect!["inconclusive after 3 [inconclusive] c1 was inconclusive 3 times (2 are allowed): look 3"],
    );
    check(limits, &["fii"], expect!["pass after 3 [pass] 1 check passed, looked at 3 times"]);
}

#[test]
fn an_error_is_no_answer_and_counts_only_in_a_row() {
    check(LIMITS, &["eeeepeeeepp"], expect!["pass after 11 [pass] 1 check passed, looked at 11 times"]);
    check(
        LIMITS,
        &["eeeee"],
        expect!["error after 5 [error] c1 could not be asked 5 times in a row (4 are allowed): look 5"],
    );
    check(
        Limits { consecutive_errors: 0, ..LIMITS },
        &["pe"],
        expect!["error after 2 [error] c1 could not be asked once: look 2"],
    );
    check(
        Limits { consecutive_errors: 1, ..LIMITS },
        &["pee"],
        expect!["error after 3 [error] c1 could not be asked 2 times in a row (1 is allowed): look 3"],
    );
}

#[test]
fn the_first_check_that_does_not_pass_ends_it_and_the_worst_is_told() {
    check(LIMITS, &["ppp", "ppp"], expect!["pass after 3 [pass pass] 2 checks passed, looked at 3 times"]);
    check(LIMITS, &["ppp", "epepp"], expect!["pass after 5 [pass pass] 2 checks passed, looked at 5 times"]);
    check(LIMITS, &["pf", "pi"], expect!["fail after 2 [fail inconclusive] c1 failed once: look 2"]);
    check(
        LIMITS,
        &["pi", "pf", "pp"],
        expect!["fail after 2 [inconclusive fail unfinished] c2 failed once: look 2"],
    );
}

#[test]
fn a_verdict_stays_what_it_is_and_words_are_unique() {
    // Whatever comes after a verdict is not asked for: nothing is open in what was decided.
    for words in ["ppp", "f", "i", "eeeee"] {
        let (analysis, verdict) = run(LIMITS, &[words]);
        assert!(verdict.is_some(), "{words}");
        assert_eq!(analysis.open(), Vec::<usize>::new(), "{words}");
    }
    for verdict in Verdict::ALL {
        assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
    }
    assert_eq!(Verdict::parse("passed"), None);
    let names = ["lag", "lag", "lag-2", "lag"].map(str::to_owned).to_vec();
    let named = Analysis::new(LIMITS, names).checks().into_iter().map(|check| check.name);
    assert_eq!(named.collect::<Vec<_>>(), ["lag", "lag-2", "lag-2-2", "lag-3"]);
}
