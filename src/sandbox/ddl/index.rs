//! `CREATE INDEX`, with names of its own where none is written.

use super::super::error::SqlError;
use super::super::model::access::Privilege;
use super::super::model::column::Column;
use super::super::model::id::ItemId;
use super::super::model::item::IndexKey;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::resolve::Relation;
use super::maintained;
use super::names::Stored;
use super::object;
use super::object::Home;
use super::object::New;
use super::rbac;
use super::rbac::Thing;
use super::view;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::CreateIndex;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::parse;
use crate::sql::stored;
use crate::sql::stored::Kind;

/// How many names are tried for an index that has none; more equal ones than objects fit in a
/// schema cannot be.
const MAX_NUMBERED: usize = 100_000;

/// `CREATE INDEX`
pub(super) fn create_index(work: &mut Work<'_>, create: &CreateIndex) -> Outcome {
    let on = match resolve::relation(work.catalog(), work.scope, &create.on)? {
        Relation::User(id) => id,
        Relation::System(relation) => return Err(object::system_item(relation)),
    };
    let relation = std::sync::Arc::clone(work.item(on)?);
    let full = resolve::full_name(work.catalog(), &relation);
    if matches!(&relation.data, ItemData::MaterializedView { replaces: Some(_), .. }) {
        return Err(SqlError::internal(format!(
            "index cannot be created on {full} because it is a replacement materialized view"
        )));
    }
    let cluster = view::cluster(work, create.cluster.as_ref())?;
    for option in &create.options {
        match option.name.as_str() {
            "RETAIN HISTORY" => view::retain_history(work)?,
            other => return Err(SqlError::unsupported(format!("option {other} of an index"))),
        }
    }
    let keys = keys(work, create, &relation)?;
    let home = home(work, create, &relation)?;
    let vacant = object::vacant(work, &home, ObjectKind::Index, create.if_not_exists)?;
    rbac::must_own(work.catalog(), work.scope, &[Thing::Item(on)])?;
    object::may_create(work, relation.schema)?;
    rbac::needs(work.catalog(), work.scope, Privilege::Create, Thing::Cluster(cluster))?;
    if !vacant {
        return Ok(Change::None);
    }
    let mut named = create.clone();
    named.name = Some(RawIdent { ident: home.name.clone(), by_id: false, span: create.on.span });
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), Some(cluster));
    let Some(create_sql) = canonical::kind(&StatementKind::CreateIndex(named), Form::Stored, &names) else {
        return Err(SqlError::unsupported("this CREATE INDEX"));
    };
    names.finish()?;
    let (uses, uses_system) = (names.uses.take(), names.uses_system.take());
    maintained::check(work, &create_sql, &uses)?;
    let data = ItemData::Index { on, cluster, keys };
    let Home { schema, name, .. } = home;
    let (owner, columns) = (Some(relation.owner), Some(Vec::new()));
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner })?;
    Ok(Change::Made)
}

/// The schema of its relation, and its own name.
fn home(work: &Work<'_>, create: &CreateIndex, relation: &Item) -> Result<Home, SqlError> {
    let catalog = work.catalog();
    let schema = relation.schema;
    let name = match &create.name {
        Some(name) => name.ident.clone(),
        None => {
            let plain = canonical::default_index_name(&relation.name, create);
            let numbered = |number| match number {
                0 => Ident::new(&plain),
                number => Ident::new(format!("{plain}{number}")),
            };
            // With IF NOT EXISTS the first name is the one that may exist.
            let free = |name: &Ident| {
                create.if_not_exists || object::taken(catalog, schema, name, ObjectKind::Index).is_none()
            };
            let found = (0..MAX_NUMBERED).map(numbered).find(|name| name.as_ref().map_or(true, free));
            match found {
                Some(Ok(name)) => name,
                Some(Err(error)) => return Err(SqlError::internal(error.to_string())),
                None => return Err(SqlError::internal(format!("no name is left for index {plain}"))),
            }
        }
    };
    let mut full = resolve::schema_parts(catalog, schema);
    full.push(name.clone());
    Ok(Home { schema, name, full })
}

/// The keys, each with whether it may be NULL.
fn keys(work: &Work<'_>, create: &CreateIndex, relation: &Item) -> Result<Vec<(IndexKey, bool)>, SqlError> {
    let columns = relation.columns.as_deref();
    if create.default {
        let columns = columns.map(Vec::as_slice).unwrap_or_default();
        return Ok(columns
            .iter()
            .zip(1..)
            .map(|(column, at)| (IndexKey::Column(at), column.nullable))
            .collect());
    }
    create.keys.iter().map(|key| self::key(work, key, relation, columns.map(Vec::as_slice))).collect()
}

fn key(
    work: &Work<'_>,
    key: &crate::sql::query::Expr,
    relation: &Item,
    columns: Option<&[Column]>,
) -> Result<(IndexKey, bool), SqlError> {
    let names = Stored::new(work.catalog(), work.scope, Vec::new(), None);
    let text = canonical::expr(key, Form::Stored, &names)
        .ok_or_else(|| SqlError::unsupported(format!("index key {}", key.text())))?;
    names.finish()?;
    if let (Some(name), Some(columns)) = (only_column(&text), columns) {
        let found = columns.iter().zip(1..).find(|(column, _)| column.name == name);
        let Some((column, at)) = found else {
            return Err(SqlError::internal(format!("column \"{}\" does not exist", name.as_str())));
        };
        return Ok((IndexKey::Column(at), column.nullable));
    }
    let nullable = expression(work, &text, relation.id)?;
    Ok((IndexKey::Expression(text), nullable))
}

/// The column that a key is, if it is nothing but one.
fn only_column(text: &str) -> Option<Ident> {
    match stored::lex(text).as_slice() {
        [only] => match &only.kind {
            Kind::Chain(parts) => parts.last().cloned(),
            _ => None,
        },
        _ => None,
    }
}

/// Asks the planner about an expression over a relation.
fn expression(work: &Work<'_>, key: &str, on: ItemId) -> Result<bool, SqlError> {
    let names = Stored::new(work.catalog(), work.scope, Vec::new(), None);
    let text = format!("SELECT {key} FROM {}", names.by_id(on));
    let query = parse::query(&text).map_err(|error| SqlError::internal(error.message))?;
    let columns = work.planner.columns(work.state, work.scope, &query)?;
    Ok(columns.and_then(|columns| columns.first().map(|column| column.nullable)).unwrap_or(true))
}
