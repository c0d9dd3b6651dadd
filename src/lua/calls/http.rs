//! `mz.http` and `mz.notify`: calls of other services, with retries where repeating is safe.
//!
//! Nothing of a request but its origin is told, recorded or raised. Start reading at [`answered`].

use std::rc::Rc;
use std::time::Duration;

use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;

use super::Binding;
use super::Call;
use super::json;
use super::tables;
use crate::event::Event;
use crate::lua::check;
use crate::lua::failure::Failure;
use crate::lua::shared::Shared;
use crate::lua::values::Nulls;
use crate::outside;
use crate::outside::Answer;
use crate::outside::Outside;
use crate::outside::Request;
use crate::outside::Trouble;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// The methods that can be asked for; repeating the idempotent ones does no harm.
const METHODS: [(&str, bool); 6] =
    [("GET", true), ("HEAD", true), ("PUT", true), ("DELETE", true), ("POST", false), ("PATCH", false)];

/// So often an idempotent request is repeated where nothing is said.
const RETRIES: u64 = 2;

/// More is a loop that went wrong.
const MOST_RETRIES: u64 = 20;

/// The pause before the first repetition; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two repetitions.
const MOST_PAUSE: Duration = Duration::from_secs(10);

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("http", requested)?;
    binding.waiting("notify", notified)
}

/// What is sent, and how often.
pub(super) struct Attempt {
    /// The request.
    pub(super) request: Request,
    /// How often it may be repeated.
    pub(super) retries: u64,
    /// Whether a bad status is a reason to repeat it.
    pub(super) repeats_status: bool,
}

async fn requested(call: Rc<Call>) -> Result<Value, Failure> {
    call.shared.must_run("http")?;
    let attempt = attempt(&call)?;
    if call.shared.is_rehearsal() {
        rehearsed(&call.shared, &attempt.request)?;
        return given(&call, 200, &Map::new(), &[], Some(Json::Object(Map::new())), true);
    }
    let answer = answered(&call.shared, &attempt).await?;
    let headers = answer.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let read = serde_json::from_slice(&answer.body).ok();
    given(&call, answer.status, &headers, &answer.body, read, false)
}

/// The table of an answer.
fn given(
    call: &Call,
    status: u16,
    headers: &Map<String, Json>,
    body: &[u8],
    read: Option<Json>,
    rehearsed: bool,
) -> Result<Value, Failure> {
    let tables = tables(&call.shared)?;
    let fields =
        Map::from_iter([("status".to_owned(), status.into()), ("rehearsed".to_owned(), rehearsed.into())]);
    let table = tables.record(&call.lua, &fields, Nulls::LeftOut)?;
    table.raw_set("headers", tables.record(&call.lua, headers, Nulls::LeftOut)?)?;
    // Bytes, whatever they are.
    table.raw_set("body", call.lua.create_string(body)?)?;
    if let Some(read) = read {
        table.raw_set("json", tables.give(&call.lua, &read, Nulls::LeftOut)?)?;
    }
    Ok(Value::Table(table))
}

async fn notified(call: Rc<Call>) -> Result<Value, Failure> {
    call.shared.must_run("notify")?;
    let mut body = match call.value("fields") {
        Value::Nil => Map::new(),
        fields => match tables(&call.shared)?.take(&fields).map_err(json::wrong)? {
            Json::Object(fields) => fields,
            _ => return Err(json::wrong("`fields` of mz.notify is no table with names").into()),
        },
    };
    body.insert("text".to_owned(), call.text("text").unwrap_or_default().into());
    let request = Request {
        method: "POST",
        url: call.text("webhook").unwrap_or_default(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(Json::Object(body).to_string().into_bytes()),
        timeout: call.duration("timeout"),
    };
    let retries = retries(&call)?.unwrap_or(RETRIES);
    let attempt = Attempt { request, retries, repeats_status: true };
    let outcome = if call.shared.is_rehearsal() {
        rehearsed(&call.shared, &attempt.request).map(|()| None)
    } else {
        delivered(&call.shared, &attempt).await.map(Some)
    };
    let (sent, status) = match outcome {
        Ok(status) => (status.is_some(), status),
        Err(error) if call.flag("required") || !is_of_http(&error) => return Err(error.into()),
        Err(error) => {
            let message = format!("nobody was notified: {}", error.message());
            call.shared.tell(Event::Warning { code: error.code().to_string(), message });
            (false, None)
        }
    };
    call.give(&serde_json::json!({ "sent": sent, "status": status }))
}

/// Sends a message; a status that is none of success is an error.
async fn delivered(shared: &Rc<Shared>, attempt: &Attempt) -> Result<u16, Error> {
    let status = answered(shared, attempt).await?.status;
    if (200..300).contains(&status) {
        return Ok(status);
    }
    let origin = outside(shared)?.origin(&attempt.request).map_err(told)?;
    Err(Error::new(Code::HttpFailed, format!("{origin} has answered with status {status}")))
}

/// A stop is not a matter of the message.
fn is_of_http(error: &Error) -> bool {
    matches!(error.code(), Code::HttpFailed | Code::HttpNotAllowed | Code::HttpWrongRequest)
}

fn outside(shared: &Shared) -> Result<Rc<Outside>, Error> {
    let running = shared.running.borrow();
    let outside = running.as_ref().map(|running| Rc::clone(&running.outside));
    outside.ok_or_else(|| Error::bug("a service is called before the run"))
}

/// Sends a request until it is answered, with pauses in which the run is free for others.
pub(super) async fn answered(shared: &Rc<Shared>, attempt: &Attempt) -> Result<Answer, Error> {
    let outside = outside(shared)?;
    let origin = outside.origin(&attempt.request).map_err(told)?;
    let clock = &shared.facts.clock;
    let (began, mut pause, mut left) = (clock.elapsed(), FIRST_PAUSE, attempt.retries);
    let mut attempts = 0;
    loop {
        shared.go_on()?;
        attempts += 1;
        let outcome = shared.unless_stopped(outside.send(&attempt.request)).await?;
        let is_passing = match &outcome {
            Ok(answer) => attempt.repeats_status && (answer.status >= 500 || answer.status == 429),
            Err(error) => error.trouble == Trouble::Unreachable,
        };
        if is_passing && left > 0 {
            left -= 1;
            shared.pause(pause).await?;
            pause = (pause * 2).min(MOST_PAUSE);
            continue;
        }
        let took = clock.elapsed().saturating_sub(began);
        let status = outcome.as_ref().ok().map(|answer| answer.status);
        let method = attempt.request.method;
        shared.tell(Event::Called { method, origin, status, attempts, took });
        return outcome.map_err(told);
    }
}

/// Tells what would be sent, once it is clear that it could be.
pub(super) fn rehearsed(shared: &Shared, request: &Request) -> Result<(), Error> {
    let origin = outside(shared)?.origin(request).map_err(told)?;
    let message = format!("would send {} to {origin}", request.method);
    shared.tell(Event::Log { level: "info".to_owned(), message });
    Ok(())
}

/// The error of a request.
fn told(error: outside::Error) -> Error {
    let code = match error.trouble {
        Trouble::NotAllowed => Code::HttpNotAllowed,
        Trouble::Wrong => Code::HttpWrongRequest,
        Trouble::Unreachable | Trouble::Late | Trouble::Redirected | Trouble::TooLarge | Trouble::Broken => {
            Code::HttpFailed
        }
    };
    Error::new(code, error.message)
}

/// What the arguments of a call ask for; those that a function does not have are as if left out.
pub(super) fn attempt(call: &Call) -> Result<Attempt, Failure> {
    let wanted = call.text("method");
    let known = METHODS.iter().find(|(method, _)| Some(*method) == wanted.as_deref());
    let (method, is_idempotent) = *known.unwrap_or(&METHODS[0]);
    let wrong = |message: &str| Error::new(Code::LuaWrongArgument, message);
    let mut headers = headers(&call.value("headers"))?;
    let body = match (call.value("json"), call.value("body")) {
        (Value::Nil, Value::Nil) => None,
        (Value::Nil, Value::String(text)) => Some(text.as_bytes().to_vec()),
        (value, Value::Nil) => {
            let json = tables(&call.shared)?.take(&value).map_err(json::wrong)?;
            if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            Some(json.to_string().into_bytes())
        }
        _ => return Err(wrong("a request takes either `json` or `body`").into()),
    };
    if body.is_some() && matches!(method, "GET" | "HEAD") {
        return Err(wrong("a request with a body needs another method, such as method = \"POST\"").into());
    }
    let asked = retries(call)?;
    let request = Request {
        method,
        url: call.text("url").unwrap_or_default(),
        headers,
        body,
        timeout: call.duration("timeout"),
    };
    Ok(Attempt {
        request,
        retries: asked.unwrap_or(if is_idempotent { RETRIES } else { 0 }),
        repeats_status: is_idempotent || asked.is_some(),
    })
}

fn retries(call: &Call) -> Result<Option<u64>, Error> {
    let value = call.value("retries");
    if value.is_nil() {
        return Ok(None);
    }
    let count = check::whole(&value).and_then(|count| u64::try_from(count).ok());
    let count = count.filter(|count| *count <= MOST_RETRIES);
    let wrong = || {
        let message = format!("`retries` has to be from 0 to {MOST_RETRIES}");
        Error::new(Code::LuaWrongArgument, message)
    };
    count.map(Some).ok_or_else(wrong)
}

/// Headers by name. A wrong one is named, and its value is not.
fn headers(value: &Value) -> Result<Vec<(String, String)>, Failure> {
    let Value::Table(table) = value else { return Ok(Vec::new()) };
    let wrong = |message: String| Error::new(Code::LuaWrongArgument, message);
    let mut headers = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair?;
        let Some(name) = check::text_of(&name) else {
            return Err(wrong("`headers` is a table of names and values".to_owned()).into());
        };
        let text = match &value {
            Value::String(_) => check::text_of(&value),
            Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => value.to_string().ok(),
            _ => None,
        };
        let text = text.ok_or_else(|| wrong(format!("header `{name}` has to be a string")))?;
        headers.push((name, text));
    }
    headers.sort_unstable();
    Ok(headers)
}
