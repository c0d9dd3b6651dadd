//! `CREATE TABLE`, with columns or from a source.

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::model::column::Column;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::resolve;
use super::super::system::generator;
use super::names::Stored;
use super::object;
use super::object::Found;
use super::object::Home;
use super::object::New;
use super::view;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::ObjectKind;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::ColumnDef;
use crate::sql::ast::create::CreateTable;
use crate::sql::ast::create::Feed;
use crate::sql::ast::create::FromSource;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::data_type::DataType;
use crate::sql::parse;
use crate::sql::stored;

/// `CREATE TABLE`
pub(super) fn create_table(work: &mut Work<'_>, create: &CreateTable, kind: &StatementKind) -> Outcome {
    let home = object::home(work, &create.name, create.temporary)?;
    match &create.feed {
        Some(Feed::Source(from)) => return from_source(work, create, from, home),
        Some(Feed::Webhook(_)) => return Err(SqlError::unsupported("CREATE TABLE FROM WEBHOOK")),
        None => {}
    }
    constraints(&create.constraints)?;
    for option in &create.options {
        match option.name.as_str() {
            "PARTITION BY" => {}
            "RETAIN HISTORY" => view::retain_history(work)?,
            other => return Err(SqlError::unsupported(format!("option {other} of a table"))),
        }
    }
    object::distinct(create.columns.iter().map(|column| &column.name.ident))?;
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), None);
    let columns =
        create.columns.iter().map(|column| self::column(&names, column)).collect::<Result<Vec<_>, _>>()?;
    let Some(create_sql) = canonical::kind(kind, Form::Stored, &names) else {
        return Err(SqlError::unsupported("this CREATE TABLE"));
    };
    names.finish()?;
    let (uses, uses_system) = (names.uses.take(), names.uses_system.take());
    for default in columns.iter().filter_map(|column| column.default.as_ref()) {
        let query =
            parse::query(&format!("SELECT {default}")).map_err(|error| SqlError::internal(error.message))?;
        work.planner.columns(work.state, work.scope, &query)?;
    }
    let vacant = object::vacant(work, &home, ObjectKind::Table, create.if_not_exists)?;
    object::may_use(work, &uses)?;
    object::may_create(work, home.schema)?;
    if !vacant {
        return Ok(Change::None);
    }
    let data = ItemData::Table { from_source: None };
    let Home { schema, name, .. } = home;
    let columns = Some(columns);
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner: None })?;
    Ok(Change::Made)
}

/// The server parses constraints and refuses them.
fn constraints(constraints: &[String]) -> Result<(), SqlError> {
    let Some(first) = constraints.first() else { return Ok(()) };
    if ["PRIMARY KEY", "UNIQUE"].contains(&first.as_str()) {
        let message = "CREATE TABLE with a primary key or unique constraint is not supported";
        return Err(SqlError::internal(message).detail(
            "The requested feature (unsafe_enable_table_keys) is unsafe and is meant only for internal \
             development and testing of Materialize.",
        ));
    }
    let constraint = if first == "CHECK" { "check" } else { "foreign key" };
    Err(SqlError::internal(format!("CREATE TABLE with a {constraint} constraint is not supported")).detail(
        "The requested feature (unsafe_enable_table_keys) is unsafe and is meant only for internal \
         development and testing of Materialize.",
    ))
}

fn column(names: &Stored<'_>, column: &ColumnDef) -> Result<Column, SqlError> {
    let written = column.data_type.as_deref().unwrap_or_default();
    let data_type = DataType::parse(written)
        .map_err(|error| SqlError::new(super::super::error::code::SYNTAX, error.message))?;
    let (_, kind) = names.typed(&data_type)?;
    let default = match &column.default {
        None => None,
        Some(expr) => {
            let text = canonical::expr(expr, Form::Stored, names)
                .ok_or_else(|| SqlError::unsupported(format!("DEFAULT {}", expr.text())))?;
            if stored::lex(&text).iter().any(|piece| piece.is(&text, "SELECT")) {
                return Err(SqlError::internal("DEFAULT expression does not allow subqueries"));
            }
            Some(text)
        }
    };
    Ok(Column { name: column.name.ident.clone(), kind, nullable: !column.not_null, default })
}

/// `CREATE TABLE … FROM SOURCE s (REFERENCE x)`
fn from_source(work: &mut Work<'_>, create: &CreateTable, from: &FromSource, home: Home) -> Outcome {
    if !object::flag(work, "enable_create_table_from_source") {
        return Err(object::switched_off("CREATE TABLE ... FROM SOURCE", "enable_create_table_from_source"));
    }
    let source = match object::find(work, ObjectKind::Source, &from.source)? {
        Some(Found::User(id)) => id,
        Some(Found::System(relation)) => return Err(object::system_item(relation)),
        None => return Err(resolve::unknown_item(&from.source)),
    };
    object::expect_kind(work, source, ObjectKind::Source, object::Act::Alter)?;
    let ItemData::Source(SourceData::LoadGenerator { generator, .. }) = &work.item(source)?.data else {
        return Err(SqlError::unsupported("CREATE TABLE FROM SOURCE of anything but a load generator"));
    };
    let tables = generator::tables(generator)
        .ok_or_else(|| SqlError::unsupported(format!("LOAD GENERATOR {generator}")))?;
    let wanted = match &from.reference {
        Some(name) => name.parts.last().map(|part| part.as_str().to_owned()),
        None => None,
    };
    let found = match &wanted {
        Some(wanted) => tables.into_iter().find(|(name, _)| name == wanted),
        None if tables.len() == 1 => tables.into_iter().next(),
        None => None,
    };
    let Some((reference, columns)) = found else {
        let wanted = wanted.unwrap_or_default();
        return Err(SqlError::internal(format!("reference to {wanted} not found in source")));
    };
    let vacant = object::vacant(work, &home, ObjectKind::Table, create.if_not_exists)?;
    object::may_create(work, home.schema)?;
    if !vacant {
        return Ok(Change::None);
    }
    let create_sql = table_of(work, &home, source, reference, &columns)?;
    let data = ItemData::Table { from_source: Some((source, reference.to_owned())) };
    let (uses, columns) = (BTreeSet::from([source]), Some(columns));
    let Home { schema, name, .. } = home;
    let uses_system = BTreeSet::new();
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner: None })?;
    Ok(Change::Made)
}

fn table_of(
    work: &Work<'_>,
    home: &Home,
    source: ItemId,
    reference: &str,
    columns: &[Column],
) -> Result<String, SqlError> {
    let names = Stored::new(work.catalog(), work.scope, Vec::new(), None);
    let source = names.by_id(source);
    let columns = super::source::columns_sql(columns, work.catalog())?;
    let full = stored::dotted(&home.full);
    Ok(format!("CREATE TABLE {full} ({columns}) FROM SOURCE {source} (REFERENCE = \"{reference}\")"))
}
