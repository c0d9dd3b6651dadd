//! Functions that tell of the server, the session and the catalog.

use super::Nulls::May;
use super::Nulls::StrictMay;
use super::*;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Commented;
use crate::sandbox::model::State;
use crate::sandbox::model::id::RoleId;
use crate::sandbox::query::names;
use crate::sandbox::query::scalar::Context;
use crate::sandbox::settings;
use crate::sandbox::system::schema_of;
use crate::sandbox::system::types;

const OID: Type = Type::Oid;

/// The schema that a name without one is made in.
fn schema(context: &Context) -> Option<String> {
    schemas(context, false).into_iter().next()
}

fn schemas(context: &Context, system: bool) -> Vec<String> {
    let catalog = &context.view.state.catalog;
    let mut found: Vec<String> = Vec::new();
    if system {
        found.extend(["mz_catalog", "pg_catalog"].map(str::to_owned));
    }
    let database = catalog.database_named(&context.scope.database);
    for name in &context.scope.search_path {
        let own = database.is_some_and(|database| catalog.schema_named(database, name).is_some());
        let known = crate::sandbox::system::SCHEMAS.iter().any(|(system, _)| *system == name.as_str());
        if own || known {
            found.push(name.as_str().to_owned());
        }
    }
    found
}

fn setting(context: &Context, name: &str) -> Option<String> {
    let list =
        |names: &[crate::name::Ident]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(match name.to_lowercase().as_str() {
        "cluster" => context.scope.cluster.as_str().to_owned(),
        "database" => context.scope.database.as_str().to_owned(),
        "search_path" => list(&context.scope.search_path),
        "mz_version" => settings::MZ_VERSION.to_owned(),
        "server_version" => "9.5.0".to_owned(),
        "server_version_num" => "90500".to_owned(),
        "timezone" => "UTC".to_owned(),
        "client_encoding" | "server_encoding" => "UTF8".to_owned(),
        "max_identifier_length" => "255".to_owned(),
        other => return settings::system(&context.view.state, other).ok(),
    })
}

fn item(context: &Context, oid: i64) -> Option<&std::sync::Arc<crate::sandbox::model::item::Item>> {
    context.view.state.catalog.items.values().find(|item| i64::from(item.oid) == oid)
}

fn comment(context: &Context, oid: i64, column: Option<i32>) -> Datum {
    let found = item(context, oid)
        .and_then(|item| context.view.state.catalog.comments.get(&(Commented::Item(item.id), column)));
    found.map_or(Datum::Null, Datum::text)
}

fn format_type(context: &Context, args: &[Datum]) -> Datum {
    let Some(Datum::Int(oid)) = args.first() else { return Datum::Null };
    let Some(of) = names::type_of_oid(&context.view.state, *oid) else {
        // Lists, maps and the like have no elements here, only a name.
        let builtin = types::BUILTINS.iter().find(|builtin| i64::from(builtin.oid) == *oid);
        return Datum::text(builtin.map_or("???", |builtin| builtin.label));
    };
    let name = types::name(&of, &context.view.state.catalog);
    let modifier = match args.get(1) {
        Some(Datum::Int(modifier)) if *modifier >= 4 => *modifier - 4,
        _ => return Datum::text(name),
    };
    Datum::text(match of {
        Type::Numeric(_) => format!("{name}({},{})", modifier >> 16, modifier & 0xffff),
        Type::Varchar(_) | Type::Char(_) => format!("{name}({modifier})"),
        _ => name,
    })
}

/// Whether an object, a type or a function is in a schema that is searched; NULL where there is none.
///
/// Source: `func.rs` of the server: the name of the schema alone counts.
fn is_visible(context: &Context, oid: i64, schema: fn(&State, u32) -> Option<String>) -> Datum {
    let oid = u32::try_from(oid).ok();
    match oid.and_then(|oid| schema(&context.view.state, oid)) {
        Some(schema) => Datum::Bool(schemas(context, true).contains(&schema)),
        None => Datum::Null,
    }
}

/// `has_…_privilege([role,] thing, privilege)`
fn privilege(context: &Context, family: &str, args: &[Datum]) -> Result<Datum, SqlError> {
    let things = if family == "system" { 1 } else { 2 };
    let role: RoleId = if args.len() > things {
        match args.first() {
            Some(Datum::Text(name)) => names::role(&context.view.state, name)?,
            _ => return Ok(Datum::Null),
        }
    } else {
        context.scope.role
    };
    let from = args.len().saturating_sub(things);
    let (thing, word) = if things == 1 { ("", t(args, from)) } else { (t(args, from), t(args, from + 1)) };
    names::has_privilege(context, family, role, thing, word).map(Datum::Bool)
}

fn has_role(context: &Context, args: &[Datum]) -> Result<Datum, SqlError> {
    let state = &context.view.state;
    let (member, role) = if args.len() > 2 {
        (names::role(state, t(args, 0))?, names::role(state, t(args, 1))?)
    } else {
        (context.scope.role, names::role(state, t(args, 0))?)
    };
    Ok(Datum::Bool(names::is_superuser(state, member) || names::memberships(state, member).contains(&role)))
}

fn privileges(eval: Eval, things: usize) -> Vec<Overload> {
    vec![f(&vec![TEXT; things], a_bool, eval), f(&vec![TEXT; things + 1], a_bool, eval)]
}

fn of_oids(eval: Eval, result: fn(&[Type]) -> Type, nulls: Nulls) -> Vec<Overload> {
    vec![f(&[OID], result, eval).nulls(nulls)]
}

/// The functions of this file.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    let told = |eval: Eval| vec![f(&[], a_text, eval)];
    Some(match name {
        "version" => told(|_, _| {
            Ok(Datum::text(format!(
                "PostgreSQL 9.5 on x86_64-unknown-linux-gnu (Materialize {})",
                settings::MZ_VERSION
            )))
        }),
        "mz_version" => told(|_, _| Ok(Datum::text(settings::MZ_VERSION))),
        "mz_environment_id" => {
            told(|_, _| Ok(Datum::text("sandbox-local-00000000-0000-0000-0000-000000000000-0")))
        }
        "current_user" | "session_user" | "current_role" | "user" => {
            told(|context, _| Ok(Datum::text(context.scope.user.as_str())))
        }
        "current_database" | "current_catalog" => {
            told(|context, _| Ok(Datum::text(context.scope.database.as_str())))
        }
        "current_schema" => {
            vec![f(&[], a_text, |context, _| Ok(schema(context).map_or(Datum::Null, Datum::text))).nulls(May)]
        }
        "current_schemas" => vec![f(&[Type::Bool], texts, |context, a| {
            let system = a.first().is_some_and(Datum::is_true);
            let all: Vec<Datum> = schemas(context, system).into_iter().map(Datum::text).collect();
            Ok(Datum::Array(if all.is_empty() { Vec::new() } else { vec![all.len()] }, all))
        })],
        "pg_backend_pid" => {
            vec![f(&[], an_int4, |context, _| Ok(Datum::Int(i64::from(context.scope.connection))))]
        }
        "mz_is_superuser" => vec![f(&[], a_bool, |context, _| {
            Ok(Datum::Bool(names::is_superuser(&context.view.state, context.scope.role)))
        })],
        "pg_is_in_recovery" => vec![f(&[], a_bool, |_, _| Ok(Datum::Bool(false)))],
        "current_setting" => vec![
            f(&[TEXT], a_text, |context, a| match setting(context, t(a, 0)) {
                Some(value) => Ok(Datum::text(value)),
                None => {
                    Err(SqlError::internal(format!("unrecognized configuration parameter \"{}\"", t(a, 0))))
                }
            }),
            f(&[TEXT, Type::Bool], a_text, |context, a| match setting(context, t(a, 0)) {
                Some(value) => Ok(Datum::text(value)),
                None if a.get(1).is_some_and(Datum::is_true) => Ok(Datum::Null),
                None => {
                    Err(SqlError::internal(format!("unrecognized configuration parameter \"{}\"", t(a, 0))))
                }
            })
            .nulls(StrictMay),
        ],
        _ => return more(name),
    })
}

/// The rest of them: what tells of the catalog.
fn more(name: &str) -> Option<Vec<Overload>> {
    Some(match name {
        "pg_get_userbyid" => of_oids(
            |context, a| {
                let name = names::role_of_oid(&context.view.state, n(a, 0));
                Ok(Datum::text(name.unwrap_or_else(|| format!("unknown (OID={})", n(a, 0)))))
            },
            a_text,
            Nulls::Strict,
        ),
        "format_type" => vec![f(&[OID, INT4], a_text, |context, a| Ok(format_type(context, a))).nulls(May)],
        "pg_table_is_visible" => {
            of_oids(|context, a| Ok(is_visible(context, n(a, 0), schema_of::object)), a_bool, StrictMay)
        }
        "pg_type_is_visible" => {
            of_oids(|context, a| Ok(is_visible(context, n(a, 0), schema_of::data_type)), a_bool, StrictMay)
        }
        "pg_function_is_visible" => {
            of_oids(|context, a| Ok(is_visible(context, n(a, 0), schema_of::function)), a_bool, StrictMay)
        }
        "pg_encoding_to_char" => vec![
            f(&[INT8], a_text, |_, a| Ok(if n(a, 0) == 6 { Datum::text("UTF8") } else { Datum::Null }))
                .nulls(StrictMay),
        ],
        "obj_description" => vec![
            f(&[OID, TEXT], a_text, |context, a| Ok(comment(context, n(a, 0), None))).nulls(StrictMay),
            f(&[OID], a_text, |context, a| Ok(comment(context, n(a, 0), None))).nulls(StrictMay),
        ],
        "col_description" => vec![
            f(&[OID, INT4], a_text, |context, a| Ok(comment(context, n(a, 0), i32::try_from(n(a, 1)).ok())))
                .nulls(StrictMay),
        ],
        "has_cluster_privilege" => privileges(|c, a| privilege(c, "cluster", a), 2),
        "has_database_privilege" => privileges(|c, a| privilege(c, "database", a), 2),
        "has_schema_privilege" => privileges(|c, a| privilege(c, "schema", a), 2),
        "has_table_privilege"
        | "has_secret_privilege"
        | "has_connection_privilege"
        | "has_type_privilege" => privileges(|c, a| privilege(c, "table", a), 2),
        "has_system_privilege" => privileges(|c, a| privilege(c, "system", a), 1),
        "pg_has_role" => vec![f(&[TEXT, TEXT, TEXT], a_bool, has_role), f(&[TEXT, TEXT], a_bool, has_role)],
        _ => return None,
    })
}
