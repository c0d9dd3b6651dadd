//! Types, functions and settings as PostgreSQL lists them.

use super::super::super::hydration::Runtime;
use super::super::super::model::Row;
use super::super::super::model::State;
use super::super::super::model::column::Type;
use super::super::super::model::item::ItemData;
use super::super::functions;
use super::super::names;
use super::super::text::flag;
use super::super::text::some;
use super::super::types::BUILTINS;
use super::super::types::Builtin;
use super::relations::owner_oid;

/// `pg_type` of one type: what differs from type to type.
struct Described {
    oid: u32,
    name: String,
    schema: u32,
    owner: u32,
    size: i16,
    /// `b` for a base type, `c` for a composite, `p` for a pseudo type, `r` for a range.
    kind: char,
    category: char,
    element: u32,
    array: u32,
    input: String,
}

impl Described {
    fn row(self) -> Row {
        let mut row = vec![
            some(self.oid),
            Some(self.name),
            some(self.schema),
            some(self.owner),
            some(self.size),
            some(self.kind),
            some(self.category),
            some(","),
            some(0),
            some(self.element),
            some(self.array),
            Some(self.input),
        ];
        row.extend([some(0), flag(false), some(0), some(-1), some(0), None]);
        row
    }
}

/// The function that reads a type's text, which is how some clients tell types apart.
fn input(builtin: &Builtin) -> String {
    match builtin.name {
        name if name.starts_with('_') => "array_in".to_owned(),
        "date" | "time" | "timestamp" | "timestamptz" | "interval" | "numeric" | "uuid" | "jsonb"
        | "record" | "anyarray" | "anyelement" | "anynonarray" | "anyrange" | "any" => {
            format!("{}_in", builtin.name)
        }
        name if name.ends_with("range") => "range_in".to_owned(),
        name => format!("{name}in"),
    }
}

fn kind(builtin: &Builtin) -> char {
    match builtin.category {
        'P' => 'p',
        'R' => 'r',
        _ => 'b',
    }
}

pub(super) fn types(state: &State, runtime: &Runtime) -> Vec<Row> {
    let system = owner_oid(&state.catalog, super::super::OWNER);
    let mut rows = Vec::new();
    for builtin in BUILTINS {
        let is_array = builtin.name.starts_with('_');
        let described = Described {
            oid: builtin.oid,
            name: builtin.name.to_owned(),
            schema: super::super::schema_oid(builtin.schema),
            owner: system,
            size: builtin.size,
            kind: kind(builtin),
            category: builtin.category,
            element: if is_array { builtin.other } else { 0 },
            array: if is_array { 0 } else { builtin.other },
            input: input(builtin),
        };
        rows.push(described.row());
    }
    let schemas = names::by_id(&state.catalog);
    for item in state.catalog.items.values() {
        let ItemData::Type { definition, .. } = &item.data else { continue };
        let schema = schemas.get(&item.schema.to_string());
        let Some(schema) = schema.filter(|schema| names::shows(schema, runtime)) else { continue };
        let (kind, category, input) = match definition {
            Type::Record(_) => ('c', 'C', "record_in"),
            Type::Map(_) => ('b', 'U', "map_in"),
            _ => ('b', 'U', "list_in"),
        };
        let described = Described {
            oid: item.oid,
            name: item.name.as_str().to_owned(),
            schema: schema.oid,
            owner: owner_oid(&state.catalog, &item.owner.to_string()),
            size: -1,
            kind,
            category,
            element: 0,
            array: 0,
            input: input.to_owned(),
        };
        rows.push(described.row());
    }
    rows
}

pub(super) fn functions(state: &State, _: &Runtime) -> Vec<Row> {
    let system = owner_oid(&state.catalog, super::super::OWNER);
    let mut rows = Vec::new();
    for function in &*functions::ALL {
        let schema = super::super::schema_oid(function.schema);
        let row = vec![some(function.oid()), some(function.name), some(schema), some(system), None, some(0)];
        rows.extend(std::iter::repeat_n(row, function.overloads));
    }
    rows
}

/// The only setting that the server tells this way.
///
/// Source: recorded from v26.21 (`full/40`): `search_path` is not in it.
pub(super) fn settings(_: &State, _: &Runtime) -> Vec<Row> {
    vec![vec![some("max_index_keys"), some("1000")]]
}

pub(super) fn tablespaces(_: &State, _: &Runtime) -> Vec<Row> {
    vec![vec![some(0), some("pg_default"), None, None, None]]
}
