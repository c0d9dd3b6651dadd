//! The registry: every function of `mz`, declared once.
//!
//! Argument checking, the type stubs (`lua/mzflow.d.lua`) and the reference page (`docs/lua.md`)
//! are made from it. A function that is declared here and not bound, or the other way round, is
//! found by a test. Start reading at [`Function`].

use self::classes::Class;
use self::kind::Kind;

pub mod beside;
pub mod classes;
pub mod compare;
pub mod deploy;
pub mod facts;
pub mod judge;
pub mod kind;
pub mod outside;
pub mod overlay;
pub mod policy;
pub mod shift;
pub mod testing;
pub mod together;

/// Whether an argument has to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It has to be.
    Required,
    /// It may be left out.
    Optional,
    /// Left out, it is this.
    Default(&'static str),
}

/// An argument of a function, or a field of a recipe.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it has to be.
    pub kind: Kind,
    /// Whether it has to be given.
    pub need: Need,
    /// What it is for.
    pub doc: &'static str,
}

/// How arguments are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// By name, in one table.
    Named,
    /// One behind the other.
    Positional,
}

/// When a function can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Also while the recipe is being loaded.
    Always,
    /// Only while it runs: there is no connection before.
    Running,
    /// Only in a policy's file, which has no others but [`policy::PURE`].
    Deciding,
}

/// What a function does to the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// It changes something; in a rehearsal it tells what.
    Changes,
}

/// What a function gives.
#[derive(Clone, Copy, Debug)]
pub struct Returns {
    /// The type, as the stubs write it; empty for nothing.
    pub kind: &'static str,
    /// What it is.
    pub doc: &'static str,
}

/// A function of `mz`.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name below `mz`, such as `stage` or `json.encode`; that of a method as it is called, such as
    /// `s:run` or `t.equal`.
    pub name: &'static str,
    /// How its arguments are passed.
    pub style: Style,
    /// Its arguments, in order.
    pub arguments: &'static [Argument],
    /// What it gives.
    pub returns: Returns,
    /// What it does: the first sentence stands for all of it.
    pub doc: &'static str,
    /// What it does to the environment.
    pub effect: Effect,
    /// When it can be called.
    pub when: When,
}

impl Function {
    /// How a recipe or a test calls it: `mz.stage`, `s:run`.
    pub fn called(&self) -> String {
        let is_method = ["s:", "t."].iter().any(|object| self.name.starts_with(object));
        if is_method { self.name.to_owned() } else { format!("mz.{}", self.name) }
    }
}

impl Function {
    /// The name of a method without its object: `run` of `s:run`.
    pub fn own_name(&self) -> &'static str {
        self.name.split_once([':', '.']).map_or(self.name, |(_, name)| name)
    }

    /// The object of a method with what joins them: `s:` of `s:run`.
    pub fn owner(&self) -> &'static str {
        self.name.strip_suffix(self.own_name()).unwrap_or_default()
    }
}

/// The functions of an object that a test is given.
#[derive(Clone, Copy, Debug)]
pub struct Methods {
    /// The type of the object, as the stubs write it.
    pub class: &'static str,
    /// What the docs call one.
    pub short: &'static str,
    /// What the object is.
    pub doc: &'static str,
    /// Its functions.
    pub functions: &'static [Function],
}

/// A value of `mz` that is no function.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// Its name below `mz`.
    pub name: &'static str,
    /// Its type, as the stubs write it.
    pub kind: &'static str,
    /// What it is.
    pub doc: &'static str,
}

/// Every function, in the order in which the reference page tells them.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    let all = [
        deploy::FUNCTIONS,
        compare::FUNCTIONS,
        judge::FUNCTIONS,
        shift::FUNCTIONS,
        overlay::FUNCTIONS,
        outside::FUNCTIONS,
        beside::FUNCTIONS,
        together::FUNCTIONS,
        policy::FUNCTIONS,
        testing::FUNCTIONS,
    ];
    all.into_iter().flatten()
}

/// The functions of the objects that tests are given.
pub fn methods() -> impl Iterator<Item = &'static Function> {
    testing::METHODS.iter().flat_map(|methods| methods.functions)
}

/// Every table that functions give or are called with.
pub fn classes() -> impl Iterator<Item = &'static Class> {
    let own = [classes::CLASSES, compare::CLASSES, judge::CLASSES, outside::CLASSES, facts::CLASSES];
    own.into_iter().chain([testing::CLASSES]).flatten()
}

/// The function of that name.
pub fn function(name: &str) -> Option<&'static Function> {
    functions().chain(methods()).find(|function| function.name == name)
}

/// What can stand directly behind `mz.`, or behind `mz.PREFIX.`: functions, facts, and the tables
/// that hold some.
pub fn below(prefix: &str) -> Vec<&'static str> {
    let own = functions().map(|function| function.name).chain(beside::FACTS.iter().map(|fact| fact.name));
    let inside = own.filter_map(|name| match prefix {
        "" => Some(name),
        prefix => name.strip_prefix(prefix)?.strip_prefix('.'),
    });
    let mut names: Vec<&str> = inside.filter_map(|name| name.split('.').next()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A required argument.
const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Argument {
    Argument { name, kind, need: Need::Required, doc }
}

/// An argument that may be left out.
const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Argument {
    Argument { name, kind, need: Need::Optional, doc }
}

/// An argument that is `default` where it is left out.
const fn default(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Argument {
    Argument { name, kind, need: Need::Default(default), doc }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_told() {
        let mut names: Vec<&str> = functions().chain(methods()).map(|function| function.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "two functions share a name");
        for function in functions().chain(methods()) {
            assert!(function.doc.ends_with('.'), "{}", function.name);
            for argument in function.arguments {
                assert!(!argument.doc.is_empty() && !argument.doc.ends_with('.'), "{}", argument.name);
            }
        }
    }
}
