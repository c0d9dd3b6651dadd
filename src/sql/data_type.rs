//! Types as written in casts and column lists.
//!
//! The many spellings of one built-in type (`bigint`, `int8`, `pg_catalog.int8`, the catalog's
//! `[s22 AS "pg_catalog"."int8"]`) come out as one. Start reading at [`DataType`].

use super::ast::RawName;
use super::error::SyntaxError;
use super::parse::cursor::Cursor;
use super::span::Span;
use super::token::Lexeme;
use super::token::MAX_DEPTH;
use super::token::Token;
use crate::name::Ident;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataType {
    /// A type with a name. One part that is not quoted is the server's own name of a built-in
    /// type where it is one: `int8`, whatever spelling was used.
    Named {
        /// Its name.
        name: RawName,
        /// What stands in parentheses behind it, such as `10` and `2`.
        modifiers: Vec<String>,
    },
    /// `x[]`
    Array(Box<DataType>),
    /// `x list`
    List(Box<DataType>),
    /// `map[k=>v]`
    Map(Box<DataType>, Box<DataType>),
}

impl DataType {
    /// Reads a type that stands alone, such as a column's.
    ///
    /// # Errors
    /// Where the text is no type, or more than one.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let tokens = super::lex::lex(text)?;
        super::token::check_depth(&tokens)?;
        let mut cursor = Cursor::new(text, &tokens);
        let data_type = read(&mut cursor)?;
        cursor.end()?;
        Ok(data_type)
    }

    /// The server's name of a built-in type, without its schema: `int8`, `_text` for an array of
    /// `text`. `None` for lists, maps and types of users.
    pub fn builtin(&self) -> Option<String> {
        match self {
            Self::Named { name, .. } => match name.parts.as_slice() {
                [only] => Some(only.as_str().to_owned()),
                [schema, own] if is_system(schema) => Some(own.as_str().to_owned()),
                _ => None,
            },
            Self::Array(element) => {
                let element = element.builtin()?;
                // An array of an array is the same type to the server.
                Some(if element.starts_with('_') { element } else { format!("_{element}") })
            }
            Self::List(_) | Self::Map(..) => None,
        }
    }

    /// The name of one part that it or its elements have, where that may be a user's.
    pub(super) fn perhaps_users(&self) -> Option<&RawName> {
        match self {
            Self::Named { name, .. } => match name.parts.as_slice() {
                [only] if name.id.is_none() && BUILTIN.binary_search(&only.as_str()).is_err() => Some(name),
                _ => None,
            },
            Self::Array(element) => element.perhaps_users(),
            Self::List(_) | Self::Map(..) => None,
        }
    }

    /// The types in it that may be a user's, as their names are written.
    pub fn users(&self) -> Vec<RawName> {
        let mut found = Vec::new();
        self.add_users_to(&mut found);
        found
    }

    /// The types in it that may be a user's, as their names are written.
    pub(super) fn add_users_to(&self, found: &mut Vec<RawName>) {
        match self {
            Self::Named { name, .. } => match name.parts.as_slice() {
                [only] if name.id.is_none() && BUILTIN.binary_search(&only.as_str()).is_ok() => {}
                [schema, _] if is_system(schema) => {}
                _ => found.push(name.clone()),
            },
            Self::Array(element) | Self::List(element) => element.add_users_to(found),
            Self::Map(key, value) => {
                key.add_users_to(found);
                value.add_users_to(found);
            }
        }
    }

    /// Tells whether both are spellings of one type, with any precision. A bare `list` or `map` is
    /// like any, and `varchar` like `text`.
    pub fn is_like(&self, other: &Self) -> bool {
        // `_int4` is the server's own name for `int4[]`.
        if self.builtin().is_some_and(|own| other.builtin() == Some(own)) {
            return true;
        }
        match (self, other) {
            (Self::Array(a), Self::Array(b)) | (Self::List(a), Self::List(b)) => a.is_like(b),
            (Self::Map(k, v), Self::Map(l, w)) => k.is_like(l) && v.is_like(w),
            (Self::Named { name, .. }, Self::List(_)) | (Self::List(_), Self::Named { name, .. }) => {
                own_name(name) == "list"
            }
            (Self::Named { name, .. }, Self::Map(..)) | (Self::Map(..), Self::Named { name, .. }) => {
                own_name(name) == "map"
            }
            (Self::Named { name: a, .. }, Self::Named { name: b, .. }) => own_name(a) == own_name(b),
            (Self::Array(_), Self::Named { .. } | Self::List(_) | Self::Map(..))
            | (Self::List(_), Self::Array(_) | Self::Map(..))
            | (Self::Map(..), Self::Array(_) | Self::List(_))
            | (Self::Named { .. }, Self::Array(_)) => false,
        }
    }

    /// The numbers in parentheses of it or of its elements.
    pub fn modifiers(&self) -> &[String] {
        match self {
            Self::Named { modifiers, .. } => modifiers,
            Self::Array(element) | Self::List(element) => element.modifiers(),
            Self::Map(..) => &[],
        }
    }
}

/// Names that mean the server's own types wherever they stand; sorted for the search. One that is
/// not here costs a look among the objects of the project.
#[rustfmt::skip]
const BUILTIN: &[&str] = &[
    "bool", "bpchar", "bytea", "char", "date", "daterange", "float4", "float8", "int2", "int4", "int4range",
    "int8", "int8range", "interval", "jsonb", "list", "map", "mz_aclitem", "mz_timestamp", "name", "numeric",
    "numrange", "oid", "record", "regclass", "regproc", "regtype", "text", "time", "timestamp", "timestamptz",
    "timetz", "tsrange", "tstzrange", "uint2", "uint4", "uint8", "uuid", "varchar",
];

/// A type's name without its schema.
fn own_name(name: &RawName) -> &str {
    match name.parts.last().map_or("", Ident::as_str) {
        "varchar" => "text",
        own => own,
    }
}

/// Tells whether a schema holds the system's own types and functions.
pub(super) fn is_system(schema: &Ident) -> bool {
    matches!(
        schema.as_str(),
        "pg_catalog" | "mz_catalog" | "mz_internal" | "mz_unsafe" | "information_schema"
    )
}

/// Reads a type at the cursor.
///
/// # Errors
/// Where there is none.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<DataType, SyntaxError> {
    read_within(cursor, 0)
}

/// Reads a type that stands within that many maps.
fn read_within(cursor: &mut Cursor<'_>, maps: usize) -> Result<DataType, SyntaxError> {
    if maps > MAX_DEPTH {
        return Err(cursor.expected("fewer nested types"));
    }
    let mut data_type = if cursor.peek_is("MAP") && cursor.nth_is_lexeme(1, &Lexeme::LBracket) {
        cursor.advance();
        cursor.expect_lexeme(&Lexeme::LBracket)?;
        let key = read_within(cursor, maps + 1)?;
        cursor.expect_lexeme(&Lexeme::RArrow)?;
        let value = read_within(cursor, maps + 1)?;
        cursor.expect_lexeme(&Lexeme::RBracket)?;
        DataType::Map(Box::new(key), Box::new(value))
    } else {
        read_named(cursor)?
    };
    let first = cursor.at();
    loop {
        if cursor.at() - first > MAX_DEPTH {
            return Err(cursor.expected("fewer nested types"));
        }
        if cursor.keyword("LIST") {
            data_type = DataType::List(Box::new(data_type));
        } else if cursor.peek_is_lexeme(&Lexeme::LBracket) && ends_array(cursor) {
            cursor.advance();
            if !cursor.peek_is_lexeme(&Lexeme::RBracket) {
                cursor.advance();
            }
            cursor.expect_lexeme(&Lexeme::RBracket)?;
            data_type = DataType::Array(Box::new(data_type));
        } else {
            return Ok(data_type);
        }
    }
}

/// Tells whether the bracket at the cursor is `[]` or `[3]`, and not the catalog's `[u1 AS …]`.
fn ends_array(cursor: &Cursor<'_>) -> bool {
    cursor.nth_is_lexeme(1, &Lexeme::RBracket)
        || (cursor.nth(1).is_some_and(Token::is_number) && cursor.nth_is_lexeme(2, &Lexeme::RBracket))
}

/// Reads a name with its modifiers, in any of the spellings of SQL.
fn read_named(cursor: &mut Cursor<'_>) -> Result<DataType, SyntaxError> {
    if !cursor.peek_is_word() && !cursor.peek_is_lexeme(&Lexeme::LBracket) {
        return Err(cursor.expected("a data type name"));
    }
    let unquoted = cursor.peek().and_then(|token| token.word()).map(str::to_ascii_lowercase);
    let mut name = cursor.name()?;
    let mut modifiers = modifiers(cursor)?;
    let spelling = match (unquoted, name.parts.len(), &name.id) {
        (Some(word), 1, None) => word,
        _ => return Ok(DataType::Named { name, modifiers }),
    };
    let builtin = match spelling.as_str() {
        "bigint" => "int8",
        "int" | "integer" => "int4",
        "smallint" => "int2",
        "boolean" => "bool",
        "bytes" => "bytea",
        "dec" | "decimal" => "numeric",
        "json" => "jsonb",
        "real" => "float4",
        "string" => "text",
        "float" => match modifiers.drain(..).next().and_then(|bits| bits.parse::<u32>().ok()) {
            Some(..=24) => "float4",
            _ => "float8",
        },
        "double" => {
            cursor.keyword("PRECISION");
            "float8"
        }
        "char" | "character" => {
            let varying = cursor.keyword("VARYING");
            if modifiers.is_empty() {
                modifiers = self::modifiers(cursor)?;
            }
            if varying { "varchar" } else { "bpchar" }
        }
        "time" => {
            if zone(cursor)? {
                "timetz"
            } else {
                "time"
            }
        }
        "timestamp" => {
            if zone(cursor)? {
                "timestamptz"
            } else {
                "timestamp"
            }
        }
        _ => return Ok(DataType::Named { name, modifiers }),
    };
    name.span = Span::new(name.span.start, cursor.last_end());
    name.parts = vec![Ident::new(builtin).map_err(|error| SyntaxError::new(error.to_string(), name.span))?];
    Ok(DataType::Named { name, modifiers })
}

/// Reads `WITH TIME ZONE` or `WITHOUT TIME ZONE`; tells whether it was the first.
fn zone(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    for (word, answer) in [("WITH", true), ("WITHOUT", false)] {
        if cursor.peek_is(word) && cursor.nth_is(1, "TIME") {
            cursor.advance();
            cursor.advance();
            cursor.expect("ZONE")?;
            return Ok(answer);
        }
    }
    Ok(false)
}

/// Reads `(10, 2)` if it is there.
fn modifiers(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SyntaxError> {
    let numbered = cursor.nth(1).is_some_and(Token::is_number);
    if !cursor.peek_is_lexeme(&Lexeme::LParen) || !numbered {
        return Ok(Vec::new());
    }
    cursor.advance();
    let numbers = cursor.list(|cursor| {
        let sign = if cursor.lexeme(&Lexeme::Minus) { "-" } else { "" };
        match cursor.peek().map(|token| &token.lexeme) {
            Some(Lexeme::Number(digits)) => {
                let digits = format!("{sign}{digits}");
                cursor.advance();
                Ok(digits)
            }
            _ => Err(cursor.expected("literal integer")),
        }
    })?;
    cursor.expect_lexeme(&Lexeme::RParen)?;
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_users_are_told_from_the_servers() {
        assert!(BUILTIN.is_sorted());
        let users = |text: &str| {
            let mut found = Vec::new();
            DataType::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).add_users_to(&mut found);
            found.iter().map(|name| name.span.of(text).to_owned()).collect::<Vec<_>>().join(" ")
        };
        for text in ["int", "double precision", "map[text=>int list]", "pg_catalog.int4[]", "varchar(3)"] {
            assert_eq!(users(text), "", "{text}");
        }
        assert_eq!(users("map[text=>sales.kind list]"), "sales.kind");
        assert_eq!(users("\"Kind\"[]"), "\"Kind\"");
        assert_eq!(users("db.sales.kind"), "db.sales.kind");
    }
}
