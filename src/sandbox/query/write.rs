//! Writing: `INSERT`, `UPDATE`, `DELETE`.

use std::sync::Arc;

use super::super::error::SqlError;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::scope::Scope;
use super::Answer;
use super::Described;
use super::Parameter;
use super::View;
use super::Written;
use super::batch::Batch;
use super::bind;
use super::bind::Binder;
use super::bind::Parameters;
use super::bind::Typed;
use super::bind::insert::Columns;
use super::cast;
use super::cast::Why;
use super::datum::Datum;
use super::engine;
use super::engine::context;
use super::input;
use super::print;
use super::rel::Op;
use super::rel::Rel;
use super::run::Run;
use super::scalar::Context;
use super::scalar::Scalar;
use super::selection;
use crate::name::Ident;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Delete;
use crate::sql::ast::run::Insert;
use crate::sql::ast::run::Update;
use crate::sql::reading::Reading;

/// A table that is written to.
struct Target {
    item: Arc<Item>,
    columns: Arc<Vec<Column>>,
    /// Its name in full: database, schema, own.
    name: Vec<String>,
}

impl Target {
    fn full(&self) -> String {
        self.name.join(".")
    }
}

/// Finds the table of a statement. `verb` is what the server says of things that are none.
fn target(context: &Context, name: &RawName, verb: &str) -> Result<Target, SqlError> {
    let catalog = &context.view.state.catalog;
    let refused = |what: &str, full: String| SqlError::internal(format!("cannot {verb} {what} '{full}'"));
    let id = match resolve::relation(catalog, &context.scope, name)? {
        resolve::Relation::User(id) => id,
        resolve::Relation::System(relation) => {
            return Err(refused("system table", format!("{}.{}", relation.schema, relation.name)));
        }
    };
    let item = catalog.items.get(&id).cloned();
    let item = item.ok_or_else(|| SqlError::internal(format!("unknown catalog item '{id}'")))?;
    let mut full = Vec::new();
    if let Some(schema) = catalog.schemas.get(&item.schema) {
        if let Some(database) = catalog.databases.get(&schema.database) {
            full.push(database.name.as_str().to_owned());
        }
        full.push(schema.name.as_str().to_owned());
    }
    full.push(item.name.as_str().to_owned());
    match &item.data {
        ItemData::Table { from_source: None } => {}
        ItemData::Table { from_source: Some(_) } => return Err(refused("source table", full.join("."))),
        ItemData::View { .. }
        | ItemData::MaterializedView { .. }
        | ItemData::Index { .. }
        | ItemData::Source(_)
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => {
            return Err(refused(&item.kind().sql().to_lowercase(), full.join(".")));
        }
    }
    let columns = item.columns.clone().unwrap_or_default();
    Ok(Target { item, columns, name: full })
}

/// The places of the columns that are listed; all of them where none is.
fn places(target: &Target, listed: &[RawIdent]) -> Result<Vec<usize>, SqlError> {
    if listed.is_empty() {
        return Ok((0..target.columns.len()).collect());
    }
    let mut places = Vec::with_capacity(listed.len());
    for name in listed {
        let name = name.ident.as_str();
        let at = target.columns.iter().position(|column| column.name.as_str() == name).ok_or_else(|| {
            SqlError::internal(format!("column \"{name}\" of relation \"{}\" does not exist", target.full()))
        })?;
        if places.contains(&at) {
            return Err(SqlError::internal(format!("column \"{name}\" specified more than once")));
        }
        places.push(at);
    }
    Ok(places)
}

/// The settled source of an `INSERT`: rows of all columns of the table.
fn source(
    context: &Arc<Context>,
    target: &Target,
    insert: &Insert,
    mut parameters: Parameters,
) -> Result<(Rel, Parameters), SqlError> {
    let places = places(target, &insert.columns)?;
    let all: Vec<Type> = target.columns.iter().map(|column| column.kind.clone()).collect();
    let mut given: Vec<Option<Scalar>> = vec![None; all.len()];
    let mut rel = Rel::unit();
    let listed = if insert.columns.is_empty() { Columns::All } else { Columns::Listed };
    if let Some(query) = &insert.source {
        let Some((tree, reading)) = Reading::of_query(query) else {
            return Err(SqlError::unsupported("this syntax"));
        };
        let mut binder = Binder::new(context, reading, parameters);
        let wanted: Vec<&Column> = places.iter().filter_map(|at| target.columns.get(*at)).collect();
        let (made, typed) = binder.inserted(tree, &wanted, listed)?;
        parameters = binder.parameters;
        rel = made;
        for (at, typed) in places.iter().zip(typed) {
            if let Some(slot) = given.get_mut(*at) {
                *slot = Some(typed);
            }
        }
    }
    let exprs = filled(context, target, given)?;
    Ok((rel.project(exprs, all), parameters))
}

/// What goes into every column of a table: what is given, or the default.
fn filled(
    context: &Arc<Context>,
    target: &Target,
    given: Vec<Option<Scalar>>,
) -> Result<Vec<Scalar>, SqlError> {
    let columns = given.into_iter().zip(target.columns.iter());
    columns.map(|(given, column)| given.map_or_else(|| default(context, column), Ok)).collect()
}

/// What a column holds where nothing is given for it.
fn default(context: &Arc<Context>, column: &Column) -> Result<Scalar, SqlError> {
    let Some(text) = &column.default else { return Ok(Scalar::Literal(Datum::Null)) };
    let query = crate::sql::parse::query(&format!("VALUES ({text})"));
    let query = query.map_err(|error| SqlError::new("42601", error.message))?;
    let Some((tree, reading)) = Reading::of_query(&query) else {
        return Err(SqlError::unsupported("this default"));
    };
    let mut binder = Binder::new(context, reading, Parameters::default());
    let (rel, mut exprs) = binder.inserted(tree, &[column], Columns::Listed)?;
    match (*rel.op, exprs.pop()) {
        (Op::Constant(mut rows), Some(Scalar::Column { index: 0, .. })) if rows.len() == 1 => {
            let value = rows.pop().and_then(|mut row| row.pop());
            value.ok_or_else(|| SqlError::unsupported("this default"))
        }
        _ => Err(SqlError::unsupported("this default")),
    }
}

/// The rows that a statement writes.
async fn selected(context: &Arc<Context>, rel: Rel) -> Result<Vec<Vec<Datum>>, SqlError> {
    let rel = engine::ready(rel)?;
    selection::check(&context.view.state, &rel)?;
    let rows = Run::new(Arc::clone(context), &rel).await?.rows(&rel).await?;
    Ok(rows.into_rows())
}

/// Refuses NULL where a column takes none.
fn checked(target: &Target, rows: &[Vec<Datum>]) -> Result<(), SqlError> {
    for row in rows {
        for (value, column) in row.iter().zip(target.columns.iter()) {
            if value.is_null() && !column.nullable {
                let name = column.name.as_str();
                return Err(SqlError::new(
                    "23502",
                    format!("null value in column \"{name}\" violates not-null constraint"),
                ));
            }
        }
    }
    Ok(())
}

/// A row as tables keep it.
fn kept(context: &Context, target: &Target, row: &[Datum]) -> Arc<Row> {
    let show = |(value, column): (&Datum, &Column)| print::text(context, value, &column.kind);
    Arc::new(row.iter().zip(target.columns.iter()).map(show).collect())
}

/// `INSERT`
///
/// # Errors
/// What the server would refuse, or `0A000`.
pub(super) async fn insert(
    view: &View,
    state: &mut State,
    scope: &Scope,
    insert: &Insert,
    parameters: &[Parameter],
) -> Result<Written, SqlError> {
    let context = context(view, scope);
    let target = target(&context, &insert.table, "insert into")?;
    let (rel, _) = source(&context, &target, insert, Parameters::given(parameters))?;
    let rows = selected(&context, rel).await?;
    checked(&target, &rows)?;
    let returning = match &insert.returning {
        Some(list) => Some(returned(&context, &target, list, &rows).await?),
        None => None,
    };
    append(&context, &target, state, &rows);
    Ok(Written { count: rows.len(), returning })
}

/// Puts rows behind those of a table.
fn append(context: &Context, target: &Target, state: &mut State, rows: &[Vec<Datum>]) {
    if rows.is_empty() {
        return;
    }
    let table = state.tables.entry(target.item.id).or_default();
    table.rows.extend(rows.iter().map(|row| kept(context, target, row)));
}

/// How many columns a `COPY … FROM STDIN` reads.
///
/// # Errors
/// As [`insert`].
pub(super) fn copied_width(
    view: &View,
    scope: &Scope,
    table: &RawName,
    columns: &[RawIdent],
) -> Result<usize, SqlError> {
    let context = context(view, scope);
    places(&target(&context, table, "insert into")?, columns).map(|places| places.len())
}

/// Adds the rows of a `COPY … FROM STDIN`; columns that it does not read have their defaults.
///
/// # Errors
/// `22P04` for texts that are no values of their columns; as [`insert`].
pub(super) async fn copy(
    view: &View,
    state: &mut State,
    scope: &Scope,
    (table, columns): (&RawName, &[RawIdent]),
    rows: Vec<Row>,
) -> Result<(), SqlError> {
    let context = context(view, scope);
    let target = target(&context, table, "insert into")?;
    let places = places(&target, columns)?;
    let all: Vec<Type> = target.columns.iter().map(|column| column.kind.clone()).collect();
    let types: Vec<Type> = places.iter().filter_map(|at| all.get(*at).cloned()).collect();
    let value = |(text, of): (Option<String>, &Type)| match text {
        None => Ok(Datum::Null),
        Some(text) => cast::perform(&context, Datum::text(text), &Type::Unknown, of, Why::Assignment)
            .map_err(|error| SqlError::new("22P04", format!("unable to decode column: {}", error.message))),
    };
    let read = rows.into_iter().map(|row| row.into_iter().zip(&types).map(value).collect());
    let read = read.collect::<Result<Vec<Vec<Datum>>, SqlError>>()?;
    let mut given: Vec<Option<Scalar>> = vec![None; all.len()];
    for (from, to) in places.iter().enumerate() {
        if let Some(slot) = given.get_mut(*to) {
            *slot = Some(Scalar::column(from));
        }
    }
    let exprs = filled(&context, &target, given)?;
    let rel = Rel::of_rows(Batch::of_rows(types.clone(), read)).project(exprs, all);
    let rows = selected(&context, rel).await?;
    checked(&target, &rows)?;
    append(&context, &target, state, &rows);
    Ok(())
}

/// The query of a `RETURNING`, over the table's name.
fn returning(target: &Target, list: &str) -> Result<crate::sql::query::Query, SqlError> {
    let parts: Result<Vec<String>, _> =
        target.name.iter().map(|part| Ident::new(part).map(|part| part.sql())).collect();
    let name = parts.map_err(|error| SqlError::internal(error.to_string()))?.join(".");
    let text = format!("SELECT {list} FROM {name}");
    crate::sql::parse::query(&text).map_err(|error| SqlError::new("42601", error.message))
}

async fn returned(
    context: &Arc<Context>,
    target: &Target,
    list: &str,
    rows: &[Vec<Datum>],
) -> Result<Answer, SqlError> {
    let query = returning(target, list)?;
    // The same view with nothing in the table but the new rows.
    let mut view = context.view.clone();
    let mut table = super::super::model::Table::default();
    for row in rows {
        table.rows.push_back(kept(context, target, row));
    }
    view.state.tables.insert(target.item.id, table);
    engine::select(&view, &context.scope, &query, &[]).await
}

/// A row of a table that a statement may change.
struct Change {
    /// The row as it was.
    row: Arc<Row>,
    /// Whether the condition holds.
    holds: bool,
    /// The new values, where it does.
    values: Vec<Datum>,
}

/// What changes of a table, in the order of its rows.
async fn changes(
    context: &Arc<Context>,
    target: &Target,
    filter: Option<Scalar>,
    new: Vec<Scalar>,
) -> Result<Vec<Change>, SqlError> {
    let table = context.view.state.tables.get(&target.item.id).cloned().unwrap_or_default();
    let mut types: Vec<Type> = target.columns.iter().map(|column| column.kind.clone()).collect();
    let mut numbered = Vec::with_capacity(table.rows.len());
    for (number, row) in table.rows.iter().enumerate() {
        let read = |(text, column): (&Option<String>, &Column)| match text {
            Some(text) => input::parse(context, text, &column.kind),
            None => Ok(Datum::Null),
        };
        let mut values = row.iter().zip(target.columns.iter()).map(read).collect::<Result<Vec<_>, _>>()?;
        // Joins that a subquery becomes keep no order: the number tells which row it was.
        values.push(Datum::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        numbered.push(values);
    }
    let condition = filter.unwrap_or(Scalar::truth(true));
    let mut exprs = vec![Scalar::column(types.len()), condition.clone()];
    let mut outputs = vec![Type::Int8, Type::Bool];
    for (value, of) in new.into_iter().zip(&types) {
        // New values are computed only of the rows that change.
        exprs.push(Scalar::Case(vec![(condition.clone(), value)], Box::new(Scalar::Literal(Datum::Null))));
        outputs.push(of.clone());
    }
    types.push(Type::Int8);
    let rel = Rel::of_rows(Batch::of_rows(types, numbered)).project(exprs, outputs);
    let rows = selected(context, rel).await?;
    let mut all: Vec<Change> =
        table.rows.into_iter().map(|row| Change { row, holds: false, values: Vec::new() }).collect();
    for mut row in rows {
        let values = row.split_off(2.min(row.len()));
        if let [Datum::Int(number), Datum::Bool(true)] = row.as_slice()
            && let Some(change) = usize::try_from(*number).ok().and_then(|number| all.get_mut(number))
        {
            change.holds = true;
            change.values = values;
        }
    }
    Ok(all)
}

/// The names by which a statement's expressions see its table.
fn seen(target: &Target, alias: Option<&RawIdent>) -> Vec<String> {
    alias.map_or_else(|| target.name.clone(), |alias| vec![alias.ident.as_str().to_owned()])
}

/// Settles an expression over the columns of a table.
fn over<T>(
    context: &Arc<Context>,
    (target, table): (&Target, &[String]),
    expr: &crate::sql::query::Expr,
    parameters: &mut Parameters,
    read: impl FnOnce(&mut Binder<'_>, &datafusion::sql::sqlparser::ast::Expr) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let unread = || SqlError::unsupported(format!("expression {}", expr.text()));
    let (tree, reading) = Reading::of_expr(expr).ok_or_else(unread)?;
    let mut binder = Binder::new(context, reading, std::mem::take(parameters));
    binder.see(table, &target.columns);
    let result = read(&mut binder, tree);
    *parameters = binder.parameters;
    result
}

/// The condition and the new values of an `UPDATE`.
fn updated(
    context: &Arc<Context>,
    target: &Target,
    update: &Update,
    parameters: &mut Parameters,
) -> Result<(Option<Scalar>, Vec<Scalar>), SqlError> {
    let table = seen(target, update.alias.as_ref());
    let mut values: Vec<Scalar> = (0..target.columns.len()).map(Scalar::column).collect();
    for (name, expr) in &update.assignments {
        let name = name.ident.as_str();
        let at = target.columns.iter().position(|column| column.name.as_str() == name);
        let Some((slot, column)) = at.and_then(|at| Some((values.get_mut(at)?, target.columns.get(at)?)))
        else {
            return Err(SqlError::internal(format!("unknown column {name}")));
        };
        let typed: Typed = over(context, (target, &table), expr, parameters, |binder, tree| {
            binder.value(tree, &column.kind)
        })?;
        *slot = typed.scalar;
    }
    let filter = match &update.filter {
        Some(filter) => Some(over(context, (target, &table), filter, parameters, |binder, tree| {
            binder.condition(tree, "WHERE")
        })?),
        None => None,
    };
    Ok((filter, values))
}

/// `UPDATE`
///
/// # Errors
/// As [`insert`].
pub(super) async fn update(
    view: &View,
    state: &mut State,
    scope: &Scope,
    update: &Update,
    parameters: &[Parameter],
) -> Result<Written, SqlError> {
    let context = context(view, scope);
    let target = target(&context, &update.table, "mutate")?;
    let mut parameters = Parameters::given(parameters);
    let (filter, values) = updated(&context, &target, update, &mut parameters)?;
    let mut table = super::super::model::Table::default();
    let mut count = 0;
    for change in changes(&context, &target, filter, values).await? {
        if change.holds {
            checked(&target, std::slice::from_ref(&change.values))?;
            count += 1;
            table.rows.push_back(kept(&context, &target, &change.values));
        } else {
            table.rows.push_back(change.row);
        }
    }
    replace(state, target.item.id, table, count);
    Ok(Written { count, returning: None })
}

fn replace(state: &mut State, id: ItemId, table: super::super::model::Table, changed: usize) {
    if changed > 0 {
        state.tables.insert(id, table);
    }
}

/// The condition of a `DELETE`; a `USING` makes it one about other rows.
fn deleted(
    context: &Arc<Context>,
    target: &Target,
    delete: &Delete,
    parameters: &mut Parameters,
) -> Result<Option<Scalar>, SqlError> {
    let table = seen(target, delete.alias.as_ref());
    let filter = delete.filter.as_ref();
    let Some(using) = &delete.using else {
        return filter
            .map(|filter| {
                over(context, (target, &table), filter, parameters, |binder, tree| {
                    binder.condition(tree, "WHERE")
                })
            })
            .transpose();
    };
    let condition = filter.map_or("true", crate::sql::query::Expr::text);
    let using = using.trim_start();
    let using = using
        .get(..5)
        .filter(|word| word.eq_ignore_ascii_case("using"))
        .map_or(using, |word| using.get(word.len()..).unwrap_or(using));
    let text = format!("SELECT 1 FROM {using} WHERE {condition}");
    let query = crate::sql::parse::query(&text).map_err(|error| SqlError::new("42601", error.message))?;
    let Some((tree, reading)) = Reading::of_query(&query) else {
        return Err(SqlError::unsupported("this USING"));
    };
    let mut binder = Binder::new(context, reading, std::mem::take(parameters));
    binder.see(&table, &target.columns);
    let bound = binder.query(tree);
    *parameters = binder.parameters;
    Ok(Some(Scalar::Subquery(super::scalar::Question::Exists, Box::new(bound?.rel))))
}

/// `DELETE`
///
/// # Errors
/// As [`insert`].
pub(super) async fn delete(
    view: &View,
    state: &mut State,
    scope: &Scope,
    delete: &Delete,
    parameters: &[Parameter],
) -> Result<Written, SqlError> {
    let context = context(view, scope);
    let target = target(&context, &delete.table, "mutate")?;
    let filter = deleted(&context, &target, delete, &mut Parameters::given(parameters))?;
    let mut table = super::super::model::Table::default();
    let mut count = 0;
    for change in changes(&context, &target, filter, Vec::new()).await? {
        if change.holds {
            count += 1;
        } else {
            table.rows.push_back(change.row);
        }
    }
    replace(state, target.item.id, table, count);
    Ok(Written { count, returning: None })
}

/// The types of the parameters of a write, and the columns of its `RETURNING`.
///
/// # Errors
/// As [`insert`].
pub(super) fn describe(
    view: &View,
    scope: &Scope,
    statement: &Statement,
    given: &[Type],
) -> Result<Described, SqlError> {
    let context = context(view, scope);
    let mut parameters = Parameters::typed(given);
    let mut columns = Vec::new();
    match &statement.kind {
        StatementKind::Insert(insert) => {
            let target = target(&context, &insert.table, "insert into")?;
            parameters = source(&context, &target, insert, parameters)?.1;
            if let Some(list) = &insert.returning {
                let query = returning(&target, list)?;
                let (bound, _) = bind::query(&context, &query, Parameters::default())?;
                columns = engine::columns(bound.columns)?;
            }
        }
        StatementKind::Update(update) => {
            let target = target(&context, &update.table, "mutate")?;
            updated(&context, &target, update, &mut parameters)?;
        }
        StatementKind::Delete(delete) => {
            let target = target(&context, &delete.table, "mutate")?;
            deleted(&context, &target, delete, &mut parameters)?;
        }
        _ => return Err(SqlError::unsupported("parameters in this statement")),
    }
    Ok(Described { parameters: parameters.decided()?, columns })
}
