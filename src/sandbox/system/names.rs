//! Databases and schemas.

use std::collections::HashMap;

use super::super::hydration::Runtime;
use super::super::model::Catalog;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::DatabaseId;
use super::super::model::id::SchemaId;
use super::spec::Spec;
use super::text;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 470,
        schema: "mz_catalog",
        name: "mz_databases",
        kind: "table",
        columns: "id text, oid oid, name text, owner_id text, privileges _mz_aclitem",
        rows: databases,
    },
    Spec {
        id: 472,
        schema: "mz_catalog",
        name: "mz_schemas",
        kind: "table",
        columns: "id text, oid oid, database_id text?, name text, owner_id text, privileges _mz_aclitem",
        rows: schemas,
    },
];

/// The privileges of a system schema: everybody may look into it.
const SYSTEM_SCHEMA_ACL: &str = "{=U/s1,s1=UC/s1}";

fn databases(state: &State, _: &Runtime) -> Vec<Row> {
    let databases = state.catalog.databases.iter();
    databases
        .map(|(id, database)| {
            vec![
                some(id),
                some(database.oid),
                text::ident(&database.name),
                some(database.owner),
                text::acl(&database.acl),
            ]
        })
        .collect()
}

fn schemas(state: &State, _: &Runtime) -> Vec<Row> {
    let system = super::SCHEMAS.iter().map(|(name, number)| {
        let id = SchemaId::System(*number);
        vec![
            some(id),
            some(super::schema_oid(name)),
            None,
            some(name),
            some(super::OWNER),
            some(SYSTEM_SCHEMA_ACL),
        ]
    });
    let users = state.catalog.schemas.iter().map(|(id, schema)| {
        vec![
            some(id),
            some(schema.oid),
            some(schema.database),
            text::ident(&schema.name),
            some(schema.owner),
            text::acl(&schema.acl),
        ]
    });
    system.chain(users).collect()
}

/// A schema as the views name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'c> {
    /// Its name.
    pub(super) name: &'c str,
    /// Its `oid`.
    pub(super) oid: u32,
    /// Its database with the name; the system's schemas have none.
    pub(super) database: Option<(DatabaseId, &'c str)>,
}

/// Every schema by the text of its id, the system's too.
pub(super) fn by_id(catalog: &Catalog) -> HashMap<String, Named<'_>> {
    let mut schemas = HashMap::new();
    for (name, number) in super::SCHEMAS {
        let id = SchemaId::System(number).to_string();
        schemas.insert(id, Named { name, oid: super::schema_oid(name), database: None });
    }
    for (id, schema) in &catalog.schemas {
        let database = catalog.databases.get(&schema.database);
        let database = database.map(|database| (schema.database, database.name.as_str()));
        schemas.insert(id.to_string(), Named { name: schema.name.as_str(), oid: schema.oid, database });
    }
    schemas
}

/// Tells whether something in a schema shows in the session's database: its own and the system's
/// do.
pub(super) fn shows(schema: &Named<'_>, runtime: &Runtime) -> bool {
    schema.database.is_none_or(|(_, name)| name == runtime.database.as_str())
}
