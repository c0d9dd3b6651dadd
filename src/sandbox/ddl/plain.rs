//! `CREATE SINK`, `CREATE CONNECTION`, `CREATE SECRET`, `CREATE TYPE`.

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::access::Privilege;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::resolve::Relation;
use super::names::Stored;
use super::object;
use super::object::Found;
use super::object::Home;
use super::object::New;
use super::rbac;
use super::rbac::Thing;
use super::tidy;
use super::view;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::ObjectKind;
use crate::sql::ast::OptionValue;
use crate::sql::ast::Statement;
use crate::sql::ast::create::CreateSecret;
use crate::sql::ast::create::CreateType;
use crate::sql::ast::source::CreateConnection;
use crate::sql::ast::source::CreateSink;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::data_type::DataType;
use crate::sql::stored;

/// `CREATE SINK`
pub(super) fn create_sink(work: &mut Work<'_>, create: &CreateSink, statement: &Statement) -> Outcome {
    let Some(name) = &create.name else { return Err(SqlError::internal("unspecified name for sink")) };
    let cluster = view::cluster(work, create.cluster.as_ref())?;
    let home = object::home(work, name, false)?;
    let from = sink_input(work, resolve::relation(work.catalog(), work.scope, &create.from)?)?;
    let connection = match create.connections.first() {
        Some(name) => Some(connection(work, name)?),
        None => None,
    };
    let vacant = object::vacant(work, &home, ObjectKind::Sink, create.if_not_exists)?;
    object::may_create(work, home.schema)?;
    rbac::needs(work.catalog(), work.scope, Privilege::Create, Thing::Cluster(cluster))?;
    rbac::needs(work.catalog(), work.scope, Privilege::Usage, Thing::Schema(work.item(from)?.schema))?;
    rbac::needs(work.catalog(), work.scope, Privilege::Select, Thing::Item(from))?;
    if !vacant {
        return Ok(Change::None);
    }
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), Some(cluster));
    let text = canonical::statement(work.text, statement, Form::Stored, &names);
    names.finish()?;
    let mut create_sql = tidy::words(&text);
    if create.cluster.is_none() {
        // The words hold no cluster where none was written; the catalog's always do.
        let full = stored::dotted(&home.full);
        let head = format!("CREATE SINK {full}");
        create_sql = create_sql.replacen(&head, &format!("{head} IN CLUSTER [{cluster}]"), 1);
    }
    let (uses, uses_system) = (names.uses.take(), names.uses_system.take());
    let kind = create.into.split(' ').next().unwrap_or_default().to_lowercase();
    let data = ItemData::Sink { from, cluster, connection, kind };
    let (columns, owner) = (Some(Vec::new()), None);
    let Home { schema, name, .. } = home;
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner })?;
    Ok(Change::Made)
}

/// What a sink may read.
///
/// # Errors
/// The system's relations, replacements.
pub(super) fn sink_input(work: &Work<'_>, relation: Relation) -> Result<ItemId, SqlError> {
    let Relation::User(id) = relation else {
        return Err(SqlError::internal("creating a sink directly on a catalog object not yet supported"));
    };
    let item = work.item(id)?;
    let name = resolve::full_name(work.catalog(), item);
    match &item.data {
        ItemData::View { .. } => {
            Err(SqlError::internal(format!("{name} is a view, which cannot be exported as a sink")))
        }
        ItemData::MaterializedView { replaces: Some(_), .. } => Err(SqlError::internal(format!(
            "replacement materialized view {} cannot be depended upon",
            resolve::short_name(work.catalog(), work.scope, item)
        ))),
        ItemData::MaterializedView { .. }
        | ItemData::Table { .. }
        | ItemData::Source(_)
        | ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => Ok(id),
    }
}

fn connection(work: &Work<'_>, name: &crate::sql::ast::RawName) -> Result<ItemId, SqlError> {
    match object::find(work, ObjectKind::Connection, name)? {
        Some(Found::User(id)) => {
            object::expect_kind(work, id, ObjectKind::Connection, object::Act::Alter)?;
            object::may_use(work, &BTreeSet::from([id]))?;
            Ok(id)
        }
        Some(Found::System(relation)) => Err(object::system_item(relation)),
        None => Err(resolve::unknown_item(name)),
    }
}

/// Options of connections that take the name of a secret and no text.
const SECRETS_ONLY: [&str; 4] = ["PASSWORD", "SASL PASSWORD", "SECRET ACCESS KEY", "SSL KEY"];

/// `CREATE CONNECTION`: nothing is ever connected to.
pub(super) fn create_connection(
    work: &mut Work<'_>,
    create: &CreateConnection,
    statement: &Statement,
) -> Outcome {
    let home = object::home(work, &create.name, false)?;
    for name in &create.names {
        if resolve::item(work.catalog(), work.scope, name)?.is_none() {
            return Err(resolve::unknown_item(name));
        }
    }
    for option in &create.values {
        let written = matches!(option.value, Some(OptionValue::String(_) | OptionValue::Raw(_)));
        if written && SECRETS_ONLY.contains(&option.name.as_str()) {
            let message = format!("invalid {}: must provide a secret value", option.name);
            return Err(SqlError::internal(message));
        }
    }
    let vacant = object::vacant(work, &home, ObjectKind::Connection, create.if_not_exists)?;
    object::may_create(work, home.schema)?;
    if !vacant {
        return Ok(Change::None);
    }
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), None);
    let text = canonical::statement(work.text, statement, Form::Stored, &names);
    names.finish()?;
    let create_sql = tidy::words(&text);
    let (uses, uses_system) = (names.uses.take(), names.uses_system.take());
    let kind = create.connector.to_lowercase().replace(' ', "-");
    let data = ItemData::Connection { kind };
    let (columns, owner) = (Some(Vec::new()), None);
    let Home { schema, name, .. } = home;
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner })?;
    Ok(Change::Made)
}

/// `CREATE SECRET`: the value is not kept.
pub(super) fn create_secret(work: &mut Work<'_>, create: &CreateSecret) -> Outcome {
    let home = object::home(work, &create.name, false)?;
    object::may_create(work, home.schema)?;
    if !object::vacant(work, &home, ObjectKind::Secret, create.if_not_exists)? {
        return Ok(Change::None);
    }
    let create_sql = format!("CREATE SECRET {} AS '********'", stored::dotted(&home.full));
    let Home { schema, name, .. } = home;
    let new = New {
        schema,
        name,
        create_sql,
        uses: Default::default(),
        uses_system: Default::default(),
        columns: Some(Vec::new()),
        data: ItemData::Secret,
        owner: None,
    };
    object::insert(work, new)?;
    Ok(Change::Made)
}

/// `CREATE TYPE`
pub(super) fn create_type(work: &mut Work<'_>, create: &CreateType) -> Outcome {
    let home = object::home(work, &create.name, false)?;
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), None);
    let (body, definition) = definition(&names, &create.definition)?;
    let (uses, uses_system) = (names.uses.take(), names.uses_system.take());
    object::vacant(work, &home, ObjectKind::Type, false)?;
    object::may_use(work, &uses)?;
    object::may_create(work, home.schema)?;
    let category = match &definition {
        Type::List(_) => "list",
        Type::Map(_) => "map",
        _ => "record",
    };
    let create_sql = format!("CREATE TYPE {} AS {body}", stored::dotted(&home.full));
    let data = ItemData::Type { category: category.to_owned(), definition };
    let (columns, owner) = (Some(Vec::new()), None);
    let Home { schema, name, .. } = home;
    object::insert(work, New { schema, name, create_sql, uses, uses_system, columns, data, owner })?;
    Ok(Change::Made)
}

/// Reads what follows `AS`: its stored text and what it is.
fn definition(names: &Stored<'_>, text: &str) -> Result<(String, Type), SqlError> {
    let text = text.trim();
    let open = text.find('(').unwrap_or(text.len());
    let word = text.get(..open).unwrap_or_default().trim().to_uppercase();
    let inside = text.get(open + 1..).and_then(|rest| rest.trim_end().strip_suffix(')')).unwrap_or_default();
    if word.is_empty() {
        return record(names, inside);
    }
    let mut given = Vec::new();
    for part in parts(inside) {
        let (name, value) = part.split_once('=').unwrap_or_else(|| {
            let end = part.to_uppercase().find("TYPE").map_or(part.len(), |at| at + 4);
            part.split_at_checked(end).unwrap_or((part, ""))
        });
        let name = name.split_whitespace().map(str::to_uppercase).collect::<Vec<_>>().join(" ");
        given.push((name, typed(names, value.trim())?));
    }
    let find = |wanted: &str| {
        let found = given.iter().find(|(name, _)| name == wanted).map(|(_, found)| found.clone());
        found.ok_or_else(|| SqlError::internal(format!("{wanted} option is required")))
    };
    match word.as_str() {
        "LIST" => {
            let (sql, kind) = find("ELEMENT TYPE")?;
            Ok((format!("LIST (ELEMENT TYPE = {sql})"), Type::List(Box::new(kind))))
        }
        "MAP" => {
            let (key, _) = find("KEY TYPE")?;
            let (sql, kind) = find("VALUE TYPE")?;
            Ok((format!("MAP (KEY TYPE = {key}, VALUE TYPE = {sql})"), Type::Map(Box::new(kind))))
        }
        other => Err(SqlError::unsupported(format!("CREATE TYPE AS {other}"))),
    }
}

fn record(names: &Stored<'_>, inside: &str) -> Result<(String, Type), SqlError> {
    let mut sql = Vec::new();
    let mut columns = Vec::new();
    for part in parts(inside) {
        // A column's name ends at the first blank outside of quotes.
        let mut quoted = false;
        let end = part.find(|c: char| {
            quoted ^= c == '"';
            !quoted && c.is_whitespace()
        });
        let (name, written) = part.split_at_checked(end.unwrap_or(part.len())).unwrap_or((part, ""));
        let own = crate::name::split_dotted(name, "column")
            .map_err(|error| SqlError::new(code::SYNTAX, error.to_string()))?;
        let Some(own) = own.into_iter().next() else { continue };
        let (text, kind) = typed(names, written.trim())?;
        sql.push(format!("{} {text}", own.sql()));
        columns.push((own.as_str().to_owned(), kind));
    }
    Ok((format!("({})", sql.join(", ")), Type::Record(columns)))
}

fn typed(names: &Stored<'_>, text: &str) -> Result<(String, Type), SqlError> {
    let data_type = DataType::parse(text).map_err(|error| SqlError::new(code::SYNTAX, error.message))?;
    names.typed(&data_type)
}

/// Cuts at commas outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut result = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                result.extend(text.get(start..at).map(str::trim));
                start = at + 1;
            }
            _ => {}
        }
    }
    result.extend(text.get(start..).map(str::trim).filter(|last| !last.is_empty()));
    result
}
