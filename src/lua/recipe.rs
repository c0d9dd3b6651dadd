//! A recipe: what its file declares, checked.
//!
//! `mz.recipe` notes what it was given; a file has to return that. With `extends`, what the other
//! recipe has is taken over and hooks are added. Start reading at [`declared`] and [`merge`].

use std::collections::BTreeMap;

use mlua::Function;
use mlua::Table;
use mlua::Value;
use serde_json::Value as Json;

use super::check;
use super::check::Mistake;
use super::near;
use super::registry::beside::RECIPE_ARGUMENT;
use super::values::Tables;
use crate::primitives::code::Code;

/// The version of the interface that recipes are written against.
pub const API: i64 = 1;

/// What the value of an argument has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A text.
    Text,
    /// A duration; the recipe gets seconds.
    Duration,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// One of these words.
    Choice(Vec<String>),
}

/// An argument of a recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name in Lua.
    pub name: String,
    /// What it has to be.
    pub kind: ArgumentKind,
    /// What it is where it is not given; null for nothing.
    pub default: Json,
    /// What it is for.
    pub help: String,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether it may be given several times.
    pub many: bool,
    /// Another name of its option.
    pub alias: Option<String>,
}

impl Argument {
    /// The name of its option.
    pub fn option(&self) -> String {
        self.name.replace('_', "-")
    }
}

/// What `mz.recipe` was given.
#[derive(Debug)]
pub(super) struct Declared {
    name: String,
    summary: String,
    arguments: Vec<Written>,
    hook_names: Vec<String>,
    hooks: BTreeMap<String, Function>,
    run: Option<Function>,
    on_fail: Option<Function>,
    /// The recipe that it changes.
    pub(super) extends: Option<String>,
}

/// An argument as written: what is left out is taken from the recipe that is extended.
#[derive(Clone, Debug)]
struct Written {
    name: String,
    kind: Option<ArgumentKind>,
    default: Option<Json>,
    help: Option<String>,
    required: Option<bool>,
    many: Option<bool>,
    alias: Option<String>,
}

/// A recipe, ready to run.
#[derive(Debug)]
pub struct Recipe {
    /// What people type.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Its arguments, by name.
    pub arguments: Vec<Argument>,
    /// The names of its hooks.
    pub hooks: Vec<String>,
    /// Its file, as messages name it.
    pub file: String,
    /// Its text.
    pub source: String,
    /// What it does.
    pub(super) body: Body,
}

/// The functions of a recipe.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// What it does.
    pub(super) run: Function,
    /// What is called when it failed, the extending recipe's first.
    pub(super) on_fail: Vec<Function>,
    /// The functions of hooks, the extended recipe's first.
    pub(super) hooks: BTreeMap<String, Vec<Function>>,
}

fn wrong(message: String, word: Option<&str>) -> Mistake {
    Mistake { code: Code::LuaBadRecipe, message, word: word.map(str::to_owned), label: String::new() }
}

/// Checks what `mz.recipe` was given; `values` are those of [`super::registry::beside::RECIPE`].
pub(super) fn declared(values: &[Value], tables: &Tables) -> Result<Declared, Mistake> {
    let value = |at: usize| values.get(at).cloned().unwrap_or_default();
    let api = check::whole(&value(0)).unwrap_or_default();
    if api != API {
        return Err(wrong(
            format!("this mzflow has version {API} of the interface, and the recipe wants {api}"),
            Some("api"),
        ));
    }
    let name = check::text_of(&value(1)).unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(legal) {
        return Err(wrong(
            format!("`{name}` is no recipe's name: letters, digits, `_` and `-` only"),
            Some("name"),
        ));
    }
    let extends = check::text_of(&value(7));
    let run = value(5).as_function().cloned();
    match (&run, &extends) {
        (None, None) => return Err(wrong(format!("recipe `{name}` has neither `run` nor `extends`"), None)),
        (Some(_), Some(_)) => {
            let message = format!("recipe `{name}` has `run` and `extends`: it is one or the other");
            return Err(wrong(message, Some("extends")));
        }
        _ => {}
    }
    let (hook_names, hooks) = hooks(&value(4), extends.is_some())?;
    Ok(Declared {
        summary: check::text_of(&value(2)).unwrap_or_default(),
        arguments: arguments(&value(3), tables)?,
        on_fail: value(6).as_function().cloned(),
        name,
        hook_names,
        hooks,
        run,
        extends,
    })
}

type Hooks = (Vec<String>, BTreeMap<String, Function>);

/// Names of hooks, or with `extends` their functions.
fn hooks(value: &Value, extends: bool) -> Result<Hooks, Mistake> {
    let Some(table) = value.as_table() else { return Ok(Hooks::default()) };
    if !extends {
        let names = check::texts(value).ok_or_else(|| {
            let message = "`hooks` of a recipe is a list of names; functions for them come with `extends`";
            wrong(message.to_owned(), Some("hooks"))
        })?;
        return Ok((names, BTreeMap::new()));
    }
    let mut functions = BTreeMap::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| wrong(error.to_string(), None))?;
        match (check::text_of(&key), value) {
            (Some(name), Value::Function(function)) => functions.insert(name, function),
            _ => {
                let message = "with `extends`, `hooks` is a table of functions by the names of hooks";
                return Err(wrong(message.to_owned(), Some("hooks")));
            }
        };
    }
    Ok((Vec::new(), functions))
}

fn arguments(value: &Value, tables: &Tables) -> Result<Vec<Written>, Mistake> {
    let Some(table) = value.as_table() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| wrong(error.to_string(), None))?;
        let name = check::text_of(&key).unwrap_or_default();
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(legal) {
            let message = "an argument of a recipe has a name of small letters, digits and `_`";
            return Err(wrong(message.to_owned(), Some("args")));
        }
        let Value::Table(fields) = value else {
            let message = format!("argument `{name}` is {}; it has to be a table", check::kind_of(&value));
            return Err(wrong(message, Some(&name)));
        };
        found.push(argument(name, &fields, tables)?);
    }
    // The order in a hash table is nobody's; `--help` is in the order of names.
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn argument(name: String, fields: &Table, tables: &Tables) -> Result<Written, Mistake> {
    let what = format!("argument `{name}`");
    let values = check::fields(&what, RECIPE_ARGUMENT, Some(fields), tables)
        .map_err(|mistake| Mistake { code: Code::LuaBadRecipe, ..mistake })?;
    let value = |at: usize| values.get(at).cloned().unwrap_or_default();
    let kind = match &value(0) {
        Value::Nil => None,
        Value::Table(_) => {
            let words = check::texts(&value(0)).filter(|words| !words.is_empty());
            let message = || wrong(format!("the choices of {what} are a list of strings"), Some(&name));
            Some(ArgumentKind::Choice(words.ok_or_else(message)?))
        }
        other => Some(match check::text_of(other).as_deref() {
            Some("string") => ArgumentKind::Text,
            Some("duration") => ArgumentKind::Duration,
            Some("number") => ArgumentKind::Number,
            Some("boolean") => ArgumentKind::Boolean,
            unknown => {
                let kinds = ["string", "duration", "number", "boolean"];
                let unknown = unknown.unwrap_or_default();
                let question = near::question(unknown, kinds);
                let message = format!(
                    "`{unknown}` is no type of an argument{question}: {}, or a list of choices",
                    kinds.join(", ")
                );
                return Err(wrong(message, Some(&name)));
            }
        }),
    };
    let default = match value(1) {
        Value::Nil => None,
        default => Some(
            tables
                .take(&default)
                .map_err(|error| wrong(format!("the default of {what}: {error}"), Some(&name)))?,
        ),
    };
    Ok(Written {
        kind,
        default,
        help: check::text_of(&value(2)),
        required: value(3).as_boolean(),
        many: value(4).as_boolean(),
        alias: check::text_of(&value(5)),
        name,
    })
}

/// Puts a recipe and those that it extends together, the outermost first.
pub(super) fn merge(
    chain: &[std::rc::Rc<Declared>],
    file: String,
    source: String,
) -> Result<Recipe, Mistake> {
    let Some(own) = chain.first() else { return Err(wrong("there is no recipe".to_owned(), None)) };
    let mut arguments: BTreeMap<String, Written> = BTreeMap::new();
    let mut hooks: BTreeMap<String, Vec<Function>> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    for declared in chain.iter().rev() {
        for written in &declared.arguments {
            let merged = match arguments.remove(&written.name) {
                None => written.clone(),
                Some(before) => over(written, before),
            };
            arguments.insert(merged.name.clone(), merged);
        }
        names.extend(declared.hook_names.iter().cloned());
        for (name, function) in &declared.hooks {
            if !names.contains(name) {
                let question = near::question(name, names.iter().map(String::as_str));
                let base = declared.extends.as_deref().unwrap_or_default();
                return Err(wrong(format!("recipe `{base}` has no hook `{name}`{question}"), Some(name)));
            }
            hooks.entry(name.clone()).or_default().push(function.clone());
        }
    }
    let run = chain.iter().find_map(|declared| declared.run.clone());
    let run = run.ok_or_else(|| wrong(format!("recipe `{}` has nothing to run", own.name), None))?;
    let arguments = arguments.into_values().map(finished).collect::<Result<_, _>>()?;
    Ok(Recipe {
        name: own.name.clone(),
        summary: own.summary.clone(),
        arguments,
        hooks: names,
        file,
        source,
        body: Body {
            run,
            on_fail: chain.iter().filter_map(|declared| declared.on_fail.clone()).collect(),
            hooks,
        },
    })
}

fn over(written: &Written, before: Written) -> Written {
    let own = written.clone();
    Written {
        name: own.name,
        kind: own.kind.or(before.kind),
        default: own.default.or(before.default),
        help: own.help.or(before.help),
        required: own.required.or(before.required),
        many: own.many.or(before.many),
        alias: own.alias.or(before.alias),
    }
}

/// An argument with everything filled in, its default checked.
fn finished(written: Written) -> Result<Argument, Mistake> {
    let mut argument = Argument {
        kind: written.kind.unwrap_or(ArgumentKind::Text),
        default: Json::Null,
        help: written.help.unwrap_or_default(),
        required: written.required.unwrap_or(false),
        many: written.many.unwrap_or(false),
        alias: written.alias,
        name: written.name,
    };
    if argument.kind == ArgumentKind::Boolean && argument.many {
        let message = format!("argument `{}` is yes or no: it cannot be given many times", argument.name);
        return Err(wrong(message, Some(&argument.name)));
    }
    if let Some(default) = written.default {
        let told = format!("the default of argument `{}`", argument.name);
        argument.default = argument
            .checked(&default)
            .map_err(|error| wrong(format!("{told}: {error}"), Some(&argument.name)))?;
    }
    Ok(argument)
}
