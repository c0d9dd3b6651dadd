//! `pg_catalog`: what drivers, psql and other tools written for PostgreSQL ask for.
//!
//! Only the session's database and the system's schemas show. Start reading at [`SPECS`].

mod empty;
mod relations;
mod roles;
mod types;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::spec::Spec;

const fn view(
    id: u64,
    name: &'static str,
    columns: &'static str,
    rows: fn(&State, &Runtime) -> Vec<Row>,
) -> Spec {
    Spec { id, schema: "pg_catalog", name, kind: "view", columns, rows }
}

/// The oids under which comments name the catalogs; they are those of the relations here.
pub(super) fn class_oid(name: &str) -> Option<u32> {
    super::lookup("pg_catalog", name).map(super::SystemRelation::oid)
}

pub(super) const SPECS: &[Spec] = &[
    view(606, "pg_namespace", "oid oid, nspname text, nspowner oid, nspacl _text?", relations::namespaces),
    view(607, "pg_class", CLASS, relations::classes),
    view(608, "pg_attribute", ATTRIBUTE, relations::attributes),
    view(609, "pg_database", DATABASE, relations::databases),
    view(610, "pg_type", TYPE, types::types),
    view(611, "pg_index", INDEX, relations::indexes),
    view(
        612,
        "pg_indexes",
        "table_catalog text, schemaname text, tablename text, indexname text, tablespace text?, indexdef text?",
        relations::index_names,
    ),
    view(
        613,
        "pg_description",
        "objoid oid, classoid oid?, objsubid int4, description text",
        relations::descriptions,
    ),
    view(
        614,
        "pg_views",
        "schemaname text?, viewname text, viewowner oid, definition text",
        relations::views,
    ),
    view(
        615,
        "pg_matviews",
        "schemaname text?, matviewname text, matviewowner oid, definition text",
        relations::materialized_views,
    ),
    view(616, "pg_tables", "schemaname text?, tablename text, tableowner text", relations::tables),
    view(617, "pg_attrdef", "oid oid?, adrelid oid, adnum int8, adbin text, adsrc text", relations::defaults),
    view(618, "pg_proc", PROC, types::functions),
    view(619, "pg_roles", ROLES, roles::roles),
    view(620, "pg_user", USER, roles::users),
    view(621, "pg_authid", AUTHID, roles::authids),
    view(622, "pg_auth_members", "roleid oid, member oid, grantor oid, admin_option bool", roles::members),
    view(623, "pg_settings", "name text, setting text", types::settings),
    view(
        624,
        "pg_tablespace",
        "oid oid, spcname text, spcowner oid?, spcacl _text?, spcoptions _text?",
        types::tablespaces,
    ),
    view(625, "pg_depend", DEPEND, relations::dependencies),
    view(640, "pg_collation", empty::COLLATION, super::spec::no_rows),
    view(641, "pg_enum", empty::ENUM, super::spec::no_rows),
    view(642, "pg_range", "rngtypid oid, rngsubtype oid", super::spec::no_rows),
    view(643, "pg_am", "oid oid, amname text, amhandler regproc, amtype char", super::spec::no_rows),
    view(644, "pg_extension", empty::EXTENSION, super::spec::no_rows),
    view(645, "pg_inherits", empty::INHERITS, super::spec::no_rows),
    view(646, "pg_policy", empty::POLICY, super::spec::no_rows),
    view(647, "pg_constraint", empty::CONSTRAINT, super::spec::no_rows),
    view(648, "pg_locks", empty::LOCKS, super::spec::no_rows),
    view(649, "pg_event_trigger", empty::EVENT_TRIGGER, super::spec::no_rows),
    view(650, "pg_language", empty::LANGUAGE, super::spec::no_rows),
    view(651, "pg_shdescription", "objoid oid, classoid oid, description text", super::spec::no_rows),
    view(652, "pg_trigger", empty::TRIGGER, super::spec::no_rows),
    view(653, "pg_rewrite", empty::REWRITE, super::spec::no_rows),
];

const CLASS: &str = "oid oid, relname text, relnamespace oid, reloftype oid, relowner oid, relam oid, reltablespace oid, \
     reltuples float4, reltoastrelid oid, relhasindex bool, relpersistence char, relkind text?, relnatts int2, \
     relchecks int2, relhasrules bool, relhastriggers bool, relhassubclass bool, relrowsecurity bool, \
     relforcerowsecurity bool, relreplident char, relispartition bool, relhasoids bool, reloptions _text?";
const ATTRIBUTE: &str = "attrelid oid, attname text, atttypid oid, attlen int2?, attnum int2, atttypmod int4, attndims int2, \
     attnotnull bool, atthasdef bool, attidentity char, attgenerated char, attisdropped bool, attcollation oid";
const DATABASE: &str = "oid oid, datname text, datdba oid, encoding int4, datistemplate bool, datallowconn bool, datcollate text, \
     datctype text, datacl _text?";
const TYPE: &str = "oid oid, typname text, typnamespace oid, typowner oid, typlen int2?, typtype char, typcategory char?, \
     typdelim char, typrelid oid, typelem oid, typarray oid, typinput text?, typreceive oid, typnotnull bool, \
     typbasetype oid, typtypmod int4, typcollation oid, typdefault text?";
const INDEX: &str = "indexrelid oid, indrelid oid, indnatts int2, indisunique bool, indisprimary bool, indimmediate bool, \
     indisclustered bool, indisvalid bool, indisreplident bool, indkey int2vector, indoption int2vector, \
     indexprs text?, indpred text?";
const PROC: &str =
    "oid oid, proname text, pronamespace oid, proowner oid, proargdefaults text?, prorettype oid";
const ROLES: &str = "rolname text, rolsuper bool?, rolinherit bool, rolcreaterole bool?, rolcreatedb bool?, rolcanlogin bool, \
     rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz?, rolbypassrls bool, \
     rolconfig _text?, oid oid";
const USER: &str = "usename text, usesysid oid, usecreatedb bool?, usesuper bool?, userepl bool, usebypassrls bool, passwd text, \
     valuntil timestamptz?, useconfig _text?";
const AUTHID: &str = "oid oid, rolname text, rolsuper bool?, rolinherit bool, rolcreaterole bool?, rolcreatedb bool?, \
     rolcanlogin bool, rolreplication bool, rolbypassrls bool, rolconnlimit int4, rolpassword text?, \
     rolvaliduntil timestamptz?";
const DEPEND: &str =
    "classid oid?, objid oid, objsubid int4, refclassid oid?, refobjid oid, refobjsubid int4, deptype char";
