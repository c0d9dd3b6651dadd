//! What the text of a file tells of its part in a project: what it declares, and what it requires.
//!
//! Nothing of it is run, and a text that is not Lua tells nothing.

use super::host::legal;
use super::lint;

/// What a file declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declares {
    /// A recipe.
    Recipe,
    /// A policy.
    Policy,
}

/// What a file declares, where its last `return` says so itself.
pub fn declares(text: &str) -> Option<Declares> {
    match lint::returned(text)?.as_str() {
        "recipe" => Some(Declares::Recipe),
        "policy" => Some(Declares::Policy),
        _ => None,
    }
}

/// The files below the project that a text requires by names that are written out.
pub fn required(text: &str) -> Vec<String> {
    let names = lint::required::modules(text).into_iter().map(|(name, _)| name);
    let names = names.filter(|name| name.split(['.', '/']).all(legal));
    names.map(|name| format!("{}.lua", name.replace('.', "/"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_declares() {
        assert_eq!(declares("local a = 1\nreturn mz.recipe { api = 1 }\n"), Some(Declares::Recipe));
        assert_eq!(declares("return mz.policy({})"), Some(Declares::Policy));
        for text in ["", "return {", "return {}", "return mz.test {}", "return recipe {}", "mz.recipe {}"] {
            assert_eq!(declares(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_says_what_it_requires() {
        let text =
            "local a = require 'recipes.lib.a'\nlocal b = require('lib/b')\nrequire '../c'\nrequire(d)\n";
        assert_eq!(required(text), ["recipes/lib/a.lua", "lib/b.lua"]);
    }
}
