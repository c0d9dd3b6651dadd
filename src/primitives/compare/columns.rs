//! How two relations' columns differ, and how those that both have are compared. Pure.
//!
//! Values are compared as the server keeps them, which is exact and takes NULL for equal to NULL.
//! Two spellings of one number are made one first: -0.0 and 0.0, and whatever NaN there is. What
//! has no order of its own (lists, maps, records, arrays), and columns that have changed their type
//! beyond their family, are compared as the text that the server writes. Start reading at
//! [`compare`].

use serde::Serialize;

use crate::db::columns::RelationColumn;
use crate::name::Ident;

/// A column whose type changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retyped {
    /// Its name.
    pub name: String,
    /// Its type in production.
    pub blue: String,
    /// Its type in the deployment.
    pub green: String,
}

/// How the columns differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Columns {
    /// Columns that only the deployment has.
    pub added: Vec<String>,
    /// Columns that only production has.
    pub removed: Vec<String>,
    /// Columns of another type.
    pub retyped: Vec<Retyped>,
    /// Whether the columns that both have stand in another order.
    pub reordered: bool,
    /// Columns that are compared as text.
    pub as_text: Vec<String>,
}

impl Columns {
    /// Whether somebody who reads production's columns finds another thing there.
    pub fn break_readers(&self) -> bool {
        !self.removed.is_empty() || !self.retyped.is_empty() || self.reordered
    }
}

impl Columns {
    /// How they differ, in words; empty where they do not.
    pub fn told(&self) -> String {
        let list = |names: &[String]| names.join(", ");
        let mut parts = Vec::new();
        if !self.removed.is_empty() {
            parts.push(format!("without column {}", list(&self.removed)));
        }
        if !self.added.is_empty() {
            parts.push(format!("new column {}", list(&self.added)));
        }
        let retyped = self
            .retyped
            .iter()
            .map(|column| format!("{} is {} instead of {}", column.name, column.green, column.blue));
        parts.extend(retyped);
        if self.reordered {
            parts.push("columns in another order".to_owned());
        }
        parts.join(", ")
    }
}

/// How a column is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// As it is.
    AsIs,
    /// As a type that both sides have a place in.
    As(&'static str),
    /// As a float of that type, with one zero and one NaN.
    Float(&'static str),
    /// As text.
    Text,
}

/// A column that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shared {
    /// Its name.
    pub(super) name: Ident,
    /// How it is compared.
    pub(super) how: How,
    /// Whether its values travel with their type; else as text.
    pub(super) typed: bool,
}

/// What a type is, as far as comparing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Whole,
    Decimal,
    Float(&'static str),
    Text,
    /// Compared as it is; the word is its name without a modifier.
    Plain(&'static str),
    /// Compared as it is, but its values travel as text.
    Printed(&'static str),
    Other,
}

/// The family of a type, by its name without the modifier.
///
/// Source: `design/materialize.md` 3.2, `mz_columns.type`; the short names are those of `mz_types`.
fn family(data_type: &str) -> Family {
    match base(data_type).as_str() {
        "smallint" | "integer" | "bigint" | "int2" | "int4" | "int8" | "uint2" | "uint4" | "uint8" => {
            Family::Whole
        }
        "numeric" => Family::Decimal,
        "real" | "float4" => Family::Float("float4"),
        "double precision" | "float8" => Family::Float("float8"),
        "text" | "character varying" | "varchar" | "character" | "bpchar" => Family::Text,
        "boolean" | "bool" => Family::Plain("bool"),
        "date" => Family::Plain("date"),
        "time" => Family::Plain("time"),
        "timestamp" | "timestamp without time zone" => Family::Plain("timestamp"),
        "timestamptz" | "timestamp with time zone" => Family::Plain("timestamptz"),
        "uuid" => Family::Plain("uuid"),
        "jsonb" => Family::Plain("jsonb"),
        "bytea" => Family::Plain("bytea"),
        "oid" => Family::Plain("oid"),
        "interval" => Family::Printed("interval"),
        "mz_timestamp" => Family::Printed("mz_timestamp"),
        _ => Family::Other,
    }
}

/// The name of a type without what stands in parentheses: `timestamp(3) with time zone`.
fn base(data_type: &str) -> String {
    match (data_type.find('('), data_type.rfind(')')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{}", &data_type[..open], &data_type[close + 1..])
        }
        _ => data_type.to_owned(),
    }
}

/// How a column of these types is compared, and whether its values travel with a type.
fn how(blue: &str, green: &str) -> (How, bool) {
    let families = (family(blue), family(green));
    if blue == green {
        return match families.0 {
            Family::Float(name) => (How::Float(name), true),
            Family::Other => (How::Text, true),
            Family::Printed(_) => (How::AsIs, false),
            Family::Whole | Family::Decimal | Family::Text | Family::Plain(_) => (How::AsIs, true),
        };
    }
    match families {
        (Family::Whole | Family::Decimal, Family::Whole | Family::Decimal) => (How::As("numeric"), true),
        (Family::Float(a), Family::Float(b)) => (How::Float(if a == b { a } else { "float8" }), true),
        (Family::Plain(a), Family::Plain(b)) if a == b => (How::As(a), true),
        (Family::Printed(a), Family::Printed(b)) if a == b => (How::As(a), false),
        _ => (How::Text, true),
    }
}

/// Compares the columns of two relations, each in the order of its positions.
pub(super) fn compare(blue: &[RelationColumn], green: &[RelationColumn]) -> (Columns, Vec<Shared>) {
    let find = |columns: &[RelationColumn], name: &Ident| columns.iter().position(|c| c.name == *name);
    let missing = |from: &[RelationColumn], other: &[RelationColumn]| -> Vec<String> {
        let gone = from.iter().filter(|column| find(other, &column.name).is_none());
        gone.map(|column| column.name.as_str().to_owned()).collect()
    };
    let mut columns =
        Columns { added: missing(green, blue), removed: missing(blue, green), ..Columns::default() };
    let (mut shared, mut places) = (Vec::new(), Vec::new());
    for column in green {
        let Some((at, other)) = find(blue, &column.name).and_then(|at| Some((at, blue.get(at)?))) else {
            continue;
        };
        places.push(at);
        if other.data_type != column.data_type {
            columns.retyped.push(Retyped {
                name: column.name.as_str().to_owned(),
                blue: other.data_type.clone(),
                green: column.data_type.clone(),
            });
        }
        let (how, typed) = how(&other.data_type, &column.data_type);
        if how == How::Text {
            columns.as_text.push(column.name.as_str().to_owned());
        }
        shared.push(Shared { name: column.name.clone(), how, typed });
    }
    columns.reordered = !places.is_sorted();
    (columns, shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(text: &str) -> Vec<RelationColumn> {
        let columns = text.split(';').filter_map(|column| column.trim().split_once(' '));
        let columns = columns.map(|(name, data_type)| RelationColumn {
            name: Ident::new(name).expect("a name"),
            data_type: data_type.to_owned(),
            made_type: None,
            nullable: true,
            comment: None,
        });
        columns.collect()
    }

    #[track_caller]
    fn check(blue: &str, green: &str, expected: &expect_test::Expect) {
        let (columns, shared) = compare(&relation(blue), &relation(green));
        let how =
            shared.iter().map(|c| format!("{} {:?}{}", c.name, c.how, if c.typed { "" } else { " text" }));
        let how: Vec<String> = how.collect();
        let told = serde_json::to_string(&columns).expect("it serialises");
        expected.assert_eq(&format!("{told} breaks={}\n{}", columns.break_readers(), how.join(", ")));
    }

    #[test]
    fn equal_columns_are_compared_as_they_are_but_for_floats_and_what_has_no_order() {
        check(
            "a integer; f double precision; r real; l list; i interval; j jsonb; s integer[]",
            "a integer; f double precision; r real; l list; i interval; j jsonb; s integer[]",
            &expect_test::expect![[r#"
                {"added":[],"removed":[],"retyped":[],"reordered":false,"as_text":["l","s"]} breaks=false
                a AsIs, f Float("float8"), r Float("float4"), l Text, i AsIs text, j AsIs, s Text"#]],
        );
    }

    #[test]
    fn what_differs_is_told_and_the_rest_compared() {
        check(
            "a integer; b text; c numeric(10,2); d date; t timestamp(3) without time zone",
            "t timestamp without time zone; c numeric(12,4); a bigint; d text; e uuid",
            &expect_test::expect![[r#"
                {"added":["e"],"removed":["b"],"retyped":[{"name":"t","blue":"timestamp(3) without time zone","green":"timestamp without time zone"},{"name":"c","blue":"numeric(10,2)","green":"numeric(12,4)"},{"name":"a","blue":"integer","green":"bigint"},{"name":"d","blue":"date","green":"text"}],"reordered":true,"as_text":["d"]} breaks=true
                t As("timestamp"), c As("numeric"), a As("numeric"), d Text"#]],
        );
        check(
            "a text",
            "b text",
            &expect_test::expect![[r#"
                {"added":["b"],"removed":["a"],"retyped":[],"reordered":false,"as_text":[]} breaks=true
            "#]],
        );
    }
}
