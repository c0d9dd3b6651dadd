//! `CREATE SOURCE`: load generators with their subsources, and things outside without rows.

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::access::Privilege;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::model::id::ClusterId;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::resolve;
use super::super::system::generator;
use super::super::system::types;
use super::duration;
use super::names;
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
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::OptionValue;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::WithOption;
use crate::sql::ast::source::CreateSource;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::span::Span;
use crate::sql::stored;

/// Between two ticks, unless it is said.
const TICK_MS: u64 = 1_000;

/// `CREATE SOURCE`
pub(super) fn create_source(work: &mut Work<'_>, create: &CreateSource, statement: &Statement) -> Outcome {
    match &create.external {
        External::LoadGenerator(name, options) => load_generator(work, create, name, options),
        External::Connection(kind, connection, _) => {
            if makes_subsources(create) {
                return Err(SqlError::unsupported(format!("subsources of a {kind} source")));
            }
            outside(work, create, statement, &kind.to_lowercase().replace(' ', "-"), Some(connection))
        }
        External::Webhook(_) => outside(work, create, statement, "webhook", None),
    }
}

/// Tells whether upstream tables become sources of their own.
fn makes_subsources(create: &CreateSource) -> bool {
    !matches!(create.subsources, Subsources::None)
}

/// The generators that are switched off, with their flags.
fn generator_flag(name: &str) -> Option<&'static str> {
    match name {
        "COUNTER" => Some("enable_load_generator_counter"),
        "KEY VALUE" => Some("enable_load_generator_key_value"),
        "CLOCK" => Some("enable_load_generator_clock"),
        "DATUMS" => Some("enable_load_generator_datums"),
        _ => None,
    }
}

fn load_generator(work: &mut Work<'_>, create: &CreateSource, name: &str, options: &[WithOption]) -> Outcome {
    let flag = generator_flag(name);
    if let Some(flag) = flag.filter(|flag| !object::flag(work, flag)) {
        return Err(object::switched_off(&format!("Create a LOAD GENERATOR {name}"), flag));
    }
    if !create.columns.is_empty() || !create.rest.is_empty() {
        return Err(SqlError::unsupported("FORMAT, INCLUDE, ENVELOPE or columns of a load generator"));
    }
    let cluster = cluster(work, create)?;
    let tables =
        generator::tables(name).ok_or_else(|| SqlError::unsupported(format!("LOAD GENERATOR {name}")))?;
    let home = object::home(work, &create.name, false)?;
    let many = !generator::is_single(name);
    if many && !makes_subsources(create) && !object::flag(work, "enable_create_table_from_source") {
        return Err(SqlError::internal(
            "LOAD GENERATOR source validation: multi-output sources require a FOR TABLES (..) or FOR ALL \
             TABLES statement",
        ));
    }
    let children = children(work, create, &home, tables.clone())?;
    let progress = progress_home(work, create, &home)?;
    let vacant = object::vacant(work, &home, ObjectKind::Source, create.if_not_exists)?;
    may_create(work, &home, create, cluster)?;
    if !vacant {
        return Ok(Change::None);
    }
    for home in children.iter().map(|(home, _, _)| home).chain([&progress]) {
        object::vacant(work, home, ObjectKind::Source, false)?;
    }
    let data = generator_data(name, cluster, options)?;
    let progress_id = insert_progress(work, &progress)?;
    let columns =
        if many { Vec::new() } else { tables.into_iter().next().map(|(_, it)| it).unwrap_or_default() };
    let id = insert_generator(work, create, &home, &progress, progress_id, (data, columns, cluster))?;
    if let ItemData::Source(SourceData::Progress { of }) = &mut work.item_mut(progress_id)?.data {
        *of = id;
    }
    for (home, reference, columns) in children {
        insert_subsource(work, &home, id, (name, &reference), columns)?;
    }
    Ok(Change::Made)
}

fn may_create(
    work: &Work<'_>,
    home: &Home,
    create: &CreateSource,
    cluster: ClusterId,
) -> Result<(), SqlError> {
    object::may_create(work, home.schema)?;
    let (catalog, scope) = (work.catalog(), work.scope);
    match &create.cluster {
        Some(_) => rbac::needs(catalog, scope, Privilege::Create, Thing::Cluster(cluster)),
        None => rbac::needs(catalog, scope, Privilege::CreateCluster, Thing::System),
    }
}

/// The subsources: where each is to be, what it is upstream, its columns.
fn children(
    work: &Work<'_>,
    create: &CreateSource,
    home: &Home,
    tables: Vec<(&'static str, Vec<Column>)>,
) -> Result<Vec<(Home, String, Vec<Column>)>, SqlError> {
    let beside = |name: &Ident| {
        let mut full = resolve::schema_parts(work.catalog(), home.schema);
        full.push(name.clone());
        Home { schema: home.schema, name: name.clone(), full }
    };
    let ident = |text: &str| Ident::new(text).map_err(|error| SqlError::internal(error.to_string()));
    match &create.subsources {
        Subsources::None => Ok(Vec::new()),
        Subsources::AllTables => {
            let child =
                |(name, columns): (&str, Vec<Column>)| Ok((beside(&ident(name)?), name.to_owned(), columns));
            tables.into_iter().map(child).collect()
        }
        Subsources::Tables(wanted) => {
            let mut found = Vec::new();
            for (upstream, own) in wanted {
                let last = upstream.parts.last().map(Ident::as_str).unwrap_or_default();
                let Some((name, columns)) = tables.iter().find(|(name, _)| *name == last) else {
                    return Err(SqlError::internal(format!("reference to {last} not found in source")));
                };
                let home = match own {
                    // Without a schema it is put beside the source, whatever the search path is.
                    Some(own) => match own.parts.as_slice() {
                        [only] => beside(only),
                        _ => object::home(work, own, false)?,
                    },
                    None => beside(&ident(name)?),
                };
                found.push((home, (*name).to_owned(), columns.clone()));
            }
            found.sort_by(|one, other| one.1.cmp(&other.1));
            Ok(found)
        }
        Subsources::Schemas(_) => Err(SqlError::unsupported("FOR SCHEMAS of a load generator")),
    }
}

fn progress_home(work: &Work<'_>, create: &CreateSource, home: &Home) -> Result<Home, SqlError> {
    if let Some(name) = &create.progress {
        return object::home(work, name, false);
    }
    let name = Ident::new(format!("{}_progress", home.name.as_str()))
        .map_err(|error| SqlError::internal(error.to_string()))?;
    let mut full = resolve::schema_parts(work.catalog(), home.schema);
    full.push(name.clone());
    Ok(Home { schema: home.schema, name, full })
}

fn generator_data(name: &str, cluster: ClusterId, options: &[WithOption]) -> Result<SourceData, SqlError> {
    let (mut tick_ms, mut as_of, mut up_to, mut others) = (TICK_MS, 0, None, Vec::new());
    for option in options {
        match option.name.as_str() {
            "TICK INTERVAL" => tick_ms = duration::of_option(option)?,
            "AS OF" => as_of = number(option)?,
            "UP TO" => up_to = Some(number(option)?),
            own => others.push((own.to_owned(), text(option))),
        }
    }
    generator::check(name, &others)?;
    let generator = name.to_owned();
    Ok(SourceData::LoadGenerator { generator, cluster, tick_ms, as_of, up_to, options: others })
}

/// The value of an option as text.
fn text(option: &WithOption) -> String {
    match &option.value {
        None => "true".to_owned(),
        Some(OptionValue::String(text) | OptionValue::Interval(text) | OptionValue::Raw(text)) => {
            text.clone()
        }
        Some(OptionValue::Number(digits)) => digits.clone(),
        Some(OptionValue::Bool(truth)) => truth.to_string(),
        Some(OptionValue::Name(name)) => resolve::as_written(&name.parts),
        Some(OptionValue::Secret(_) | OptionValue::List(_) | OptionValue::Nested(..)) => String::new(),
    }
}

fn number(option: &WithOption) -> Result<u64, SqlError> {
    let text = text(option);
    text.parse().map_err(|_| {
        SqlError::internal(format!(
            "invalid {}: invalid numeric value: invalid digit found in string",
            option.name
        ))
    })
}

/// Writes the columns of something that comes from a source.
///
/// # Errors
/// Types that cannot come from one.
pub(super) fn columns_sql(columns: &[Column], catalog: &Catalog) -> Result<String, SqlError> {
    let mut parts = Vec::new();
    for column in columns {
        let kind = type_sql(&column.kind, catalog)
            .ok_or_else(|| SqlError::unsupported(format!("type {:?} of a source", column.kind)))?;
        let null = if column.nullable { "" } else { " NOT NULL" };
        parts.push(format!("{} {kind}{null}", column.name.sql()));
    }
    Ok(parts.join(", "))
}

fn type_sql(kind: &Type, catalog: &Catalog) -> Option<String> {
    match kind {
        Type::List(element) => Some(format!("{} list", type_sql(element, catalog)?)),
        other => names::builtin_type(&types::internal_name(other, catalog)).map(|(sql, _)| sql),
    }
}

fn insert_progress(work: &mut Work<'_>, home: &Home) -> Result<ItemId, SqlError> {
    let columns = generator::progress_columns();
    let full = stored::dotted(&home.full);
    let create_sql = format!(
        "CREATE SUBSOURCE {full} ({}) WITH (PROGRESS = true)",
        columns_sql(&columns, work.catalog())?
    );
    // Who owns it is filled in as soon as that has an id.
    let data = ItemData::Source(SourceData::Progress { of: ItemId::System(0) });
    let new = New {
        schema: home.schema,
        name: home.name.clone(),
        create_sql,
        uses: BTreeSet::new(),
        uses_system: BTreeSet::new(),
        columns: Some(columns),
        data,
        owner: None,
    };
    object::insert(work, new)
}

fn insert_generator(
    work: &mut Work<'_>,
    create: &CreateSource,
    home: &Home,
    progress: &Home,
    progress_id: ItemId,
    (data, columns, cluster): (SourceData, Vec<Column>, ClusterId),
) -> Result<ItemId, SqlError> {
    let mut written = create.clone();
    written.progress = Some(RawName { parts: progress.full.clone(), id: None, span: Span::default() });
    // Which tables it makes is the subsources' to tell.
    let some = matches!(create.subsources, Subsources::Tables(_));
    if some {
        written.subsources = Subsources::None;
    }
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), Some(cluster));
    let Some(create_sql) = canonical::kind(&StatementKind::CreateSource(written), Form::Stored, &names)
    else {
        return Err(SqlError::unsupported("this CREATE SOURCE"));
    };
    names.finish()?;
    let new = New {
        schema: home.schema,
        name: home.name.clone(),
        create_sql,
        uses: BTreeSet::from([progress_id]),
        uses_system: BTreeSet::new(),
        columns: Some(columns),
        data: ItemData::Source(data),
        owner: None,
    };
    object::insert(work, new)
}

fn insert_subsource(
    work: &mut Work<'_>,
    home: &Home,
    of: ItemId,
    (generator, reference): (&str, &str),
    columns: Vec<Column>,
) -> Result<ItemId, SqlError> {
    let names = Stored::new(work.catalog(), work.scope, Vec::new(), None);
    let source = names.by_id(of);
    let full = stored::dotted(&home.full);
    let generator = generator.to_lowercase();
    let create_sql = format!(
        "CREATE SUBSOURCE {full} ({}) OF SOURCE {source} WITH (EXTERNAL REFERENCE = \
         \"mz_load_generators\".\"{generator}\".\"{reference}\")",
        columns_sql(&columns, work.catalog())?
    );
    let data = ItemData::Source(SourceData::Subsource { of, reference: reference.to_owned() });
    let new = New {
        schema: home.schema,
        name: home.name.clone(),
        create_sql,
        uses: BTreeSet::from([of]),
        uses_system: BTreeSet::new(),
        columns: Some(columns),
        data,
        owner: None,
    };
    object::insert(work, new)
}

fn cluster(work: &Work<'_>, create: &CreateSource) -> Result<ClusterId, SqlError> {
    for option in &create.options {
        match option.name.as_str() {
            "RETAIN HISTORY" => view::retain_history(work)?,
            "TIMESTAMP INTERVAL" => {
                duration::of_option(option)?;
            }
            other => return Err(SqlError::unsupported(format!("option {other} of a source"))),
        }
    }
    view::cluster(work, create.cluster.as_ref())
}

/// Something outside of the server: known, but it never gives rows.
fn outside(
    work: &mut Work<'_>,
    create: &CreateSource,
    statement: &Statement,
    kind: &str,
    connection: Option<&RawName>,
) -> Outcome {
    let cluster = cluster(work, create)?;
    let home = object::home(work, &create.name, false)?;
    let connection = match connection {
        None => None,
        Some(name) => match object::find(work, ObjectKind::Connection, name)? {
            Some(Found::User(id)) => Some(id),
            Some(Found::System(relation)) => return Err(object::system_item(relation)),
            None => return Err(resolve::unknown_item(name)),
        },
    };
    if let Some(id) = connection {
        object::expect_kind(work, id, ObjectKind::Connection, object::Act::Alter)?;
    }
    let vacant = object::vacant(work, &home, ObjectKind::Source, create.if_not_exists)?;
    may_create(work, &home, create, cluster)?;
    if !vacant {
        return Ok(Change::None);
    }
    let names = Stored::new(work.catalog(), work.scope, home.full.clone(), Some(cluster));
    let text = canonical::statement(work.text, statement, Form::Stored, &names);
    names.finish()?;
    let (mut uses, uses_system) = (names.uses.take(), names.uses_system.take());
    uses.extend(connection);
    let data = match kind {
        "webhook" => SourceData::Webhook { cluster: Some(cluster) },
        kind => SourceData::External { kind: kind.to_owned(), cluster, connection },
    };
    let new = New {
        schema: home.schema,
        name: home.name.clone(),
        create_sql: tidy::words(&text),
        uses,
        uses_system,
        columns: None,
        data: ItemData::Source(data),
        owner: None,
    };
    object::insert(work, new)?;
    Ok(Change::Made)
}
