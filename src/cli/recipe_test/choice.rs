//! Which tests a command line chooses: of views, of recipes, or all.

use super::FOLDER;
use crate::name::like::like_any_case;
use crate::primitives::unit_test::Filter;
use crate::primitives::unit_test::FilterError;

/// What is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Everything.
    All,
    /// Tests of views.
    Views(Filter),
    /// Tests of recipes.
    Recipes(Recipes),
}

/// A choice of tests of recipes: a file, a folder, or a pattern with `*`; behind a `#` that of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipes {
    text: String,
    path: String,
    name: Option<String>,
}

impl Choice {
    /// Reads what is typed: what names a `.lua` file, or begins with `tests/`, chooses tests of recipes.
    ///
    /// # Errors
    /// What is wrong with a choice of views.
    pub(crate) fn of(text: Option<&str>) -> Result<Self, FilterError> {
        let Some(text) = text else { return Ok(Self::All) };
        let (path, name) = match text.split_once('#') {
            Some((path, name)) => (path, Some(name.to_owned())),
            None => (text, None),
        };
        let path = path.trim_start_matches("./");
        let below = path == FOLDER || path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'));
        if !below && !path.ends_with(".lua") {
            return text.parse().map(Self::Views);
        }
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self::Recipes(Recipes { text: text.to_owned(), path, name }))
    }
}

impl std::fmt::Display for Recipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Recipes {
    /// Tells whether a file may have what is chosen.
    pub(crate) fn has_file(&self, file: &str) -> bool {
        let inside = || file.strip_prefix(&self.path).is_some_and(|rest| rest.starts_with('/'));
        like_any_case(file, &self.path.replace('*', "%")) || inside()
    }

    /// Tells whether a test is chosen.
    pub(crate) fn has(&self, file: &str, name: &str) -> bool {
        let named = |wanted: &String| like_any_case(name, &wanted.replace('*', "%"));
        self.has_file(file) && self.name.as_ref().is_none_or(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_choose_tests_of_recipes() {
        let chosen = |text: &str, file: &str, name: &str| match Choice::of(Some(text)) {
            Ok(Choice::Recipes(recipes)) => recipes.has(file, name),
            other => panic!("{text}: {other:?}"),
        };
        for text in
            ["tests", "tests/", "tests/a.lua", "./tests/a.lua", "tests/*.lua", "tests/a.lua#one", "*.lua#o*"]
        {
            assert!(chosen(text, "tests/a.lua", "one"), "{text}");
        }
        for text in ["tests/b.lua", "tests/a.lua#two", "tests/a", "tests/sub"] {
            assert!(!chosen(text, "tests/a.lua", "one"), "{text}");
        }
        assert!(chosen("tests/sub", "tests/sub/a.lua", "one"));
    }

    #[test]
    fn everything_else_chooses_tests_of_views() {
        assert_eq!(Choice::of(None), Ok(Choice::All));
        for text in ["db.s.v", "tests_db", "#one"] {
            assert!(matches!(Choice::of(Some(text)), Ok(Choice::Views(_))), "{text}");
        }
        assert!(Choice::of(Some("a.b.c.d")).is_err());
    }
}
