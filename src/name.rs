//! Names and ids: the newtypes every room speaks in, and the only quoting function.
//!
//! A name is kept as the server stores it: unquoted text folded to lower case, quoted text as
//! written. `Display` is for people (quotes only where they are needed), [`Ident::sql`] and the
//! `sql` methods beside it are for the server (always quoted). Nothing else in the crate may put
//! quote marks around an identifier or a literal. Start reading at [`Ident`].

pub mod like;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use smol_str::SmolStr;

pub mod listed;

/// The longest identifier the server takes, in bytes of UTF-8.
///
/// Source: `max_identifier_length` of Materialize v26.21; a longer one is an error there, never
/// truncated.
pub const MAX_IDENTIFIER_BYTES: usize = 255;

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text has no characters at all.
    #[error("an identifier cannot be empty")]
    Empty,
    /// The text is longer than the server stores.
    #[error("identifier too long (len: {len}, max: {MAX_IDENTIFIER_BYTES}, value: {value:?})")]
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The text itself.
        value: String,
    },
    /// The text is one that no quoting makes acceptable.
    #[error("`{0}` cannot be an identifier")]
    Unusable(String),
    /// A dotted name has too few or too many parts, or quotes that do not close.
    #[error("`{text}` is not a name of the form {form}")]
    Shape {
        /// The text as given.
        text: String,
        /// The form that was expected, such as `database.schema.object`.
        form: &'static str,
    },
}

/// One identifier, as the server stores it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ident(SmolStr);

impl Ident {
    /// Takes a stored spelling: no folding, no quote marks.
    ///
    /// # Errors
    /// [`NameError`] when the text is empty, longer than [`MAX_IDENTIFIER_BYTES`], holds a NUL
    /// byte, or is `.` or `..`.
    pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
        let text = text.as_ref();
        usable(text)?;
        Ok(Self(SmolStr::new(text)))
    }

    /// Takes an unquoted spelling and folds it to lower case, as the server does.
    ///
    /// # Errors
    /// As [`Ident::new`].
    pub fn folded(text: &str) -> Result<Self, NameError> {
        Self::new(folded(text))
    }

    /// Writes what [`Ident::sql`] is of a stored spelling, where nobody keeps the identifier.
    ///
    /// # Errors
    /// As [`Ident::new`]; nothing is written then.
    pub fn write_sql_of(text: &str, to: &mut String) -> Result<(), NameError> {
        usable(text)?;
        between('"', text, to);
        Ok(())
    }

    /// Writes what [`Ident::sql`] is of an unquoted spelling, where nobody keeps the identifier.
    ///
    /// # Errors
    /// As [`Ident::new`]; nothing is written then.
    pub fn write_sql_of_folded(text: &str, to: &mut String) -> Result<(), NameError> {
        Self::write_sql_of(&folded(text), to)
    }

    /// The stored spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The spelling for the server: always in double quotes, inner quotes doubled.
    pub fn sql(&self) -> String {
        quote(&self.0)
    }

    /// Writes [`Ident::sql`] behind a text.
    pub fn write_sql(&self, text: &mut String) {
        between('"', &self.0, text);
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if needs_quotes(&self.0) { f.write_str(&quote(&self.0)) } else { f.write_str(&self.0) }
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

impl From<Ident> for String {
    fn from(ident: Ident) -> Self {
        ident.0.into()
    }
}

impl TryFrom<String> for Ident {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl AsRef<str> for Ident {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Ident {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Tells whether a text can be an identifier.
fn usable(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_IDENTIFIER_BYTES {
        return Err(NameError::TooLong { len: text.len(), value: text.to_owned() });
    }
    if text == "." || text == ".." || text.bytes().any(|byte| byte == 0) {
        return Err(NameError::Unusable(text.replace('\0', "\\0")));
    }
    Ok(())
}

/// Folds an unquoted spelling to lower case; most are already, and are not copied.
fn folded(text: &str) -> Cow<'_, str> {
    let is_folded = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// Puts a text into double quotes.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    between('"', text, &mut quoted);
    quoted
}

/// Writes a text between two quotes, those in it doubled.
fn between(quote: char, text: &str, to: &mut String) {
    to.push(quote);
    // Hardly any has one.
    if text.bytes().any(|byte| char::from(byte) == quote) {
        for c in text.chars() {
            to.extend(std::iter::repeat_n(c, if c == quote { 2 } else { 1 }));
        }
    } else {
        to.push_str(text);
    }
    to.push(quote);
}

/// Writes a string literal: single quotes, inner ones doubled.
///
/// Backslashes mean themselves (`standard_conforming_strings` is on and cannot be turned off).
pub fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    between('\'', text, &mut quoted);
    quoted
}

/// Words that a reader of SQL would take for syntax where a name stands unquoted.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "and", "any", "array", "as", "asc", "between", "both", "case", "cast", "create", "cross", "current",
    "desc", "distinct", "else", "end", "except", "exists", "false", "fetch", "for", "from", "full", "group",
    "having", "in", "inner", "intersect", "into", "is", "join", "lateral", "leading", "left", "like",
    "limit", "list", "map", "natural", "not", "null", "offset", "on", "options", "or", "order", "outer",
    "qualify", "returning", "right", "row", "rows", "select", "set", "table", "then", "to", "trailing",
    "true", "union", "user", "using", "values", "when", "where", "window", "with",
];

/// Tells whether the spelling means something else, or nothing, without quotes.
fn needs_quotes(text: &str) -> bool {
    let mut chars = text.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$');
    !plain || RESERVED.binary_search(&text).is_ok()
}

/// Splits a dotted name into its parts: unquoted parts are folded, quoted ones kept.
///
/// # Errors
/// [`NameError`] when a part is unusable or a quote does not close.
pub fn split_dotted(text: &str, form: &'static str) -> Result<Vec<Ident>, NameError> {
    let shape = || NameError::Shape { text: text.to_owned(), form };
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted).ok_or_else(shape)?;
                (Ident::new(quoted[..end].replace("\"\"", "\""))?, &quoted[end + 1..])
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                if rest[..end].contains(['"', ' ', '\t', '\n']) {
                    return Err(shape());
                }
                (Ident::folded(&rest[..end])?, &rest[end..])
            }
        };
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(parts),
            None => return Err(shape()),
        }
    }
}

/// Finds the quote mark that ends a quoted identifier, skipping doubled ones.
fn closing_quote(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let found = at + text[at..].find('"')?;
        if text[found + 1..].starts_with('"') {
            at = found + 2;
        } else {
            return Some(found);
        }
    }
}

/// What an object in a schema can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A table, also one fed by a source.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A source or subsource.
    Source,
    /// A sink.
    Sink,
    /// An index.
    Index,
    /// A connection.
    Connection,
    /// A secret.
    Secret,
    /// A type.
    Type,
    /// A function; only the system has them.
    Function,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Table,
        Self::View,
        Self::MaterializedView,
        Self::Source,
        Self::Sink,
        Self::Index,
        Self::Connection,
        Self::Secret,
        Self::Type,
        Self::Function,
    ];

    /// Whether it has rows that a query can read.
    pub fn is_relation(self) -> bool {
        match self {
            Self::Table | Self::Source | Self::View | Self::MaterializedView => true,
            Self::Sink | Self::Index | Self::Connection | Self::Secret | Self::Type | Self::Function => false,
        }
    }

    /// The spelling of `mz_objects.type`: `materialized-view`.
    pub fn catalog(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized-view",
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Index => "index",
            Self::Connection => "connection",
            Self::Secret => "secret",
            Self::Type => "type",
            Self::Function => "function",
        }
    }

    /// Reads the spelling of `mz_objects.type`.
    pub fn from_catalog(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.catalog() == text)
    }

    /// The keywords of DDL: `MATERIALIZED VIEW`.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::View => "VIEW",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::Source => "SOURCE",
            Self::Sink => "SINK",
            Self::Index => "INDEX",
            Self::Connection => "CONNECTION",
            Self::Secret => "SECRET",
            Self::Type => "TYPE",
            Self::Function => "FUNCTION",
        }
    }

    /// Tells whether a deployment stages and swaps it; the others are applied in place.
    pub fn is_staged(self) -> bool {
        matches!(self, Self::View | Self::MaterializedView)
    }
}

impl fmt::Display for ObjectKind {
    /// Writes it for people: `materialized view`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.catalog().replace('-', " "))
    }
}

/// A schema, by its database and its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SchemaName {
    /// The database it is in.
    pub database: Ident,
    /// Its own name.
    pub schema: Ident,
}

impl SchemaName {
    /// Puts the two parts together.
    pub fn new(database: Ident, schema: Ident) -> Self {
        Self { database, schema }
    }

    /// The two-part name for the server.
    pub fn sql(&self) -> String {
        format!("{}.{}", self.database.sql(), self.schema.sql())
    }

    /// The full name of an object in this schema.
    pub fn object(&self, object: Ident) -> ObjectName {
        ObjectName { database: self.database.clone(), schema: self.schema.clone(), object }
    }
}

/// An object, by database, schema and its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName {
    /// The database it is in.
    pub database: Ident,
    /// The schema it is in.
    pub schema: Ident,
    /// Its own name.
    pub object: Ident,
}

impl ObjectName {
    /// Puts the three parts together.
    pub fn new(database: Ident, schema: Ident, object: Ident) -> Self {
        Self { database, schema, object }
    }

    /// The three-part name for the server.
    pub fn sql(&self) -> String {
        let lengths = [&self.database, &self.schema, &self.object].map(|part| part.as_str().len());
        let mut text = String::with_capacity(lengths.iter().sum::<usize>() + 8);
        self.write_sql(&mut text);
        text
    }

    /// Writes [`ObjectName::sql`] behind a text.
    pub fn write_sql(&self, text: &mut String) {
        self.database.write_sql(text);
        text.push('.');
        self.schema.write_sql(text);
        text.push('.');
        self.object.write_sql(text);
    }

    /// The schema that holds the object.
    pub fn schema_name(&self) -> SchemaName {
        SchemaName { database: self.database.clone(), schema: self.schema.clone() }
    }

    /// Tells whether the object is in that schema.
    pub fn is_in(&self, schema: &SchemaName) -> bool {
        self.database == schema.database && self.schema == schema.schema
    }
}

macro_rules! dotted_text {
    ($type:ident, $form:literal, [$($part:ident),+]) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let parts = [$(self.$part.to_string()),+];
                f.write_str(&parts.join("."))
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let mut parts = split_dotted(text, $form)?.into_iter();
                let mut next = || {
                    parts.next().ok_or_else(|| NameError::Shape { text: text.to_owned(), form: $form })
                };
                let name = Self { $($part: next()?),+ };
                match parts.next() {
                    None => Ok(name),
                    Some(_) => Err(NameError::Shape { text: text.to_owned(), form: $form }),
                }
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
    };
}

dotted_text!(SchemaName, "database.schema", [database, schema]);
dotted_text!(ObjectName, "database.schema.object", [database, schema, object]);

macro_rules! one_part {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub Ident);

        impl $type {
            /// The name for the server, always quoted.
            pub fn sql(&self) -> String {
                self.0.sql()
            }

            /// The stored spelling.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

one_part! {
    /// A cluster's name; clusters are global.
    ClusterName
}
one_part! {
    /// A role's name; roles are global.
    RoleName
}

macro_rules! catalog_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(SmolStr);

        impl $type {
            /// Takes an id as the catalog prints it, such as `u12`.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(SmolStr::new(text))
            }

            /// The id as the catalog prints it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

catalog_id! {
    /// The permanent id of an object: `u12`. Each family of things has its own id space.
    ObjectId
}
catalog_id! {
    /// The permanent id of a schema.
    SchemaId
}
catalog_id! {
    /// The permanent id of a database.
    DatabaseId
}
catalog_id! {
    /// The permanent id of a cluster.
    ClusterId
}
catalog_id! {
    /// The permanent id of a cluster replica.
    ReplicaId
}
catalog_id! {
    /// The permanent id of a role; `p` stands for PUBLIC.
    RoleId
}

#[cfg(test)]
mod tests;
