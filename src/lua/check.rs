//! Checks what a function of `mz` was called with, against its declaration.
//!
//! The outcome is one value for each declared argument, defaults filled in; or a mistake that
//! names the argument and the nearest right one.

use mlua::Table;
use mlua::Value;
use serde_json::Value as Json;

use super::near;
use super::registry::Argument;
use super::registry::Function;
use super::registry::Need;
use super::registry::Style;
use super::registry::kind::Kind;
use super::values::Handle;
use super::values::Tables;
use crate::clock::parse_duration;
use crate::primitives::code::Code;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Its code.
    pub(super) code: Code,
    /// What is wrong.
    pub(super) message: String,
    /// The word in the recipe that it is about.
    pub(super) word: Option<String>,
    /// What stands below the word.
    pub(super) label: String,
}

impl Mistake {
    fn wrong(message: String, word: Option<&str>) -> Self {
        let word = word.map(str::to_owned);
        Self { code: Code::LuaWrongArgument, message, word, label: String::new() }
    }
}

/// The values of a call, one for each declared argument.
pub(super) fn call(function: &Function, passed: &[Value], tables: &Tables) -> Result<Vec<Value>, Mistake> {
    let what = function.called();
    match function.style {
        Style::Named => {
            if let Some(extra) = passed.get(1).filter(|extra| !extra.is_nil()) {
                let message =
                    format!("{what} takes one table of named arguments, and got {} too", kind_of(extra));
                return Err(Mistake::wrong(message, None));
            }
            match passed.first() {
                None | Some(Value::Nil) => fields(&what, function.arguments, None, tables),
                Some(Value::Table(table)) if tables.handle(&Value::Table(table.clone())).is_none() => {
                    fields(&what, function.arguments, Some(table), tables)
                }
                Some(other) => {
                    let names = function.arguments.first().map_or("", |argument| argument.name);
                    let got = if other.is_table() { "that table".to_owned() } else { kind_of(other) };
                    let message = format!(
                        "{what} takes named arguments, such as {{ {names} = … }}, and got {got} itself"
                    );
                    Err(Mistake::wrong(message, None))
                }
            }
        }
        Style::Positional => {
            if passed.len() > function.arguments.len() {
                let most = function.arguments.len();
                let message = format!("{what} takes {most} arguments at most, and got {}", passed.len());
                return Err(Mistake::wrong(message, None));
            }
            let given = function.arguments.iter().enumerate();
            given
                .map(|(at, argument)| {
                    one(&what, argument, passed.get(at).cloned().unwrap_or_default(), tables)
                })
                .collect()
        }
    }
}

/// The values of a table's fields, one for each declared argument.
pub(super) fn fields(
    what: &str,
    arguments: &[Argument],
    table: Option<&Table>,
    tables: &Tables,
) -> Result<Vec<Value>, Mistake> {
    if let Some(table) = table {
        unknown(what, arguments, table)?;
    }
    let values = arguments.iter().map(|argument| {
        let value = table.map(|table| table.raw_get::<Value>(argument.name)).transpose();
        let value = value.map_err(|error| Mistake::wrong(error.to_string(), None))?.unwrap_or_default();
        one(what, argument, value, tables)
    });
    values.collect()
}

/// Fails on a field that is not declared.
fn unknown(what: &str, arguments: &[Argument], table: &Table) -> Result<(), Mistake> {
    let mut keys: Vec<String> = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, _) = pair.map_err(|error| Mistake::wrong(error.to_string(), None))?;
        match &key {
            Value::String(text) => keys.push(text.to_string_lossy()),
            _ => {
                let message = format!("{what} takes named arguments, and got one without a name");
                return Err(Mistake::wrong(message, None));
            }
        }
    }
    // Which one is told must not depend on the order in a hash table.
    keys.sort_unstable();
    match keys.into_iter().find(|key| arguments.iter().all(|argument| argument.name != key)) {
        None => Ok(()),
        Some(key) => Err(unknown_argument(what, &key, arguments)),
    }
}

/// The mistake of a name that is not declared.
pub(super) fn unknown_argument(what: &str, name: &str, arguments: &[Argument]) -> Mistake {
    let names = || arguments.iter().map(|argument| argument.name);
    let question = near::question(name, names());
    let label = match near::nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if arguments.is_empty() => "it takes none".to_owned(),
        None => format!("it takes {}", names().collect::<Vec<_>>().join(", ")),
    };
    Mistake {
        code: Code::LuaUnknownArgument,
        message: format!("unknown argument `{name}` for {what}{question}"),
        word: Some(name.to_owned()),
        label,
    }
}

/// One value, or its default.
fn one(what: &str, argument: &Argument, value: Value, tables: &Tables) -> Result<Value, Mistake> {
    if value.is_nil() {
        return match argument.need {
            Need::Optional => Ok(Value::Nil),
            Need::Required => Err(missing_argument(what, argument)),
            // Defaults are literals of ours; texts among them are durations and words.
            Need::Default(text) => Ok(literal(text)),
        };
    }
    if fits(argument.kind, &value, tables) {
        return Ok(value);
    }
    let got = match &value {
        Value::String(text) => format!("\"{}\"", text.to_string_lossy()),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => value.to_string().unwrap_or_default(),
        other => kind_of(other),
    };
    Err(wrong_argument(what, argument, &got))
}

/// The mistake of a required argument that is not there.
pub(super) fn missing_argument(what: &str, argument: &Argument) -> Mistake {
    let name = argument.name;
    let message = format!("{what} needs `{name}`: {}", argument.kind.expected());
    Mistake { label: format!("without `{name}`"), ..Mistake::wrong(message, last_part(what)) }
}

/// The mistake of a value of the wrong kind; `got` is what it is, for people.
pub(super) fn wrong_argument(what: &str, argument: &Argument, got: &str) -> Mistake {
    let (name, expected) = (argument.name, argument.kind.expected());
    let message = format!("`{name}` of {what} has to be {expected}, not {got}");
    Mistake { label: format!("has to be {expected}"), ..Mistake::wrong(message, Some(name)) }
}

fn last_part(what: &str) -> Option<&str> {
    what.rsplit(['.', ':']).next()
}

/// A default as a value that holds no table: numbers, booleans; texts are read by [`text_of`].
fn literal(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Json::Bool(yes)) => Value::Boolean(yes),
        Ok(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or_default()),
        _ => Value::Nil,
    }
}

/// The text of a default.
pub(super) fn default_text(argument: &Argument) -> Option<String> {
    match argument.need {
        Need::Default(text) => serde_json::from_str::<String>(text).ok(),
        Need::Optional | Need::Required => None,
    }
}

fn fits(kind: Kind, value: &Value, tables: &Tables) -> bool {
    match kind {
        Kind::Text => value.is_string(),
        Kind::Number => value.is_number() || value.is_integer(),
        Kind::Integer => whole(value).is_some(),
        Kind::Boolean => value.is_boolean(),
        Kind::Duration => seconds(value).is_some(),
        Kind::Function => value.is_function(),
        // Which one of them is something else, the call says.
        Kind::Table | Kind::Functions => value.is_table(),
        Kind::Choice(words) => text_of(value).is_some_and(|text| words.contains(&text.as_str())),
        Kind::Texts => value.is_string() || texts(value).is_some(),
        Kind::Anything => true,
        Kind::Project => matches!(tables.handle(value), Some(Handle::Project(_))),
        Kind::Changes => matches!(tables.handle(value), Some(Handle::Changes(..) | Handle::Compared(..))),
        Kind::Deployment | Kind::Promotion => deployment_id(value).is_some(),
        Kind::Overlay => overlay_name(value).is_some(),
        Kind::Keys => texts(value).is_some() || by_name(value, |of| texts(of).is_some()),
        Kind::Allow => {
            let one = |of: &Value| of.is_string() || of.is_function();
            one(value) || by_name(value, one)
        }
        Kind::Check => is_check(value, tables),
        Kind::Checks => {
            let fits = |check: &Value| is_check(check, tables);
            is_list(value, fits) || by_name(value, fits) && !is_empty(value)
        }
        Kind::Expect => match value {
            Value::Boolean(_) | Value::Integer(_) => true,
            Value::Number(number) => !number.is_nan(),
            Value::Table(_) => is_bounds(value),
            other => text_of(other).as_deref() == Some("no rows"),
        },
        Kind::Clusters => {
            let word = |text: &str| text == "clone" || text == "reuse";
            match value {
                Value::Table(table) => {
                    table.pairs::<String, String>().all(|pair| pair.is_ok_and(|(_, choice)| word(&choice)))
                }
                other => text_of(other).is_some_and(|text| word(&text)),
            }
        }
    }
}

/// The name of an overlay: a text, or the `name` of a table.
pub(super) fn overlay_name(value: &Value) -> Option<String> {
    match value {
        Value::Table(table) => text_of(&table.raw_get::<Value>("name").ok()?),
        other => text_of(other),
    }
}

fn is_check(value: &Value, tables: &Tables) -> bool {
    value.is_function() || matches!(tables.handle(value), Some(Handle::Check(_)))
}

fn is_empty(value: &Value) -> bool {
    value.as_table().is_some_and(Table::is_empty)
}

/// Whether a value is a list of something, without holes and not empty.
fn is_list(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    let Value::Table(table) = value else { return false };
    let length = table.raw_len();
    length > 0
        && table.pairs::<Value, Value>().count() == length
        && table.sequence_values::<Value>().all(|item| item.is_ok_and(|item| fits(&item)))
}

/// Whether a table names a least and a most, or one of them, and nothing else.
fn is_bounds(value: &Value) -> bool {
    let bound = |of: &Value| of.is_integer() || of.as_number().is_some_and(|number| !number.is_nan());
    let named = value.as_table().is_some_and(|table| {
        table.pairs::<String, Value>().all(|pair| pair.is_ok_and(|(name, _)| name == "min" || name == "max"))
    });
    named && !is_empty(value) && by_name(value, bound)
}

/// Whether a table says something by names, and each is as it has to be.
fn by_name(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    let Value::Table(table) = value else { return false };
    table.pairs::<Value, Value>().all(|pair| pair.is_ok_and(|(name, value)| name.is_string() && fits(&value)))
}

/// What a value is, for people.
pub(super) fn kind_of(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Integer(_) | Value::Number(_) => "a number".to_owned(),
        Value::LightUserData(_) => "null".to_owned(),
        other => format!("a {}", other.type_name()),
    }
}

/// The text of a string.
pub(super) fn text_of(value: &Value) -> Option<String> {
    Some(value.as_string()?.to_str().ok()?.to_owned())
}

/// A whole number, also one that was computed as a float.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(whole) => Some(*whole),
        // Floats below 2^53 are whole numbers exactly.
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        _ => None,
    }
}

/// The seconds of a duration.
pub(super) fn seconds(value: &Value) -> Option<std::time::Duration> {
    match value {
        Value::Integer(whole) => Some(std::time::Duration::from_secs(u64::try_from(*whole).ok()?)),
        Value::Number(number) => std::time::Duration::try_from_secs_f64(*number).ok(),
        other => parse_duration(&text_of(other)?).ok(),
    }
}

/// The texts of a list.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Table(table) => {
            let items: Vec<Value> = table.sequence_values::<Value>().collect::<Result<_, _>>().ok()?;
            let count = table.pairs::<Value, Value>().count();
            (count == items.len()).then(|| items.iter().map(text_of).collect::<Option<Vec<_>>>())?
        }
        other => Some(vec![text_of(other)?]),
    }
}

/// The id that a deployment, a status or a promotion names, or a text is.
pub(super) fn deployment_id(value: &Value) -> Option<String> {
    let Value::Table(table) = value else { return text_of(value) };
    let field = |name: &str| table.raw_get::<Value>(name).ok().and_then(|value| text_of(&value));
    field("id").or_else(|| field("deployment"))
}
