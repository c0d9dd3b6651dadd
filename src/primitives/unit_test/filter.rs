//! Which tests are meant: `db[.schema[.object]][#test]`.

use std::str::FromStr;

use crate::name::ObjectName;

/// A choice of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    /// Patterns for the database, the schema and the object.
    path: Vec<Pattern>,
    test: Option<Pattern>,
}

/// What a part of a name has to be: pieces with anything in between; none is anything at all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern(Vec<String>);

/// Why a text chooses nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// More than three parts before `#`.
    #[error("a filter has at most three parts before `#`: database, schema, object")]
    TooManyParts,
    /// A part with nothing in it.
    #[error("a part of a filter is empty; `*` matches anything")]
    EmptyPart,
    /// A quote without its other one.
    #[error("a quote of the filter does not end")]
    OpenQuote,
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (path, test) = match unquoted(text, '#').next() {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let mut parts = Vec::new();
        let mut from = 0;
        for at in unquoted(path, '.').chain([path.len()]) {
            parts.push(path.get(from..at).unwrap_or_default());
            from = at + 1;
        }
        // Before `#` may stand nothing.
        if path.is_empty() && !test.is_empty() {
            parts.clear();
        }
        if parts.len() > 3 {
            return Err(FilterError::TooManyParts);
        }
        let path = parts.into_iter().map(Pattern::of).collect::<Result<_, _>>()?;
        let test = test.strip_prefix('#').map(Pattern::of).transpose()?;
        Ok(Self { text: text.to_owned(), path, test })
    }
}

/// The places of a sign outside of quotes.
fn unquoted(text: &str, sign: char) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    text.char_indices().filter_map(move |(at, c)| {
        quoted ^= c == '"';
        (c == sign && !quoted).then_some(at)
    })
}

impl Pattern {
    /// Reads a part. What is not quoted is folded, like any other name.
    fn of(text: &str) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Err(FilterError::EmptyPart);
        }
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.next_if_eq(&'"').is_some() => piece.push('"'),
                '"' => quoted = !quoted,
                '*' if !quoted => pieces.push(std::mem::take(&mut piece)),
                _ if quoted => piece.push(c),
                _ => piece.extend(c.to_lowercase()),
            }
        }
        pieces.push(piece);
        if quoted { Err(FilterError::OpenQuote) } else { Ok(Self(pieces)) }
    }

    fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.0.split_first() else { return true };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, between)) = others.split_last() else { return rest.is_empty() };
        for piece in between {
            match rest.split_once(piece.as_str()) {
                Some((_, behind)) => rest = behind,
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

impl Filter {
    /// Tells whether a test of an object is meant. The database may be written with the profile's
    /// suffix or without it.
    pub fn matches(&self, object: &ObjectName, suffix: &str, test: &str) -> bool {
        let database = object.database.as_str();
        let plain = database.strip_suffix(suffix).unwrap_or(database);
        let names = [&[database, plain][..], &[object.schema.as_str()], &[object.object.as_str()]];
        let path = self.path.iter().zip(names);
        let mut path = path.map(|(pattern, names)| names.iter().any(|name| pattern.matches(name)));
        path.all(|matches| matches) && self.test.as_ref().is_none_or(|pattern| pattern.matches(test))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let filter: Filter = filter.parse().unwrap_or_else(|error| panic!("{filter}: {error}"));
        let object = "shop_dev.core.\"Big totals\"".parse().expect("a name");
        assert_eq!(filter.matches(&object, "_dev", "adds_up"), expected, "{filter}");
    }

    #[test]
    fn parts_that_are_left_out_match_anything() {
        for filter in
            ["shop", "shop_dev", "shop.core", "SHOP.Core.\"Big totals\"", "*", "*.*.*#*", "#adds_up"]
        {
            check(filter, true);
        }
        for filter in ["*#adds_up", "shop#adds*", "*.*.\"Big\"*", "s*p.c*e#*_*", "*.core.*t*t*#a*p", "#*"] {
            check(filter, true);
        }
        for filter in ["sho", "core", "shop.cor", "shop.core.big*", "*#none", "*#adds", "#a*x*p", "*.*.\"*\""]
        {
            check(filter, false);
        }
    }

    #[test]
    fn what_is_no_filter_is_told() {
        let refused = |text: &str| text.parse::<Filter>().expect_err("it is no filter");
        assert_eq!(refused("a.b.c.d"), FilterError::TooManyParts);
        for text in ["", "a..c", "a.b.", "a#", ".a", "a.#t"] {
            assert_eq!(refused(text), FilterError::EmptyPart, "{text}");
        }
        assert_eq!(refused("a.\"b"), FilterError::OpenQuote);
    }
}
