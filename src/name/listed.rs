//! Lists of names as a setting holds them: `a, "B c", public`.

use super::Ident;
use super::literal;
use super::quote;

/// One element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its text, quote marks taken off and inner ones undoubled; not folded.
    pub text: String,
    /// Whether it stood in quotes.
    pub is_quoted: bool,
}

/// Reads a list. What is no list is read as far as it goes.
pub fn split(text: &str) -> Vec<Listed> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => closing(quoted).map_or(rest.len(), |end| end + 2),
            None => rest.find(',').unwrap_or(rest.len()),
        };
        let (name, after) = rest.split_at(end);
        let name = name.trim();
        found.push(match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(quoted) => Listed { text: quoted.replace("\"\"", "\""), is_quoted: true },
            None => Listed { text: name.to_owned(), is_quoted: false },
        });
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

/// Where the quote mark stands that ends a quoted name.
fn closing(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '"' {
            match chars.peek() {
                Some((_, '"')) => {
                    chars.next();
                }
                _ => return Some(at),
            }
        }
    }
    None
}

/// Writes a list for people, as [`split`] reads it.
pub fn joined<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let written = texts.into_iter().map(|text| match Ident::new(text) {
        Ok(name) => name.to_string(),
        Err(_) => quote(text),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// Writes a list for the server: each element an identifier, and what cannot be one a literal.
pub fn sql<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let written =
        texts.into_iter().map(|text| Ident::new(text).map_or_else(|_| literal(text), |name| name.sql()));
    written.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn lists_are_read_as_they_are_written() {
        let all = ["a", "B c", "x\"y, z", "public", "select", "ä", ""];
        let written = joined(all);
        assert_eq!(written, r#"a, "B c", "x""y, z", public, "select", "ä", """#);
        assert_eq!(texts(&written), all);
        assert_eq!(sql(all), r#""a", "B c", "x""y, z", "public", "select", "ä", ''"#);
    }

    #[test]
    fn names_without_quotes_stay_as_they_are() {
        assert_eq!(texts("a,B c , d"), ["a", "B c", "d"]);
        assert!(texts("  ").is_empty());
        assert!(texts("\"open").len() <= 1);
    }
}
