//! What an expression is, as far as the registry tells: the kinds of the stubs, followed through
//! fields, lists and calls.

use super::walk::Walk;
use crate::lua::near;
use crate::lua::policy::pure;
use crate::lua::registry;
use crate::lua::registry::Function;
use crate::lua::registry::Methods;
use crate::lua::registry::beside;
use crate::lua::registry::classes::Class;
use crate::lua::registry::facts;
use crate::lua::registry::testing::METHODS;
use crate::lua::stubs;
use crate::primitives::code::Code;

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `mz`, or a table below it: what stands before the names in it.
    Module(String),
    /// A function of `mz`.
    Function(&'static str),
    /// A value of a kind that the stubs know.
    Value(&'static str),
    /// A library of Lua's.
    Library(String),
    /// The arguments of the recipe.
    Arguments,
}

impl Kind {
    /// Of a value, if its kind tells anything.
    pub(super) fn of_stub(stub: &'static str) -> Option<Self> {
        let stub = stub.trim().trim_end_matches('?');
        let is_known = class(stub).is_some()
            || methods(stub).is_some()
            || stub.ends_with("[]")
            || table_of(stub).is_some();
        is_known.then_some(Self::Value(stub))
    }

    /// Of a class, by its name.
    pub(super) fn of_class(name: &str) -> Option<Self> {
        let methods = || methods(name).map(|methods| Self::Value(methods.class));
        class(name).map(|class| Self::Value(class.name)).or_else(methods)
    }

    /// Of the first value that a function gives.
    pub(super) fn returned(function: &Function) -> Option<Self> {
        stubs::returned(function.returns.kind).first().and_then(|kind| Self::of_stub(kind))
    }

    /// Tells whether it is called with a colon.
    pub(super) fn has_methods(&self) -> bool {
        match self {
            Self::Value(stub) => methods(stub).is_some(),
            Self::Module(_) | Self::Function(_) | Self::Library(_) | Self::Arguments => false,
        }
    }

    /// Of an item of a list.
    pub(super) fn item(&self) -> Option<Self> {
        match self {
            Self::Value(stub) => Self::of_stub(stub.strip_suffix("[]").or_else(|| table_of(stub))?),
            Self::Module(_) | Self::Function(_) | Self::Library(_) | Self::Arguments => None,
        }
    }
}

/// The class of that name.
fn class(name: &str) -> Option<&'static Class> {
    registry::classes().find(|class| class.name == name)
}

/// The functions of the object of that name.
fn methods(name: &str) -> Option<&'static Methods> {
    METHODS.iter().find(|methods| methods.class == name)
}

/// What the values of `table<string, …>` are.
fn table_of(stub: &'static str) -> Option<&'static str> {
    stub.strip_prefix("table<string, ")?.strip_suffix('>')
}

impl Walk<'_> {
    /// What `name` of a table is; a name that it does not have is a finding.
    pub(super) fn field(&mut self, of: &Kind, name: &str, span: std::ops::Range<usize>) -> Option<Kind> {
        match of {
            Kind::Module(prefix) => self.below(prefix, name, span),
            Kind::Value(stub) if methods(stub).is_some() => self.method(methods(stub)?, name, span),
            Kind::Value(stub) => {
                let Some(class) = class(stub) else {
                    return table_of(stub).and_then(Kind::of_stub);
                };
                if class.name == "mz.Context" && name == "args" {
                    return Some(Kind::Arguments);
                }
                if let Some(field) = class.fields.iter().find(|field| field.name == name) {
                    return Kind::of_stub(field.kind);
                }
                if !self.survey.fields.contains(name) {
                    let question = near::question(name, class.fields.iter().map(|field| field.name));
                    let (code, message) = match class.name.starts_with(facts::ROOT) {
                        true => (Code::PolicyUnknownFact, format!("there is no fact `{name}`{question}")),
                        false => (Code::LuaUnknownField, format!("{} has no `{name}`{question}", class.name)),
                    };
                    self.error(code, message, span);
                }
                None
            }
            Kind::Library(library) if self.is_policy && pure::is_refused(library, name) => {
                self.mistake(pure::mistake(&format!("{library}.{name}")), span);
                None
            }
            Kind::Library(library) => {
                let fields = self.globals.and_then(|globals| globals.library(library))?;
                if !fields.contains(name) && !self.survey.fields.contains(name) {
                    let question = near::question(name, fields.iter().map(String::as_str));
                    let message = format!("there is no {library}.{name}{question}");
                    self.error(Code::LuaUnknownGlobal, message, span);
                }
                None
            }
            Kind::Arguments => {
                let names = self.arguments.clone()?;
                if !names.iter().any(|known| known == name) {
                    let question = near::question(name, names.iter().map(String::as_str));
                    let message = format!("the recipe declares no argument `{name}`{question}");
                    self.error(Code::LuaUnknownField, message, span);
                }
                None
            }
            // Some functions have others below their name.
            Kind::Function(function) if registry::below(function).is_empty() => None,
            Kind::Function(function) => self.below(function, name, span),
        }
    }

    /// A function of an object that tests are given.
    fn method(&mut self, of: &Methods, name: &str, span: std::ops::Range<usize>) -> Option<Kind> {
        let own = |function: &&Function| function.own_name() == name;
        if let Some(function) = of.functions.iter().find(own) {
            return Some(Kind::Function(function.name));
        }
        let question = near::question(name, of.functions.iter().map(Function::own_name));
        let object = of.functions.first().map_or("", |function| function.owner());
        self.error(Code::LuaUnknownFunction, format!("there is no {object}{name}{question}"), span);
        None
    }

    /// What stands below `mz`.
    fn below(&mut self, prefix: &str, name: &str, span: std::ops::Range<usize>) -> Option<Kind> {
        let full = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        if self.is_policy && registry::below(prefix).contains(&name) && !pure::has(&full) {
            self.mistake(pure::mistake(&format!("mz.{full}")), span);
            return None;
        }
        if let Some(function) = registry::function(&full) {
            return Some(Kind::Function(function.name));
        }
        if let Some(fact) = beside::FACTS.iter().find(|fact| fact.name == full) {
            return Kind::of_stub(fact.kind);
        }
        let known = registry::below(prefix);
        if known.contains(&name) {
            return Some(Kind::Module(full));
        }
        let question = near::question(name, known.iter().copied());
        let message = format!("there is no mz.{full}{question}");
        self.error(Code::LuaUnknownFunction, message, span);
        None
    }
}
