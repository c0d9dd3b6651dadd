//! `CREATE VIEW` and `CREATE MATERIALIZED VIEW`, with and without `OR REPLACE`.

use super::super::error::SqlError;
use super::super::model::access::Privilege;
use super::super::model::id::ClusterId;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::drop;
use super::maintained;
use super::names::Stored;
use super::object;
use super::object::Act;
use super::object::Home;
use super::object::New;
use super::query;
use super::query::Planned;
use super::rbac;
use super::rbac::Thing;
use super::refresh;
use super::replacement;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::OptionValue;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::ast::WithOption;
use crate::sql::ast::create::CreateMaterializedView;
use crate::sql::ast::create::CreateView;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::stored;

/// `CREATE VIEW`
pub(super) fn create_view(work: &mut Work<'_>, create: &CreateView, kind: &StatementKind) -> Outcome {
    let home = object::home(work, &create.name, create.temporary)?;
    let what = resolve::as_written(&home.full);
    let planned = query::plan(work, &create.query, &create.columns, &what, create.temporary)?;
    let vacant = if create.or_replace {
        replace(work, &home, ObjectKind::View, &planned)?;
        true
    } else {
        object::vacant(work, &home, ObjectKind::View, create.if_not_exists)?
    };
    object::may_use(work, &planned.uses)?;
    object::may_create(work, home.schema)?;
    if !vacant {
        return Ok(Change::None);
    }
    let create_sql = whole(work, kind, &home, None, &planned)?;
    let data = ItemData::View { query: planned.text.clone() };
    let Planned { columns, uses, uses_system, .. } = planned;
    let Home { schema, name, .. } = home;
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner: None })?;
    Ok(Change::Made)
}

/// Writes the whole statement as stored.
fn whole(
    work: &Work<'_>,
    kind: &StatementKind,
    home: &Home,
    cluster: Option<ClusterId>,
    planned: &Planned,
) -> Result<String, SqlError> {
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), cluster);
    let text = match canonical::kind(kind, Form::Stored, &names) {
        Some(text) => text,
        // Only the server can read the query: the head is simple enough to be written here.
        None => head(work, kind, home, cluster, &planned.text)?,
    };
    names.finish()?;
    Ok(text)
}

fn head(
    work: &Work<'_>,
    kind: &StatementKind,
    home: &Home,
    cluster: Option<ClusterId>,
    query: &str,
) -> Result<String, SqlError> {
    let list = |columns: &[RawIdent]| {
        let names: Vec<String> = columns.iter().map(|column| column.ident.sql()).collect();
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    };
    let full = stored::dotted(&home.full);
    match kind {
        StatementKind::CreateView(view) => {
            let word = if view.temporary { "CREATE TEMPORARY VIEW" } else { "CREATE VIEW" };
            Ok(format!("{word} {full}{} AS {query}", list(&view.columns)))
        }
        StatementKind::CreateMaterializedView(view) if view.options.is_empty() && view.replica.is_none() => {
            let word = if view.replacement { "CREATE REPLACEMENT" } else { "CREATE" };
            let target = match &view.replaces {
                Some(name) => match object::find(work, ObjectKind::MaterializedView, name)? {
                    Some(object::Found::User(id)) => {
                        let names = Stored::new(work.catalog(), work.scope, Vec::new(), None);
                        format!(" FOR {}", names.by_id(id))
                    }
                    _ => String::new(),
                },
                None => String::new(),
            };
            let cluster = cluster.map(|id| format!(" IN CLUSTER [{id}]")).unwrap_or_default();
            Ok(format!(
                "{word} MATERIALIZED VIEW {full}{}{target}{cluster} WITH (REFRESH = ON COMMIT) AS {query}",
                list(&view.columns)
            ))
        }
        _ => Err(SqlError::unsupported("this statement over a query that only the server can read")),
    }
}

/// The cluster that is written, or the session's.
///
/// # Errors
/// `unknown cluster`; the system's clusters.
pub(super) fn cluster(work: &Work<'_>, written: Option<&RawIdent>) -> Result<ClusterId, SqlError> {
    let catalog = work.catalog();
    let id = match written {
        Some(written) => resolve::cluster(catalog, written)?,
        None => catalog
            .cluster_named(&work.scope.cluster)
            .ok_or_else(|| resolve::unknown_cluster(&work.scope.cluster))?,
    };
    if !id.is_user() && work.scope.role != super::bootstrap::MZ_SYSTEM {
        let name = catalog.clusters.get(&id).map(|cluster| cluster.name.as_str()).unwrap_or_default();
        return Err(SqlError::internal(format!("system cluster '{name}' cannot be modified")));
    }
    Ok(id)
}

/// `CREATE MATERIALIZED VIEW`
pub(super) fn create_materialized_view(
    work: &mut Work<'_>,
    create: &CreateMaterializedView,
    kind: &StatementKind,
) -> Outcome {
    let cluster = cluster(work, create.cluster.as_ref())?;
    if create.replica.is_some() {
        return Err(SqlError::unsupported("materialized views on one replica"));
    }
    let home = object::home(work, &create.name, false)?;
    let asserted = options(work, &create.options)?;
    let refresh = refresh::of_options(work.scope.now, &create.options)?;
    let what = resolve::as_written(&home.full);
    let target = replacement::target(work, create)?;
    let mut planned = query::plan(work, &create.query, &create.columns, &what, false)?;
    maintained::check(work, &planned.text, &planned.uses)?;
    query::assert_not_null(planned.columns.as_mut(), &asserted)?;
    if let Some(target) = target {
        replacement::fits(work, target, &planned)?;
        planned.uses.insert(target);
    }
    let vacant = if create.or_replace {
        replace(work, &home, ObjectKind::MaterializedView, &planned)?;
        true
    } else {
        object::vacant(work, &home, ObjectKind::MaterializedView, create.if_not_exists)?
    };
    object::may_use(work, &planned.uses)?;
    object::may_create(work, home.schema)?;
    rbac::needs(work.catalog(), work.scope, Privilege::Create, Thing::Cluster(cluster))?;
    if !vacant {
        return Ok(Change::None);
    }
    let sql = whole(work, kind, &home, Some(cluster), &planned)?;
    let data = ItemData::MaterializedView { query: planned.text.clone(), cluster, replaces: target, refresh };
    let Planned { columns, uses, uses_system, .. } = planned;
    let Home { schema, name, .. } = home;
    let create_sql = format!("{sql} AS OF {}", work.scope.now.0);
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner: None })?;
    Ok(Change::Made)
}

/// Looks through `WITH (…)`; gives the columns of `ASSERT NOT NULL`.
fn options(work: &Work<'_>, options: &[WithOption]) -> Result<Vec<Ident>, SqlError> {
    let mut asserted = Vec::new();
    for option in options {
        match option.name.as_str() {
            "ASSERT NOT NULL" => match &option.value {
                Some(OptionValue::Name(name)) => asserted.extend(name.parts.first().cloned()),
                Some(OptionValue::String(text)) => asserted.extend(Ident::new(text).ok()),
                _ => return Err(SqlError::internal("invalid ASSERT NOT NULL: cannot use value as name")),
            },
            "PARTITION BY" => {}
            "RETAIN HISTORY" => retain_history(work)?,
            "REFRESH" if refresh::is_on_commit(option.value.as_ref()) => {}
            "REFRESH" if object::flag(work, "enable_refresh_every_mvs") => {}
            "REFRESH" => {
                let feature = "REFRESH EVERY and REFRESH AT materialized views";
                return Err(object::switched_off(feature, "enable_refresh_every_mvs"));
            }
            other => return Err(SqlError::unsupported(format!("option {other} of a materialized view"))),
        }
    }
    Ok(asserted)
}

/// `RETAIN HISTORY` is switched off.
///
/// # Errors
/// Always, unless the flag is on; then it is not modelled.
pub(super) fn retain_history(work: &Work<'_>) -> Result<(), SqlError> {
    let name = "enable_logical_compaction_window";
    if object::flag(work, name) {
        return Ok(());
    }
    Err(object::switched_off("RETAIN HISTORY", name))
}

/// Drops what `OR REPLACE` replaces, together with its indexes.
fn replace(work: &mut Work<'_>, home: &Home, kind: ObjectKind, planned: &Planned) -> Result<(), SqlError> {
    let Some(id) = object::taken(work.catalog(), home.schema, &home.name, kind) else { return Ok(()) };
    object::expect_kind(work, id, kind, Act::Drop)?;
    if query::reads(work, &planned.uses, id) {
        let name = resolve::full_name(work.catalog(), work.item(id)?);
        return Err(SqlError::internal(format!(
            "cannot replace {kind} {name}: depended upon by new {name} definition"
        )));
    }
    rbac::must_own(work.catalog(), work.scope, &[Thing::Item(id)])?;
    drop::refuse_if_used(work, id)?;
    let going = drop::with_dependents(work.catalog(), &[id]);
    drop::remove_items(work, &going)
}
