//! The values of a recipe's arguments: from a command line's texts, from a journal, from defaults.

use serde_json::Map;
use serde_json::Number;
use serde_json::Value as Json;

use super::near;
use super::recipe::Argument;
use super::recipe::ArgumentKind;
use super::recipe::Recipe;
use crate::clock::parse_duration;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

impl Argument {
    /// Reads one value as it is typed.
    ///
    /// # Errors
    /// A sentence saying what was expected.
    pub fn parse(&self, text: &str) -> Result<Json, String> {
        match &self.kind {
            ArgumentKind::Text => Ok(text.into()),
            ArgumentKind::Duration => parse_duration(text).map(|duration| number(duration.as_secs_f64())),
            ArgumentKind::Number => match text.trim().parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(number(value)),
                _ => Err(format!("`{text}` is not a number")),
            },
            ArgumentKind::Boolean => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err(format!("`{text}` is neither `true` nor `false`")),
            },
            ArgumentKind::Choice(words) => {
                if words.iter().any(|word| word == text) {
                    return Ok(text.into());
                }
                let question = near::question(text, words.iter().map(String::as_str));
                Err(format!("`{text}` is none of {}{question}", words.join(", ")))
            }
        }
    }

    /// Checks a value from a default or a journal, and gives it the form that recipes see.
    ///
    /// # Errors
    /// A sentence saying what was expected.
    pub(super) fn checked(&self, value: &Json) -> Result<Json, String> {
        if !self.many {
            return self.single(value);
        }
        match value {
            Json::Array(items) => {
                items.iter().map(|item| self.single(item)).collect::<Result<_, _>>().map(Json::Array)
            }
            one => Ok(Json::Array(vec![self.single(one)?])),
        }
    }

    fn single(&self, value: &Json) -> Result<Json, String> {
        let wrong = |expected: &str| Err(format!("{value} is not {expected}"));
        match (&self.kind, value) {
            (ArgumentKind::Text, Json::String(_))
            | (ArgumentKind::Number, Json::Number(_))
            | (ArgumentKind::Boolean, Json::Bool(_)) => Ok(value.clone()),
            (ArgumentKind::Duration | ArgumentKind::Choice(_), Json::String(text)) => self.parse(text),
            (ArgumentKind::Duration, Json::Number(seconds)) => match seconds.as_f64() {
                Some(seconds) if seconds >= 0.0 => Ok(number(seconds)),
                _ => wrong("a duration"),
            },
            (ArgumentKind::Text, _) => wrong("a string"),
            (ArgumentKind::Duration, _) => wrong("a duration"),
            (ArgumentKind::Number, _) => wrong("a number"),
            (ArgumentKind::Boolean, _) => wrong("true or false"),
            (ArgumentKind::Choice(_), _) => wrong("one of the choices"),
        }
    }
}

/// A whole number stays one, so that a recipe can compare it with one.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return (value as i64).into();
    }
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}

impl Recipe {
    /// The values of all arguments, by name: what was given, and the defaults of the rest. What is
    /// null stays out.
    ///
    /// # Errors
    /// `lua.wrong-argument`, `lua.unknown-argument`.
    pub fn arguments(&self, given: &Map<String, Json>) -> Result<Map<String, Json>, Error> {
        let what = format!("recipe `{}`", self.name);
        if let Some(name) =
            given.keys().find(|name| self.arguments.iter().all(|argument| argument.name != **name))
        {
            let question = near::question(name, self.arguments.iter().map(|argument| argument.name.as_str()));
            let message = format!("unknown argument `{name}` for {what}{question}");
            return Err(
                Error::new(Code::LuaUnknownArgument, message).effect("nothing was sent to the server")
            );
        }
        let mut values = Map::new();
        for argument in &self.arguments {
            let name = &argument.name;
            let given = given.get(name).filter(|value| !value.is_null());
            let value = match given {
                Some(value) => argument.checked(value).map_err(|error| {
                    let message = format!("argument `{name}` of {what}: {error}");
                    Error::new(Code::LuaWrongArgument, message).effect("nothing was sent to the server")
                })?,
                None => argument.default.clone(),
            };
            let value = match value {
                Json::Null if argument.required => {
                    let message = format!("{what} needs --{}", argument.option());
                    let error = Error::new(Code::LuaWrongArgument, message);
                    return Err(error.effect("nothing was sent to the server"));
                }
                Json::Null if argument.many => Json::Array(Vec::new()),
                Json::Null if argument.kind == ArgumentKind::Boolean => Json::Bool(false),
                value => value,
            };
            if !value.is_null() {
                values.insert(name.clone(), value);
            }
        }
        Ok(values)
    }
}
