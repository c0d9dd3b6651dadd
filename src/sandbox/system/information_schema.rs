//! `information_schema`: the session's database and the system's schemas.

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::columns;
use super::functions;
use super::names;
use super::objects;
use super::spec::Spec;
use super::spec::no_rows;
use super::text::some;

const fn view(
    id: u64,
    name: &'static str,
    columns: &'static str,
    rows: fn(&State, &Runtime) -> Vec<Row>,
) -> Spec {
    Spec { id, schema: "information_schema", name, kind: "view", columns, rows }
}

pub(super) const SPECS: &[Spec] = &[
    view(680, "tables", "table_catalog text, table_schema text, table_name text, table_type text", tables),
    view(
        681,
        "columns",
        "table_catalog text, table_schema text, table_name text, column_name text, ordinal_position int8, \
         column_default text?, is_nullable text, data_type text, character_maximum_length int4?, \
         numeric_precision int4?, numeric_scale int4?",
        all_columns,
    ),
    view(682, "schemata", "catalog_name text, schema_name text", schemata),
    view(683, "views", "table_catalog text, table_schema text, table_name text, view_definition text", views),
    view(
        684,
        "routines",
        "routine_catalog text, routine_schema text, routine_name text, routine_type text, \
         routine_definition text?",
        routines,
    ),
    view(685, "enabled_roles", "role_name text", enabled_roles),
    view(686, "applicable_roles", "grantee text, role_name text, is_grantable text", applicable_roles),
    view(687, "character_sets", CHARACTER_SETS, character_sets),
    view(688, "table_constraints", TABLE_CONSTRAINTS, no_rows),
    view(689, "key_column_usage", KEY_COLUMN_USAGE, no_rows),
    view(690, "referential_constraints", REFERENTIAL_CONSTRAINTS, no_rows),
    view(691, "triggers", TRIGGERS, no_rows),
    view(692, "table_privileges", TABLE_PRIVILEGES, table_privileges),
    view(693, "role_table_grants", TABLE_PRIVILEGES, role_table_grants),
];

const CHARACTER_SETS: &str = "character_set_catalog text?, character_set_schema text?, character_set_name text, character_repertoire text, \
     form_of_use text, default_collate_catalog text, default_collate_schema text, default_collate_name text";
const TABLE_CONSTRAINTS: &str = "constraint_catalog text, constraint_schema text, constraint_name text, table_catalog text, table_schema text, \
     table_name text, constraint_type text, is_deferrable text, initially_deferred text, enforced text, \
     nulls_distinct text";
const KEY_COLUMN_USAGE: &str = "constraint_catalog text, constraint_schema text, constraint_name text, table_catalog text, table_schema text, \
     table_name text, column_name text, ordinal_position int4, position_in_unique_constraint int4";
const REFERENTIAL_CONSTRAINTS: &str = "constraint_catalog text, constraint_schema text, constraint_name text, unique_constraint_catalog text, \
     unique_constraint_schema text, unique_constraint_name text, match_option text, update_rule text, \
     delete_rule text";
const TABLE_PRIVILEGES: &str = "grantor text, grantee text?, table_catalog text?, table_schema text, table_name text, privilege_type text?, \
     is_grantable text, with_hierarchy text";
const TRIGGERS: &str = "trigger_catalog text, trigger_schema text, trigger_name text, event_manipulation text, \
     event_object_catalog text, event_object_schema text, event_object_table text, action_order int4, \
     action_condition text, action_statement text, action_orientation text, action_timing text, \
     action_reference_old_table text, action_reference_new_table text";

fn database(runtime: &Runtime) -> Option<String> {
    some(runtime.database.as_str())
}

fn tables(state: &State, runtime: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let mut rows = Vec::new();
    for entry in objects::relation_entries(state) {
        let Some(schema) = schemas.get(&entry.schema).filter(|schema| names::shows(schema, runtime)) else {
            continue;
        };
        let kind = match entry.kind {
            "materialized-view" => "MATERIALIZED VIEW".to_owned(),
            "table" => "BASE TABLE".to_owned(),
            other => other.to_uppercase(),
        };
        rows.push(vec![database(runtime), some(schema.name), Some(entry.name.into_owned()), Some(kind)]);
    }
    rows
}

fn all_columns(state: &State, runtime: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let mut rows = Vec::new();
    let mut put = |schema: &str, relation: &str, column: columns::Described| {
        rows.push(vec![
            database(runtime),
            some(schema),
            some(relation),
            Some(column.name),
            some(column.position),
            column.default,
            some(if column.nullable { "YES" } else { "NO" }),
            Some(column.kind),
            None,
            None,
            None,
        ]);
    };
    for relation in super::all() {
        for column in columns::of_system(relation) {
            put(relation.schema, relation.name, column);
        }
    }
    for item in state.catalog.items.values() {
        let schema = schemas.get(&item.schema.to_string());
        if let Some(schema) = schema.filter(|schema| names::shows(schema, runtime)) {
            for column in columns::of_user(state, item) {
                put(schema.name, item.name.as_str(), column);
            }
        }
    }
    rows
}

fn schemata(state: &State, runtime: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let shown = schemas.values().filter(|schema| names::shows(schema, runtime));
    let mut rows: Vec<Row> = shown.map(|schema| vec![database(runtime), some(schema.name)]).collect();
    rows.sort();
    rows
}

fn views(state: &State, runtime: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let mut rows = Vec::new();
    for relation in super::all().iter().filter(|relation| relation.kind == "view") {
        rows.push(vec![database(runtime), some(relation.schema), some(relation.name), some("")]);
    }
    for item in state.catalog.items.values() {
        let super::super::model::item::ItemData::View { query } = &item.data else { continue };
        let schema = schemas.get(&item.schema.to_string());
        if let Some(schema) = schema.filter(|schema| names::shows(schema, runtime)) {
            let definition = Some(format!("{query};"));
            rows.push(vec![database(runtime), some(schema.name), some(item.name.as_str()), definition]);
        }
    }
    rows
}

fn routines(_: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for function in &*functions::ALL {
        let row = vec![database(runtime), some(function.schema), some(function.name), some("FUNCTION"), None];
        rows.extend(std::iter::repeat_n(row, function.overloads));
    }
    rows
}

fn enabled_roles(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mine = super::privileges::with_memberships(&state.catalog, runtime.role);
    let roles = mine.iter().filter_map(|id| state.catalog.roles.get(id));
    roles.map(|role| vec![some(role.name.as_str())]).collect()
}

fn applicable_roles(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mine = super::privileges::with_memberships(&state.catalog, runtime.role);
    let mut rows = Vec::new();
    for member in mine.iter().filter_map(|id| state.catalog.roles.get(id)) {
        for of in member.member_of.keys().filter_map(|id| state.catalog.roles.get(id)) {
            rows.push(vec![some(member.name.as_str()), some(of.name.as_str()), some("NO")]);
        }
    }
    rows
}

fn character_sets(_: &State, runtime: &Runtime) -> Vec<Row> {
    vec![vec![
        None,
        None,
        some("UTF8"),
        some("UCS"),
        some("UTF8"),
        database(runtime),
        some("pg_catalog"),
        some("en_US.utf8"),
    ]]
}

/// What is granted on the relations of users in the session's database; `also_public` for what
/// everybody has, too.
fn grants(state: &State, runtime: &Runtime, also_public: bool) -> Vec<Row> {
    let catalog = &state.catalog;
    let schemas = names::by_id(catalog);
    let mine = super::privileges::with_memberships(catalog, runtime.role);
    let role = |id| catalog.roles.get(&id).and_then(|role| some(role.name.as_str()));
    let mut rows = Vec::new();
    for item in catalog.items.values().filter(|item| item.is_relation()) {
        let schema = schemas.get(&item.schema.to_string());
        let Some(schema) = schema.filter(|schema| names::shows(schema, runtime)) else { continue };
        for ((grantee, grantor), privileges) in &item.acl {
            let (name, is_mine) = match grantee {
                Grantee::Public => (some(super::privileges::PUBLIC), also_public),
                Grantee::Role(id) => (role(*id), mine.contains(id)),
            };
            if !is_mine && !mine.contains(grantor) {
                continue;
            }
            for privilege in privileges {
                let below = if *privilege == Privilege::Select { "YES" } else { "NO" };
                let mut row = vec![role(*grantor), name.clone(), database(runtime), some(schema.name)];
                row.extend([some(item.name.as_str()), some(privilege.word()), some("NO"), some(below)]);
                rows.push(row);
            }
        }
    }
    rows
}

fn table_privileges(state: &State, runtime: &Runtime) -> Vec<Row> {
    grants(state, runtime, true)
}

fn role_table_grants(state: &State, runtime: &Runtime) -> Vec<Row> {
    grants(state, runtime, false)
}
