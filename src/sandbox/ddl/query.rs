//! Queries of views: what they are made of, their columns, their stored text.

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::column::Column;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::resolve::Relation;
use super::super::system::own;
use super::names::Stored;
use super::object::distinct;
use super::work::Work;
use crate::name::Ident;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::canonical::Names;
use crate::sql::query::Query;
use crate::sql::stored;

/// A query that was understood as far as the sandbox understands it.
pub(super) struct Planned {
    /// Its text as stored.
    pub(super) text: String,
    /// Its columns, if they are known.
    pub(super) columns: Option<Vec<Column>>,
    /// The objects of users that it names.
    pub(super) uses: BTreeSet<ItemId>,
    /// What of the system it names.
    pub(super) uses_system: BTreeSet<ItemId>,
}

/// System schemas that may change at any time; what persists may not read them.
const UNSTABLE: [&str; 5] =
    ["mz_internal", "mz_introspection", "mz_catalog_unstable", "mz_unsafe", own::SCHEMA];

/// Understands the query of a view or of a materialized view.
///
/// # Errors
/// Unknown names; what may not be depended upon; whatever the planner refuses.
pub(super) fn plan(
    work: &Work<'_>,
    query: &Query,
    columns: &[RawIdent],
    what: &str,
    temporary: bool,
) -> Result<Planned, SqlError> {
    let mut relations = Vec::new();
    for name in query.references() {
        // What only the server can read is guessed from its words: a guess that means nothing is
        // no mistake.
        match resolve::relation(work.catalog(), work.scope, name) {
            Ok(relation) => relations.push(relation),
            Err(_) if query.opaque().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    let known = work.planner.columns(work.state, work.scope, query)?;
    let (text, uses, uses_system) = stored_text(work, query)?;
    for relation in &relations {
        may_be_read(work, *relation, temporary)?;
    }
    system_reads(&relations, &text, what)?;
    let columns = renamed(known, columns, what)?;
    if let Some(columns) = &columns {
        distinct(columns.iter().map(|column| &column.name))?;
    }
    Ok(Planned { text, columns, uses, uses_system })
}

/// Writes a query as the catalog stores it.
fn stored_text(
    work: &Work<'_>,
    query: &Query,
) -> Result<(String, BTreeSet<ItemId>, BTreeSet<ItemId>), SqlError> {
    let names = Stored::new(work.catalog(), work.scope, Vec::new(), None);
    let text = canonical::query(query, Form::Stored, &names).unwrap_or_else(|| {
        let resolved = |name: &RawName| {
            resolve::item(work.catalog(), work.scope, name).ok().flatten().map(|_| names.object(name))
        };
        query.rewrite(&resolved)
    });
    names.finish()?;
    Ok((text, names.uses.take(), names.uses_system.take()))
}

fn may_be_read(work: &Work<'_>, relation: Relation, temporary: bool) -> Result<(), SqlError> {
    let Relation::User(id) = relation else { return Ok(()) };
    let item = work.item(id)?;
    if !temporary && item.schema.is_temporary() {
        let name = item.name.as_str();
        return Err(SqlError::internal(format!(
            "non-temporary items cannot depend on temporary item '{name}'"
        )));
    }
    if let ItemData::MaterializedView { replaces: Some(_), .. } = &item.data {
        let name = resolve::short_name(work.catalog(), work.scope, item);
        return Err(SqlError::internal(format!(
            "replacement materialized view {name} cannot be depended upon"
        )));
    }
    Ok(())
}

/// What reads the system's relations names its columns and keeps to the stable ones.
fn system_reads(relations: &[Relation], text: &str, what: &str) -> Result<(), SqlError> {
    let system: Vec<_> = relations
        .iter()
        .filter_map(|relation| match relation {
            Relation::System(relation) => Some(*relation),
            Relation::User(_) => None,
        })
        .collect();
    if system.is_empty() {
        return Ok(());
    }
    if stored::has_wildcard(text) {
        return Err(SqlError::new(
            code::UNSUPPORTED,
            "cannot use wildcard expansions or NATURAL JOINs in a view that depends on system objects",
        )
        .detail("This is a current limitation in Materialize")
        .hint(
            "Rewrite the view to refer to all columns by name. Expand all wildcards and convert all NATURAL \
             JOINs to USING joins.",
        ));
    }
    let unstable: Vec<String> = system
        .iter()
        .filter(|relation| UNSTABLE.contains(&relation.schema))
        .map(|relation| format!("{}.{}", relation.schema, relation.name))
        .collect();
    if unstable.is_empty() {
        return Ok(());
    }
    Err(SqlError::internal(format!("cannot create {what} with unstable dependencies")).detail(format!(
        "The object depends on the following unstable objects:\n\t{}",
        unstable.join("\n\t")
    )))
}

/// Gives columns the names that are listed before the query.
fn renamed(
    columns: Option<Vec<Column>>,
    names: &[RawIdent],
    what: &str,
) -> Result<Option<Vec<Column>>, SqlError> {
    distinct(names.iter().map(|name| &name.ident))?;
    let Some(mut columns) = columns else { return Ok(None) };
    if names.len() > columns.len() {
        return Err(SqlError::internal(format!(
            "{what} definition names {} columns, but {what} has {} columns",
            names.len(),
            columns.len()
        )));
    }
    for (column, name) in columns.iter_mut().zip(names) {
        column.name = name.ident.clone();
    }
    Ok(Some(columns))
}

/// Tells whether something is made of another, directly or not.
pub(super) fn reads(work: &Work<'_>, from: &BTreeSet<ItemId>, wanted: ItemId) -> bool {
    let mut open: Vec<ItemId> = from.iter().copied().collect();
    let mut seen: BTreeSet<ItemId> = from.clone();
    while let Some(id) = open.pop() {
        if id == wanted {
            return true;
        }
        let Some(item) = work.catalog().items.get(&id) else { continue };
        open.extend(item.uses.iter().copied().filter(|used| seen.insert(*used)));
    }
    false
}

/// Marks columns that a view promises never to be NULL.
///
/// # Errors
/// Names of no column.
pub(super) fn assert_not_null(columns: Option<&mut Vec<Column>>, names: &[Ident]) -> Result<(), SqlError> {
    let Some(columns) = columns else { return Ok(()) };
    for name in names {
        match columns.iter_mut().find(|column| column.name == *name) {
            Some(column) => column.nullable = false,
            None => {
                return Err(SqlError::internal(format!(
                    "column \"{}\" in ASSERT NOT NULL option not found",
                    name.as_str()
                )));
            }
        }
    }
    Ok(())
}
