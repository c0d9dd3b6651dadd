//! Errors on their way through Lua: thrown as tables, and coming out as what they were.
//!
//! An error of a primitive travels inside Lua's own; whoever catches it gets a table with its
//! fields; whoever throws that table again, or lets it pass, throws the same error.

use std::fmt;
use std::rc::Rc;

use mlua::Function;
use mlua::Lua;
use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::check::Mistake;
use super::shared::Shared;
use super::site;
use super::site::Frame;
use super::values::Handle;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// So many frames of a traceback are told.
const FRAMES_TOLD: usize = 8;

/// What Lua says when its memory is used up.
const NO_MEMORY: &str = "not enough memory";

/// Why a function that waits cannot be called.
pub(super) const NO_WAIT: &str =
    "that cannot be done in a callback, such as that of table.sort or on_progress";

/// An error with the lines of the recipe that led to it.
#[derive(Clone, Debug)]
pub(super) struct Raised {
    /// The error.
    pub(super) error: Error,
    /// The recipe's own frames, innermost first.
    pub(super) frames: Vec<Frame>,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Raised {}

impl Raised {
    /// The error as the fields that a recipe sees.
    pub(super) fn fields(&self) -> Map<String, Json> {
        let error = &self.error;
        let own = error.where_().map(|place| (place.file.clone(), place.line, Some(place.column)));
        let frame = self.frames.first().map(|frame| (frame.file.clone(), frame.line, None));
        let first = error.diagnostics().first().and_then(|finding| finding.places.first());
        let first = first.map(|place| (place.file.clone(), place.line, Some(place.column)));
        let at = own.or(first).or(frame);
        let frames: Vec<String> = self.frames.iter().map(Frame::told).collect();
        let fields = json!({
            "kind": error.kind().as_str(),
            "code": error.code().as_str(),
            "message": error.message(),
            "lines": error.lines(),
            "detail": error.detail(),
            "hint": error.hint(),
            "object": error.about(),
            "deployment": error.of_deployment(),
            "file": at.as_ref().map(|at| &at.0),
            "line": at.as_ref().map(|at| at.1),
            "column": at.as_ref().and_then(|at| at.2),
            "sqlstate": error.sqlstate(),
            "evidence": error.rests_on(),
            "traceback": frames,
        });
        match fields {
            Json::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

/// Throws an error of ours into Lua.
pub(super) fn thrown(error: Error, frames: Vec<Frame>) -> mlua::Error {
    mlua::Error::external(Raised { error, frames })
}

/// The error of a mistake, at its word or at the line that is being run.
pub(super) fn of_mistake(shared: &Shared, mistake: Mistake, frames: &[Frame]) -> Error {
    let error = Error::new(mistake.code, mistake.message);
    let Some(frame) = frames.first() else { return error };
    let sources = shared.sources.borrow();
    error.place(Some(site::place(&sources, &frame.file, frame.line, mistake.word.as_deref(), mistake.label)))
}

/// An error about the recipe itself, at the line that is being run; those about the environment or
/// the project stay as they are.
pub(super) fn placed(shared: &Shared, error: Error, frames: &[Frame]) -> Error {
    let code = error.code().as_str();
    let about_recipe =
        ["lua.", "http.", "query.", "policy.", "test."].iter().any(|room| code.starts_with(room));
    match frames.first() {
        Some(frame) if about_recipe && error.where_().is_none() => {
            let sources = shared.sources.borrow();
            error.place(Some(site::place(&sources, &frame.file, frame.line, None, "")))
        }
        _ => error,
    }
}

/// An error that Lua raises without looking at its stack, at the function that was called.
pub(super) fn within(shared: &Shared, mut raised: Raised, function: &Function) -> Raised {
    if raised.error.code() == Code::LuaMemory && raised.error.where_().is_none() {
        let info = function.info();
        let file = info.source.as_deref().and_then(|source| source.strip_prefix('@'));
        if let Some(file) = file {
            let place = {
                let sources = shared.sources.borrow();
                site::place(
                    &sources,
                    file,
                    info.line_defined.unwrap_or(1).max(1),
                    None,
                    "in what begins here",
                )
            };
            raised.error = raised.error.place(Some(place));
        }
    }
    raised
}

/// What a call of ours ends with when it fails.
pub(super) enum Failure {
    /// A primitive, or the host itself, says no.
    Said(Box<Error>),
    /// Lua does.
    Lua(mlua::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Said(Box::new(error))
    }
}

impl From<mlua::Error> for Failure {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

impl Failure {
    /// As Lua takes it.
    pub(super) fn thrown(self, shared: &Shared, frames: Vec<Frame>) -> mlua::Error {
        match self {
            Self::Said(error) => thrown(placed(shared, *error, &frames), frames),
            Self::Lua(error) => error,
        }
    }
}

/// The error that Lua's own stands for.
pub(super) fn of_lua(shared: &Shared, error: &mlua::Error, frames: &[Frame]) -> Raised {
    if let Some(raised) = error.chain().find_map(|cause| cause.downcast_ref::<Raised>()) {
        return raised.clone();
    }
    // What stands inside is told; the traceback around it is Lua's and names C functions.
    let innermost = error.chain().filter_map(|cause| cause.downcast_ref::<mlua::Error>()).last();
    match innermost.unwrap_or(error) {
        mlua::Error::MemoryError(_) => memory(shared, frames),
        mlua::Error::SyntaxError { message, .. } => {
            Raised { error: syntax(shared, message), frames: frames.to_vec() }
        }
        mlua::Error::RuntimeError(message) => of_text(shared, message, frames),
        other => of_text(shared, &other.to_string(), frames),
    }
}

/// The error that a thrown value stands for.
pub(super) fn of_value(shared: &Shared, value: &Value, frames: Vec<Frame>) -> Raised {
    match value {
        Value::Error(error) => of_lua(shared, error, &frames),
        Value::String(text) => of_text(shared, &text.to_string_lossy(), &frames),
        Value::Table(table) => {
            if let Some(Handle::Failure(raised)) = shared.tables().and_then(|tables| tables.handle(value)) {
                return (*raised).clone();
            }
            let text = |key: &str| table.raw_get::<Option<String>>(key).ok().flatten();
            let message = match (text("code"), text("message")) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                (None, Some(message)) => message,
                _ => table_told(shared, value),
            };
            let cause = table.raw_get::<Value>("cause").unwrap_or_default();
            let mut raised = of_text(shared, &message, &frames);
            if !cause.is_nil() {
                let cause = of_value(shared, &cause, Vec::new());
                raised.error = raised.error.also(vec![cause.error]);
            }
            raised
        }
        other => {
            let text = other.to_string().unwrap_or_else(|_| other.type_name().to_owned());
            of_text(shared, &format!("{text} was raised as an error"), &frames)
        }
    }
}

/// A table of the recipe's own, raised as an error: what is in it, not where it lies in memory.
fn table_told(shared: &Shared, value: &Value) -> String {
    let plain = value.as_table().is_some_and(|table| table.metatable().is_none());
    let json = shared.tables().filter(|_| plain).and_then(|tables| tables.take(value).ok());
    match json {
        Some(json) => json.to_string(),
        None => value.to_string().unwrap_or_else(|_| "a table was raised".to_owned()),
    }
}

/// The table of a caught error; other values stay what they are.
pub(super) fn told(lua: &Lua, shared: &Shared, value: Value) -> mlua::Result<Value> {
    let (Value::Error(error), Some(tables)) = (&value, shared.tables()) else { return Ok(value) };
    let raised = of_lua(shared, error, &site::frames(lua));
    Ok(Value::Table(tables.failure(lua, Rc::new(raised))?))
}

/// An error of Lua's, from its text.
fn of_text(shared: &Shared, text: &str, frames: &[Frame]) -> Raised {
    if text == NO_MEMORY {
        return memory(shared, frames);
    }
    let text = text.split("\nstack traceback:").next().unwrap_or(text);
    // `error("…", 2)` blames another level than the innermost.
    let blamed =
        frames.iter().position(|frame| text.starts_with(&format!("{}:{}: ", frame.short, frame.line)));
    let frame = frames.get(blamed.unwrap_or(0));
    let message = match frame {
        Some(frame) if blamed.is_some() => {
            text.get(frame.short.len() + frame.line.to_string().len() + 3..).unwrap_or(text)
        }
        _ => text,
    };
    let mut error = Error::new(Code::LuaError, message);
    if let Some(frame) = frame {
        let sources = shared.sources.borrow();
        error = error.place(Some(site::place(&sources, &frame.file, frame.line, None, "")));
    }
    if frames.len() > 1 {
        error =
            error.with_lines(frames.iter().skip(1).take(FRAMES_TOLD).map(|f| format!("from {}", f.told())));
    }
    Raised { error, frames: frames.to_vec() }
}

fn memory(shared: &Shared, frames: &[Frame]) -> Raised {
    let limit = shared.allowance.memory / (1024 * 1024);
    let message = format!("the {} holds more than {limit} MiB", shared.allowance.what);
    let mut error = Error::new(Code::LuaMemory, message);
    if let Some(frame) = frames.first() {
        let sources = shared.sources.borrow();
        error = error.place(Some(site::place(&sources, &frame.file, frame.line, None, "")));
    }
    Raised { error, frames: frames.to_vec() }
}

/// A text that is not Lua: `file:line: what is wrong near 'token'`.
pub(super) fn syntax(shared: &Shared, message: &str) -> Error {
    let sources = shared.sources.borrow();
    let located = sources.keys().find_map(|file| {
        // Lua shortens a long name at its beginning.
        let at =
            message.find(":").filter(|_| message.starts_with(file.as_str()) || message.starts_with("..."))?;
        let start = if message.starts_with(file.as_str()) { file.len() } else { at };
        let (line, what) = message.get(start + 1..)?.split_once(": ")?;
        Some((file.clone(), line.parse::<usize>().ok()?, what.to_owned()))
    });
    let Some((file, line, what)) = located else { return Error::new(Code::LuaSyntax, message) };
    let token = what.rsplit_once("near ").map(|(_, token)| token.trim_matches('\''));
    let token = token.filter(|token| *token != "<eof>");
    let place = site::place(&sources, &file, line, token, "");
    Error::new(Code::LuaSyntax, what).place(Some(place)).effect("nothing was sent to the server")
}
