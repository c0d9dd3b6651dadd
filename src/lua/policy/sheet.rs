//! Files of facts: what a policy is told in a test, and what it has to say then.
//!
//! A file is a JSON object `{"facts": {…}, "expect": {"verdict": …, "reason": …}}`, or a list of
//! them, each with a `name`. Start reading at [`read`].

use std::rc::Rc;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::Decision;
use super::Policy;
use super::lens;
use crate::deployment::decision::Verdict;
use crate::lua::near;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// What a policy has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What.
    pub verdict: Verdict,
    /// Why, word by word; `None` for whatever reason.
    pub reason: Option<String>,
}

/// Facts, and what a policy has to say of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it is called in a file of several.
    pub name: Option<String>,
    /// The facts.
    pub facts: Json,
    /// What has to be said.
    pub expect: Expected,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The policy said what it had to.
    Passed(Decision),
    /// It said something else.
    Differs(Decision),
    /// It could not be asked.
    Failed(Box<Error>),
}

impl Expected {
    fn is_met(&self, decision: &Decision) -> bool {
        let alike = |reason: &String| decision.reason.as_ref() == Some(reason);
        self.verdict == decision.verdict && self.reason.as_ref().is_none_or(alike)
    }
}

/// Reads a file of facts.
///
/// # Errors
/// `policy.bad-facts` with everything that is wrong with it, a line each.
pub fn read(text: &str) -> Result<Vec<Case>, Error> {
    let wrong = |lines: Vec<String>| {
        Error::new(Code::PolicyBadFacts, "the file of facts is not of its shape").with_lines(lines)
    };
    let json: Json =
        serde_json::from_str(text).map_err(|error| wrong(vec![format!("it is no JSON: {error}")]))?;
    let (objects, several) = match json {
        Json::Array(objects) => (objects, true),
        one => (vec![one], false),
    };
    if objects.is_empty() {
        return Err(wrong(vec!["the list is empty".to_owned()]));
    }
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    for (at, object) in objects.into_iter().enumerate() {
        let place = if several { format!("case {}: ", at + 1) } else { String::new() };
        match case(object) {
            Ok(case) => cases.push(case),
            Err(found) => problems.extend(found.into_iter().map(|problem| format!("{place}{problem}"))),
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(wrong(problems)) }
}

fn case(object: Json) -> Result<Case, Vec<String>> {
    let Json::Object(mut fields) = object else {
        return Err(vec!["it has to be `{\"facts\": {…}, \"expect\": {\"verdict\": …}}`".to_owned()]);
    };
    let mut problems = unknown(&fields, &["name", "facts", "expect"]);
    let facts = fields.remove("facts").unwrap_or_default();
    if facts.is_object() {
        problems.extend(lens::problems(&facts));
    } else {
        problems.push("`facts` has to be a table".to_owned());
    }
    let name = match fields.remove("name") {
        None => None,
        Some(Json::String(name)) => Some(name),
        Some(_) => {
            problems.push("`name` has to be a string".to_owned());
            None
        }
    };
    match expected(fields.remove("expect").unwrap_or_default()) {
        Ok(expect) if problems.is_empty() => Ok(Case { name, facts, expect }),
        Ok(_) => Err(problems),
        Err(found) => {
            problems.extend(found);
            Err(problems)
        }
    }
}

fn expected(expect: Json) -> Result<Expected, Vec<String>> {
    let Json::Object(fields) = expect else {
        return Err(vec!["`expect` has to be a table with a `verdict`".to_owned()]);
    };
    let mut problems = unknown(&fields, &["verdict", "reason"]);
    let words = || Verdict::ALL.iter().map(|verdict| verdict.as_str());
    let said = fields.get("verdict").and_then(Json::as_str).unwrap_or_default();
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == said);
    if verdict.is_none() {
        let question = near::question(said, words());
        problems.push(format!("`expect.verdict` has to be \"wait\", \"promote\" or \"abort\"{question}"));
    }
    let reason = match fields.get("reason") {
        None | Some(Json::Null) => None,
        Some(Json::String(reason)) => Some(reason.clone()),
        Some(_) => {
            problems.push("`expect.reason` has to be a string".to_owned());
            None
        }
    };
    match verdict {
        Some(verdict) if problems.is_empty() => Ok(Expected { verdict, reason }),
        _ => Err(problems),
    }
}

fn unknown(fields: &Map<String, Json>, known: &[&str]) -> Vec<String> {
    let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
    let told = |name: &String| {
        let question = near::question(name, known.iter().copied());
        format!("there is no field `{name}`{question}: there are {}", known.join(", "))
    };
    unknown.map(told).collect()
}

/// Asks a policy about a case.
pub fn ask(policy: &Policy, case: &Case) -> Outcome {
    let decided = policy.retold(case.facts.clone()).and_then(|facts| policy.decide(&Rc::new(facts)));
    match decided {
        Ok(decision) if case.expect.is_met(&decision) => Outcome::Passed(decision),
        Ok(decision) => Outcome::Differs(decision),
        Err(error) => Outcome::Failed(Box::new(error)),
    }
}

/// A file of facts that a decision makes.
pub fn written(facts: &Json, decision: &Decision) -> Json {
    let mut expect = Map::from_iter([("verdict".to_owned(), Json::from(decision.verdict.as_str()))]);
    expect.extend(decision.reason.clone().map(|reason| ("reason".to_owned(), Json::from(reason))));
    json!({ "facts": facts, "expect": expect })
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Expect) {
        let told = match read(text) {
            Ok(cases) => format!("{} cases", cases.len()),
            Err(error) => std::iter::once(error.to_string())
                .chain(error.lines().iter().cloned())
                .collect::<Vec<_>>()
                .join("\n"),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn one_case_or_several() {
        check(r#"{"facts": {}, "expect": {"verdict": "wait"}}"#, expect!["1 cases"]);
        check(
            r#"[{"name": "a", "facts": {"now": "2026-11-30T09:05:00Z"}, "expect": {"verdict": "abort", "reason": "x"}}]"#,
            expect!["1 cases"],
        );
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        check(
            "[",
            expect![[r#"
            policy.bad-facts: the file of facts is not of its shape
            it is no JSON: EOF while parsing a list at line 1 column 1"#]],
        );
        check(
            "[]",
            expect![[r#"
            policy.bad-facts: the file of facts is not of its shape
            the list is empty"#]],
        );
        check(
            "1",
            expect![[r#"
            policy.bad-facts: the file of facts is not of its shape
            it has to be `{"facts": {…}, "expect": {"verdict": …}}`"#]],
        );
        check(
            r#"[{"fact": {}, "expect": {"verdict": "promot", "reason": 1}}, {"facts": {"now": 1}, "name": 2, "expect": {"verdict": "wait", "why": ""}}]"#,
            expect![[r#"
                policy.bad-facts: the file of facts is not of its shape
                case 1: there is no field `fact` (did you mean `facts`?): there are name, facts, expect
                case 1: `facts` has to be a table
                case 1: `expect.verdict` has to be "wait", "promote" or "abort" (did you mean `promote`?)
                case 1: `expect.reason` has to be a string
                case 2: `now` has to be a table
                case 2: `name` has to be a string
                case 2: there is no field `why`: there are verdict, reason"#]],
        );
    }

    #[test]
    fn what_a_decision_makes_can_be_read() {
        let decision = Decision { verdict: Verdict::Wait, reason: Some("not yet".to_owned()) };
        let text = written(&json!({ "now": "2026-11-30T09:05:00Z" }), &decision).to_string();
        let cases = read(&text).expect("it is of its shape");
        assert_eq!(cases[0].expect, Expected { verdict: Verdict::Wait, reason: decision.reason });
    }
}
