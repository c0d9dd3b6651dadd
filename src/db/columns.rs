//! What relations and statements look like: their columns and the types of those.
//!
//! A description tells a type by its oid, the catalog by its words. What neither tells entirely,
//! such as what a list is made of, is said to be unknown and never guessed. Start reading at
//! [`Types::sql`] and [`relations`].

use std::collections::BTreeMap;

use super::error::Error;
use super::session::Row;
use super::session::Session;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::literal;

const TYPES: &str = "SELECT t.oid, t.name, t.category, s.name, d.name FROM mz_catalog.mz_types t \
    JOIN mz_catalog.mz_schemas s ON s.id = t.schema_id \
    LEFT JOIN mz_catalog.mz_databases d ON d.id = s.database_id";

/// How many names a query asks for; enough for any project in a few queries.
const NAMES_A_QUERY: usize = 500;

/// A column of what a statement would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// The oid of its type.
    pub oid: u32,
    /// The modifier of its type; -1 for none.
    pub modifier: i32,
}

/// The types that a server has, by their oids.
#[derive(Clone, Debug, Default)]
pub struct Types(BTreeMap<u32, Type>);

#[derive(Clone, Debug)]
struct Type {
    name: String,
    category: String,
    /// Of a type that somebody made.
    full: Option<ObjectName>,
}

/// Types that have more to say than their name, in a modifier.
///
/// Source: PostgreSQL's, which Materialize follows; that the server gives arrays of them no modifier
/// is read in its code.
const MODIFIED: [&str; 5] = ["numeric", "varchar", "bpchar", "timestamp", "timestamptz"];

impl Types {
    /// Reads them, and makes the session ready to describe statements that use any of them.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn read(session: &Session) -> Result<Self, Error> {
        let rows = session.read(TYPES).await?;
        let types = Self(rows.iter().filter_map(type_of).collect());
        types.introduce(session).await?;
        Ok(types)
    }

    /// Lets the driver meet the types that somebody made. The first time that it is described one, it asks
    /// `pg_type` for it, which tells only of those in the session's database.
    async fn introduce(&self, session: &Session) -> Result<(), Error> {
        let made = self.0.values().filter_map(|made| made.full.as_ref());
        let mut by_database: BTreeMap<&Ident, Vec<&ObjectName>> = BTreeMap::new();
        for name in made {
            by_database.entry(&name.database).or_default().push(name);
        }
        let own =
            Ident::new(&session.target().database).map_err(|error| Error::protocol(error.to_string()))?;
        let is_elsewhere = by_database.keys().any(|database| **database != own);
        for (database, names) in by_database.into_iter().filter(|(database, _)| **database != own) {
            session.run(&format!("SET database = {}", database.sql())).await?;
            for name in names {
                // A type that the role may not use is complained of where it is used.
                if let Err(error) = session.describe(&format!("SELECT NULL::{}", name.sql())).await {
                    tracing::debug!("{name} stays unknown: {error}");
                }
            }
        }
        if is_elsewhere {
            session.run(&format!("SET database = {}", own.sql())).await?;
        }
        Ok(())
    }

    /// Some types, each with its oid, its name and its category.
    #[cfg(test)]
    pub fn of(types: &[(u32, &str, &str)]) -> Self {
        let made = |(oid, name, category): &(u32, &str, &str)| {
            let (name, category) = ((*name).to_owned(), (*category).to_owned());
            (*oid, Type { name, category, full: None })
        };
        Self(types.iter().map(made).collect())
    }

    /// The SQL of a type in a description; `None` where that does not tell it entirely: what lists,
    /// maps and records are made of, and of arrays whether their elements have a modifier.
    pub fn sql(&self, described: &Described) -> Option<String> {
        let found = self.0.get(&described.oid)?;
        if let Some(full) = &found.full {
            return Some(full.sql());
        }
        match found.category.as_str() {
            "list" | "map" | "composite" | "pseudo" => None,
            _ => match found.name.strip_prefix('_') {
                Some(element) if MODIFIED.contains(&element) && described.modifier < 0 => None,
                Some(element) => Some(format!("{}[]", modified(element, described.modifier))),
                None => Some(modified(&found.name, described.modifier)),
            },
        }
    }
}

fn type_of(row: &Row) -> Option<(u32, Type)> {
    let (name, category) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
    Some((row.parsed(0)?, Type { category, name, full: full_name(row, [4, 3, 1]) }))
}

/// The whole name of a type, from the columns with its database, its schema and its own name; `None` for one of the
/// system, which is in no database.
fn full_name(row: &Row, columns: [usize; 3]) -> Option<ObjectName> {
    let [database, schema, own] = columns.map(|at| row.text(at).and_then(|text| Ident::new(text).ok()));
    Some(ObjectName::new(database?, schema?, own?))
}

/// A built-in type by its own name or by the catalog's word for it, with what its modifier says.
fn modified(name: &str, modifier: i32) -> String {
    /// PostgreSQL counts the length word of a varying value in.
    const HEADER: i32 = 4;
    if let Some(element) = name.strip_suffix("[]") {
        return format!("{}[]", modified(element, modifier));
    }
    let length = modifier - HEADER;
    match name {
        "char" => "\"char\"".to_owned(),
        "numeric" if length >= 0 => format!("numeric({},{})", (length >> 16) & 0xffff, length & 0xffff),
        "varchar" | "bpchar" | "character varying" | "character" if length >= 0 => {
            format!("{name}({length})")
        }
        "timestamp" | "timestamptz" if modifier >= 0 => format!("{name}({modifier})"),
        "timestamp without time zone" | "timestamp with time zone" if modifier >= 0 => {
            name.replacen("timestamp", &format!("timestamp({modifier})"), 1)
        }
        _ => name.to_owned(),
    }
}

/// Something in a schema, as the catalog tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its database; `None` for something of the system.
    pub database: Option<Ident>,
    /// Its schema.
    pub schema: Ident,
    /// Its own name.
    pub name: Ident,
    /// `mz_objects.type`
    pub kind: String,
    /// The comment on it.
    pub comment: Option<String>,
    /// Its columns, in the order of their positions.
    pub columns: Vec<RelationColumn>,
}

/// A column as the catalog tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationColumn {
    /// Its name.
    pub name: Ident,
    /// Its type: SQL, but for lists, maps and records, of which the catalog has only the word, and for those that
    /// somebody made, of which this is the own name.
    pub data_type: String,
    /// The type's whole name, of one that somebody made.
    pub made_type: Option<ObjectName>,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// The comment on it.
    pub comment: Option<String>,
}

/// Reads everything that has one of some own names, in whichever schema, sorted by nothing.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn relations(session: &Session, names: &[&Ident]) -> Result<Vec<Relation>, Error> {
    let mut relations = Vec::new();
    for names in names.chunks(NAMES_A_QUERY) {
        let list: Vec<String> = names.iter().map(|name| literal(name.as_str())).collect();
        let objects = format!(
            "SELECT o.id, d.name, s.name, o.name, o.type FROM mz_catalog.mz_objects o \
             JOIN mz_catalog.mz_schemas s ON s.id = o.schema_id \
             LEFT JOIN mz_catalog.mz_databases d ON d.id = s.database_id WHERE o.name IN ({})",
            list.join(", ")
        );
        let objects = session.read(&objects).await?;
        let ids: Vec<String> = objects.iter().filter_map(|row| row.text(0)).map(literal).collect();
        if ids.is_empty() {
            continue;
        }
        let ids = ids.join(", ");
        // The catalog calls a type that somebody made by its own name alone.
        let columns = format!(
            "SELECT c.id, c.position, c.name, c.type, c.type_mod, c.nullable, t.name, s.name, d.name \
             FROM mz_catalog.mz_columns c LEFT JOIN (mz_catalog.mz_types t \
             JOIN mz_catalog.mz_schemas s ON s.id = t.schema_id \
             JOIN mz_catalog.mz_databases d ON d.id = s.database_id) ON t.oid = c.type_oid WHERE c.id IN ({ids})"
        );
        // Schemas and clusters are counted from 1 as well.
        let comments = format!(
            "SELECT c.id, c.object_sub_id, c.comment FROM mz_internal.mz_comments c \
             JOIN mz_catalog.mz_objects o ON o.id = c.id AND o.type = c.object_type WHERE c.id IN ({ids})"
        );
        let (columns, comments) =
            futures_util::future::try_join(session.read(&columns), session.read(&comments)).await?;
        relations.extend(objects.iter().filter_map(|row| relation(row, &columns, &comments)));
    }
    Ok(relations)
}

/// Asks for the types of some columns of a relation by its SQL: as text, with what lists and maps
/// are made of.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn types_of(session: &Session, relation: &str, columns: &[&Ident]) -> Result<Vec<String>, Error> {
    // Without rows, so that nothing is read.
    let asked =
        columns.iter().map(|name| format!("pg_typeof((SELECT {} FROM {relation} LIMIT 0))", name.sql()));
    let rows = session.read(&format!("SELECT {}", asked.collect::<Vec<_>>().join(", "))).await?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    (0..columns.len()).map(|column| row.required(column).map(str::to_owned)).collect()
}

fn relation(row: &Row, columns: &[Row], comments: &[Row]) -> Option<Relation> {
    let id = row.text(0)?;
    let ident = |text: &str| Ident::new(text).ok();
    let comment = |position: Option<u64>| {
        let own = comments.iter().filter(|row| row.text(0) == Some(id));
        own.filter(|row| row.parsed(1) == position).find_map(|row| row.text(2)).map(str::to_owned)
    };
    let mut placed: Vec<(u64, RelationColumn)> = columns
        .iter()
        .filter(|row| row.text(0) == Some(id))
        .filter_map(|row| {
            let position = row.parsed(1)?;
            let column = RelationColumn {
                name: ident(row.text(2)?)?,
                data_type: modified(row.text(3)?, row.parsed(4).unwrap_or(-1)),
                made_type: full_name(row, [8, 7, 6]),
                nullable: row.is_true(5),
                comment: comment(Some(position)),
            };
            Some((position, column))
        })
        .collect();
    placed.sort_by_key(|(position, _)| *position);
    Some(Relation {
        database: row.text(1).and_then(ident),
        schema: ident(row.text(2)?)?,
        name: ident(row.text(3)?)?,
        kind: row.text(4)?.to_owned(),
        comment: comment(None),
        columns: placed.into_iter().map(|(_, column)| column).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> Types {
        let mut types = Types::of(&[
            (18, "char", "base"),
            (22, "int2vector", "array"),
            (23, "int4", "base"),
            (1007, "_int4", "array"),
            (1015, "_varchar", "array"),
            (1042, "bpchar", "base"),
            (1043, "varchar", "base"),
            (1114, "timestamp", "base"),
            (1184, "timestamptz", "base"),
            (1700, "numeric", "base"),
            (2249, "record", "pseudo"),
            (16_384, "list", "list"),
            (16_464, "uint8", "base"),
            (16_552, "mz_timestamp", "base"),
        ]);
        let full = "shop.raw.\"Own\"".parse().unwrap_or_else(|error| panic!("{error}"));
        let own = Type { name: "Own".to_owned(), category: "map".to_owned(), full: Some(full) };
        types.0.insert(20_001, own);
        types
    }

    #[test]
    fn a_type_is_told_entirely_or_not_at_all() {
        let types = types();
        let sql = |oid, modifier| types.sql(&Described { name: String::new(), oid, modifier });
        let told = |oid, modifier| sql(oid, modifier).unwrap_or_else(|| "-".to_owned());
        let all = [
            (1700, -1, "numeric"),
            (1700, (39 << 16 | 2) + 4, "numeric(39,2)"),
            (1043, 24, "varchar(20)"),
            (1043, -1, "varchar"),
            (1042, 7, "bpchar(3)"),
            (1114, 3, "timestamp(3)"),
            (1184, 0, "timestamptz(0)"),
            (1184, -1, "timestamptz"),
            (18, -1, "\"char\""),
            (16_464, -1, "uint8"),
            (16_552, -1, "mz_timestamp"),
            (1007, -1, "int4[]"),
            (1015, -1, "-"),
            (1015, 9, "varchar(5)[]"),
            (22, -1, "int2vector"),
            (16_384, -1, "-"),
            (2249, -1, "-"),
            (20_001, -1, "\"shop\".\"raw\".\"Own\""),
            (77_777, -1, "-"),
        ];
        for (oid, modifier, expected) in all {
            assert_eq!(told(oid, modifier), expected, "{oid} {modifier}");
        }
    }

    #[test]
    fn words_of_the_catalog_take_modifiers_too() {
        assert_eq!(modified("timestamp with time zone", 3), "timestamp(3) with time zone");
        assert_eq!(modified("character varying[]", 9), "character varying(5)[]");
        assert_eq!(modified("integer", -1), "integer");
    }
}
