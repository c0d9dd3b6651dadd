//! `mz.check.http`: a check that asks another service.

use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::Binding;
use super::Call;
use super::http;
use super::http::Attempt;
use super::judge;
use crate::lua::asking::Ask;
use crate::lua::asking::Inquiry;
use crate::lua::check;
use crate::lua::failure::Failure;
use crate::outside;
use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Verdict;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::query::expect::Expectation;

/// Binds it.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.at_once("check.http", |call| judge::value(call, Rc::new(Service::read(call)?)))
}

/// A request whose answer is judged.
struct Service {
    attempt: Attempt,
    /// The status; `None` is any of success.
    status: Option<u16>,
    /// Where in the JSON document the value is, and what it has to be.
    value: Option<(String, Expectation)>,
}

impl Service {
    fn read(call: &Call) -> Result<Self, Failure> {
        let wrong = |message: &str| Error::new(Code::LuaWrongArgument, message);
        let status = match call.value("expect_status") {
            Value::Nil => None,
            value => {
                let status = check::whole(&value).and_then(|status| u16::try_from(status).ok());
                let status = status.filter(|status| (100..1000).contains(status));
                Some(status.ok_or_else(|| wrong("`expect_status` of mz.check.http is no status"))?)
            }
        };
        let value = match (call.text("json_path"), judge::expectation(&call.value("expect"))?) {
            (None, None) => None,
            (Some(path), Some(expectation)) => Some((path, expectation)),
            _ => return Err(wrong("mz.check.http takes `json_path` and `expect` together").into()),
        };
        if value.as_ref().is_some_and(|(_, expectation)| *expectation == Expectation::NoRows) {
            return Err(wrong(
                "`expect` of mz.check.http is `true`, `false`, a number, or bounds of a number",
            )
            .into());
        }
        Ok(Self { attempt: http::attempt(call)?, status, value })
    }

    fn judge(&self, answer: &outside::Answer) -> Answer {
        let status = answer.status;
        let evidence = json!({ "status": status });
        let is_expected = match self.status {
            Some(expected) => status == expected,
            None => (200..300).contains(&status),
        };
        if !is_expected {
            let expected = self.status.map_or_else(|| "2xx".to_owned(), |status| status.to_string());
            return Answer::new(Verdict::Fail, format!("status {status}, and {expected} is expected"))
                .with(evidence);
        }
        let Some((path, expectation)) = &self.value else {
            return Answer::new(Verdict::Pass, format!("status {status}")).with(evidence);
        };
        let Ok(document) = serde_json::from_slice::<Json>(&answer.body) else {
            return Answer::new(Verdict::Error, "the answer is no JSON").with(evidence);
        };
        let Some(found) = at(&document, path) else {
            return Answer::new(Verdict::Inconclusive, format!("the answer has no `{path}`")).with(evidence);
        };
        // As a query that gives one value, in which NULL is left out.
        let row = if found.is_null() { Map::new() } else { Map::from_iter([(path.clone(), found.clone())]) };
        let mut answer = expectation.judge(&[row]);
        answer.message = format!("{path}: {}", answer.message);
        answer
    }
}

impl Ask for Service {
    fn told(&self) -> String {
        let origin = outside::told_origin(&self.attempt.request.url);
        let status = self.status.map_or_else(|| "2xx".to_owned(), |status| status.to_string());
        let value =
            self.value.as_ref().map(|(path, value)| format!(", {path} {}", value.told())).unwrap_or_default();
        format!("{} {origin} (expected: {status}{value})", self.attempt.request.method)
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let answer = http::answered(&inquiry.shared, &self.attempt).await?;
            Ok(self.judge(&answer))
        }
        .boxed_local()
    }
}

/// The value at a path such as `data.rates[0].value`; lists count from 0.
fn at<'j>(document: &'j Json, path: &str) -> Option<&'j Json> {
    let mut found = document;
    for part in path.split('.') {
        let (name, places) = part.split_once('[').map_or((part, ""), |(name, places)| (name, places));
        if !name.is_empty() {
            found = found.get(name)?;
        }
        for place in places.split('[').filter(|place| !place.is_empty()) {
            found = found.get(place.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let document = json!({ "data": { "rates": [{ "value": 1 }, [2, 3]] }, "a b": null });
        let told = |path: &str| at(&document, path).map(ToString::to_string);
        assert_eq!(told("data.rates[0].value").as_deref(), Some("1"));
        assert_eq!(told("data.rates[1][1]").as_deref(), Some("3"));
        assert_eq!(told("a b").as_deref(), Some("null"));
        for path in ["data.rate", "data.rates[2]", "data.rates[x]", "data.rates[0", "data[0]"] {
            assert_eq!(told(path), None, "{path}");
        }
    }
}
